/** Converts the measurements of the danger-zone experiment to its record. */

import { canonicalMethod, labelTermsOf } from '../../config/method.ts';
import type { DangerRecord } from '../../record/dangerRecord.ts';
import { returnInterval } from '../../statistics/statistics.ts';
import type { DangerExperiment } from './experiment.ts';
import { type Condition, type Followed, MEASURE_EVERY } from './follow.ts';

/** @param followed by condition, for each start of each seed in turn */
export function experimentRecord(
  { rho, preset, starts, seeds, arms: conditions, iterations }: DangerExperiment,
  followed: readonly (readonly Followed[])[],
): DangerRecord {
  const named = preset === 'prototype' ? { preset } : {};
  const measured = conditions.map((_, a) =>
    starts.map((_, i) => seeds.map((_, k) => followed[k * starts.length + i][a])),
  );
  return dangerRecord({ ...named, rho, seeds: seeds.length, iterations }, conditions, starts, measured);
}

/**
 * Converts measurements to the record of the experiment.
 *
 * @param measured by condition, start and seed
 */
export function dangerRecord(
  head: Pick<DangerRecord, 'preset' | 'rho' | 'seeds' | 'iterations'>,
  conditions: readonly Condition[],
  starts: readonly number[],
  measured: readonly (readonly (readonly Followed[])[])[],
): DangerRecord {
  const decoupleLambda = conditions.find((condition) => condition.decoupleLambda !== undefined)?.decoupleLambda;
  const record: DangerRecord = {
    command: 'danger',
    ...(decoupleLambda !== undefined && { decoupleLambda }),
    ...head,
    rows: [],
    curves: [],
  };
  for (let a = 0; a < conditions.length; a++) {
    const { labels, coupling } = conditions[a];
    const name = methodName(conditions[a]);
    const used = labelTermsOf(name).length > 0 ? labels : 'none';
    for (let i = 0; i < starts.length; i++) {
      const condition = { method: name, labels: used, coupling, start: starts[i] };
      const bySeed = measured[a][i];
      const points = curvePoints(bySeed.map(({ probabilities }) => probabilities));
      const means = points.map((point) => point[1]);
      record.rows.push({
        ...condition,
        peak: Math.max(...means),
        end: means[means.length - 1],
        return: bySeed.reduce((sum, run) => sum + run.return, 0) / bySeed.length,
        seeds: head.seeds,
      });
      record.curves.push({ ...condition, points });
    }
  }
  return record;
}

/** The method of a condition, with its terms in canonical order. */
function methodName({ terms, decoupleLambda }: Condition): string {
  const name = canonicalMethod(terms.join('+'));
  if (decoupleLambda === undefined) return name;
  return name === 'grpo' ? 'decouple' : `${name}+decouple`;
}

/** @param bySeed p(bad | s') by seed and measurement */
function curvePoints(bySeed: readonly (readonly number[])[]): [number, number, number, number][] {
  return bySeed[0].map((_, k) => {
    const values = bySeed.map((probabilities) => probabilities[k]);
    if (values.length === 1) return [k * MEASURE_EVERY, values[0], values[0], values[0]];
    const { mean, low, high } = returnInterval(values);
    // Rounding can return a probability just above 1.
    return [k * MEASURE_EVERY, mean, Math.max(0, low), Math.min(1, high)];
  });
}
