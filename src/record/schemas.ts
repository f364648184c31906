/**
 * Schemas of the records that a report is made from: the JSON files of a run folder, checked field by field.
 *
 * Fields that a report does not use are accepted and dropped. A quantity that could not be measured (a cosine without a
 * pair) is `null`.
 */

import * as v from 'valibot';
import type { ActionProbabilities } from './actionProbabilities.ts';
import type { DangerRecord } from './dangerRecord.ts';
import { parseRecord } from './parseRecord.ts';

const finite = v.pipe(v.number(), v.finite());
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const measured = v.nullable(finite);

const splitSuccess = v.object({ train: measured, inDomain: measured, outOfDomain: measured });

const episodeMean = v.nullable(
  v.object({ mean: finite, interval: v.nullable(v.pipe(v.tuple([finite, finite]), v.readonly())), episodes: count }),
);
const episodeMeans = v.object({ train: episodeMean, inDomain: episodeMean, outOfDomain: episodeMean });

const couplingSummary = v.object({
  goodBadCosine: measured,
  goodGoodCosine: measured,
  badBadCosine: measured,
  goodBadPositiveFraction: measured,
});

const metricsLine = v.pipe(
  v.looseObject({ iteration: count, envSteps: count }),
  v.check(
    (line) => Object.values(line).every((value) => value === null || Number.isFinite(value)),
    'only finite numbers or null',
  ),
  v.transform((line) => line as MetricsLine),
);

const runResult = v.object({
  command: v.literal('train'),
  config: v.looseObject({ method: v.string(), labels: v.string(), seed: count }),
  success: splitSuccess,
  /** Mean return by split; absent in results of earlier versions. */
  return: v.optional(episodeMeans),
  /** Results of uniformly random actions; present if `randomEpisodes` is above 0. */
  random: v.optional(v.object({ success: episodeMeans, return: episodeMeans })),
  coupling: v.object({ start: couplingSummary, end: couplingSummary }),
  envSteps: count,
  updates: count,
  wallMs: finite,
  parametersSha256: v.string(),
  /** Present if the results of the run depend on the processor. */
  arithmetic: v.optional(v.literal('relaxed')),
  /** Number of threads of the run and the memory that they used. They change the elapsed time, not the result. */
  workers: v.optional(v.object({ count, memory: v.picklist(['own', 'shared', 'copied']), reason: v.string() })),
  /** Resets that the program of the environment asked to repeat, since the last start of the run; absent if none. */
  repeatedResets: v.optional(count),
  /** Build of the kernels at the end of the run, the reason, and ms of both builds where they were timed. */
  kernels: v.optional(
    v.object({
      build: v.picklist(['narrow', 'wide']),
      buildReason: v.string(),
      narrowMs: v.optional(finite),
      wideMs: v.optional(finite),
    }),
  ),
});

const pairClass = v.object({ pairs: count, meanCosine: measured, meanDot: measured, positiveFraction: measured });

const couplingRecord = v.object({
  command: v.literal('coupling'),
  run: v.string(),
  iteration: count,
  split: v.string(),
  samples: count,
  classes: v.object({ goodGood: pairClass, goodBad: pairClass, badBad: pairClass }),
  // The optional fields are absent in records of earlier versions, and in those of runs without `diagnostics`.
  contrast: v.optional(finite),
  kernelTargetAlignment: v.optional(finite),
  distinctSamples: v.optional(count),
  effectiveRank: v.optional(finite),
  topShare: v.optional(finite),
  embeddingCosine: v.optional(
    v.object({ goodBad: finite, goodGood: finite, badBad: finite, contrast: finite, cka: finite }),
  ),
  layers: v.array(
    v.object({
      parameter: v.string(),
      share: finite,
      goodBadCosine: measured,
      goodGoodCosine: measured,
      badBadCosine: measured,
      contrast: v.optional(finite),
      kernelTargetAlignment: v.optional(finite),
    }),
  ),
  similarity: v.array(
    v.object({ lower: finite, upper: finite, pairs: count, goodBadCosine: measured, positiveFraction: measured }),
  ),
  spillover: v.object({
    stepSize: finite,
    predicted: finite,
    actual: finite,
    relativeError: finite,
    points: v.array(v.tuple([finite, finite])),
  }),
  matrix: v.pipe(
    v.object({
      samples: v.pipe(v.array(v.object({ good: v.boolean(), state: count, text: v.string() })), v.minLength(1)),
      cosine: v.array(v.array(finite)),
    }),
    v.check(
      ({ samples, cosine }) => cosine.length === samples.length && cosine.every((row) => row.length === samples.length),
      'a square cosine table with one row per sample',
    ),
  ),
});

const dangerRecord = v.object({
  command: v.literal('danger'),
  // Present if the networks were initialised in another way than in training runs.
  preset: v.optional(v.literal('prototype')),
  // Present if a row has the term decouple.
  decoupleLambda: v.optional(finite),
  rho: finite,
  seeds: count,
  iterations: count,
  rows: v.array(
    v.object({
      start: finite,
      coupling: v.boolean(),
      method: v.string(),
      labels: v.string(),
      peak: finite,
      end: finite,
      // Records of earlier versions have no return.
      return: v.optional(v.nullable(finite), null),
      seeds: count,
    }),
  ),
  curves: v.array(
    v.object({
      method: v.string(),
      labels: v.string(),
      coupling: v.boolean(),
      start: finite,
      points: v.pipe(v.array(v.tuple([finite, finite, finite, finite])), v.minLength(1)),
    }),
  ),
}) satisfies v.GenericSchema<unknown, DangerRecord>;

const compareRecord = v.object({
  command: v.literal('compare'),
  preset: v.string(),
  note: v.string(),
  variants: v.pipe(
    v.array(
      v.object({
        name: v.string(),
        method: v.string(),
        labels: v.string(),
        settings: v.optional(v.record(v.string(), v.nullable(v.union([v.string(), finite, v.boolean()])))),
        upperBound: v.boolean(),
        control: v.boolean(),
        runs: v.pipe(v.array(v.string()), v.minLength(1)),
      }),
    ),
    v.minLength(1),
  ),
});

/**
 * One line of metrics.jsonl: `iteration`, `envSteps` and each metric of docs/metrics.md that was measured in that
 * iteration.
 */
export interface MetricsLine {
  readonly iteration: number;
  readonly envSteps: number;
  readonly [metric: string]: number | null | undefined;
}

/** result.json of one training run. */
export type RunResult = v.InferOutput<typeof runResult>;
/** coupling.json: the gradient coupling of one checkpoint on one split. */
export type CouplingRecord = v.InferOutput<typeof couplingRecord>;
/** N samples and their N x N cosines. Row i and column i belong to sample i. */
export type CouplingMatrix = CouplingRecord['matrix'];
/**
 * compare.json: the runs of each variant. The first variant that is neither an upper bound nor a control is the
 * baseline.
 */
export type CompareRecord = v.InferOutput<typeof compareRecord>;

/** All records of one training run. */
export interface RunRecords {
  readonly name: string;
  readonly metrics: readonly MetricsLine[];
  readonly result: RunResult;
  readonly couplingStart?: CouplingRecord;
  readonly couplingEnd?: CouplingRecord;
  /** Of runs with `diagnostics`. */
  readonly actionProbabilities?: ActionProbabilities;
}

/** All records from which one report is made. */
export interface ReportRecords {
  readonly compare: CompareRecord;
  readonly runs: readonly RunRecords[];
  readonly danger?: DangerRecord;
  /** How runs of other machines were verified, in sentences; absent or empty if all are of this one. */
  readonly verification?: readonly string[];
  /** The shell command that creates these records again. */
  readonly command: string;
  /** Version by name, e.g. `{ unbraid: '0.1.0', node: 'v24.0.0' }`; shown in this order. */
  readonly versions: Readonly<Record<string, string>>;
}

/**
 * Parses metrics.jsonl: one object per line; empty lines are skipped.
 *
 * @throws SyntaxError with the number of the first invalid line
 */
export function parseMetrics(text: string): MetricsLine[] {
  const lines: MetricsLine[] = [];
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const next = 'remove the line or run train again';
    lines.push(parseRecord('parseMetrics', metricsLine, line, `line ${i + 1}`, next));
  }
  return lines;
}

/** Parses result.json of a training run. */
export function parseRunResult(text: string): RunResult {
  return parseRecord('parseRunResult', runResult, text, 'result.json', 'run train again');
}

/** Parses the coupling record of a checkpoint. */
export function parseCoupling(text: string): CouplingRecord {
  return parseRecord('parseCoupling', couplingRecord, text, 'coupling.json', 'run coupling again');
}

/** Parses danger.json. */
export function parseDanger(text: string): DangerRecord {
  return parseRecord('parseDanger', dangerRecord, text, 'danger.json', 'run danger again');
}

/** Parses compare.json. */
export function parseCompare(text: string): CompareRecord {
  return parseRecord('parseCompare', compareRecord, text, 'compare.json', 'run compare again');
}
