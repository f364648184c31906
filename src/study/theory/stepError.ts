/** Part of the theory study: the first-order prediction of spillover. */

import type { StudyRow, StudyTable } from '../../report/studyTables.ts';
import { bySeed, estimateOf } from '../estimates.ts';
import { type JobResults, jobOf } from '../job.ts';
import { type StudyPart, type StudyScale, seedsOf } from '../study.ts';
import { stages } from './stages.ts';
import { type StepErrorCurve, stepErrorFigure } from './stepErrorFigure.ts';
import { type StageInput, stageKind } from './stepErrorJob.ts';

const policies = ['mlp', 'attention'] as const;

/** 4^-8 to 1. An error of order k in the step size grows by a factor of 4^k from one value to the next. */
const lifts = [16, 14, 12, 10, 8, 6, 4, 2].map((bits) => 1 / (1 << bits)).concat(1);

/**
 * Steps whose errors are compared with those of a quarter of their size: large enough to exceed rounding, small enough
 * that higher orders are negligible.
 */
const fitted = [5, 6];

function extent({ size }: StudyScale): { seeds: number; iterations: number } {
  return size === 'full' ? { seeds: 8, iterations: 160 } : { seeds: 3, iterations: 40 };
}

function stageInput(scale: StudyScale, policy: StageInput['policy'], seed: number): StageInput {
  return { policy, seed, iterations: extent(scale).iterations, lifts };
}

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
};

function stepErrorCurves(results: JobResults, scale: StudyScale): StepErrorCurve[] {
  const seeds = seedsOf(scale, extent(scale).seeds);
  return policies.flatMap((policy) => {
    const found = seeds.flatMap((seed) => results.of(stageKind, stageInput(scale, policy, seed)) ?? []);
    if (found.length === 0) return [];
    return stages.map((stage) => ({
      policy,
      stage,
      points: lifts.map((lift, k) => {
        const errors = found.map((result) => result[stage][k].error);
        return {
          lift,
          predicted: median(found.map((result) => result[stage][k].predicted)),
          error: median(errors),
          low: Math.min(...errors),
          high: Math.max(...errors),
        };
      }),
    }));
  });
}

function stepErrorTable(results: JobResults, scale: StudyScale, command: string): StudyTable {
  const seeds = seedsOf(scale, extent(scale).seeds);
  const rows = policies.flatMap((policy) =>
    stages.map((stage): StudyRow => {
      const of = (pick: (points: readonly { predicted: number; actual: number; error: number }[]) => number) =>
        estimateOf(
          bySeed(seeds, (seed) => {
            const result = results.of(stageKind, stageInput(scale, policy, seed));
            return result && pick(result[stage] as never);
          }),
          'mean',
        );
      const relative = (k: number) => of((points) => points[k].error / points[k].actual);
      return {
        name: `${policy}, ${stage}`,
        cells: [
          relative(fitted[0] - 1),
          relative(fitted[1]),
          of((points) => fitted.reduce((sum, k) => sum + points[k].error / points[k - 1].error, 0) / fitted.length),
        ],
        command,
      };
    }),
  );
  return {
    id: 'theory-step-error',
    title: 'Error of the first-order prediction of spillover, in the household',
    rowHead: 'policy',
    columns: [
      `relative error of a step of ${lifts[fitted[0] - 1]} nats`,
      `relative error of a step of ${lifts[fitted[1]]} nats`,
      'error of a step over that of one a quarter as large (second order: 16)',
    ],
    rows,
  };
}

export const stepError: StudyPart = {
  plan(scale) {
    const { seeds, iterations } = extent(scale);
    return seedsOf(scale, seeds).flatMap((seed) =>
      policies.map((policy) => jobOf(stageKind, stageInput(scale, policy, seed), 2 + iterations / 8)),
    );
  },
  report(results, scale, command) {
    const curves = stepErrorCurves(results, scale);
    if (curves.length === 0) return null;
    const table = stepErrorTable(results, scale, command);
    const ratios = table.rows.flatMap(({ cells }) => {
      const last = cells[cells.length - 1];
      return last === null || typeof last === 'string' ? [] : [last.value];
    });
    const [least, largest] = [Math.min(...ratios), Math.max(...ratios)];
    return {
      summary: [
        `A step four times as large has ${least.toFixed(1)} to ${largest.toFixed(1)} times the error of the first-order prediction of spillover (second order: 16), by policy and stage of training.`,
      ],
      tables: [table],
      figures: [
        {
          id: 'theory-step-error',
          draw: (medium) => stepErrorFigure(curves, medium),
          caption:
            'Each step is along the mean of A ∇ log π over 64 samples of training games: half of them are good (A = 1), half bad (A = −1). Probes are 64 samples of out-of-domain games.',
        },
      ],
      notes: ['For steps below about 0.001 nats, the error is dominated by the rounding of 32-bit floats.'],
      key: { leastRatio: least, largestRatio: largest },
    };
  },
};
