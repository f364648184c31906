/**
 * The danger-zone experiment. There are two similar states s and s'. State s' is rare, and its bad action starts with a
 * given probability. The experiment measures whether training on s increases the probability of the bad action in s'.
 * The comparison without coupling is the same training with the gradients of s' alone.
 */

import { checkKeys, isList, shown } from '../../check/values.ts';
import { canonicalMethod, checkTerms, labelTermsOf, termsOf } from '../../config/method.ts';
import { createArena } from '../../engine/kernels/createArena.ts';
import type { ModuleSource } from '../../engine/kernels/moduleFrom.ts';
import { createLearner, type Learner } from '../../engine/learn/update.ts';
import { createPolicy } from '../../engine/policy/policy.ts';
import { createLookAlike } from '../../env/lookAlike.ts';
import { yieldToEventLoop } from '../../eventLoop.ts';
import type { DangerRecord } from '../../record/dangerRecord.ts';
import { returnInterval } from '../../statistics/statistics.ts';
import {
  type Condition,
  type DangerLabels,
  follow,
  labelSources,
  MEASURE_EVERY,
  type StatesLearner,
} from './follow.ts';
import { type DangerPreset, dangerPresets } from './presets.ts';
import { CLONED, softStart } from './softStart.ts';
import { createTwoStates, type TwoStates } from './twoStates.ts';

/** Options of `runDanger`. */
export interface DangerOptions {
  /** Similarity of the two states, in [0, 1]; default 0.8. */
  readonly rho?: number;
  /** Start values of p(bad | s'), each in [0.01, 0.99]; default 0.05, 0.2, 0.4, 0.6, 0.8. */
  readonly starts?: readonly number[];
  /**
   * Terms of the objective, as in the configuration (default `grpo`). With terms other than grpo, the record also
   * contains plain GRPO. Gradient surgery treats the two states as its two tasks.
   */
  readonly method?: string;
  /**
   * `oracle` (default), `advantage` or `shuffled` (a permutation of the oracle's labels). Used by the terms that need
   * labels.
   */
  readonly labels?: string;
  /** Seeds per start, an integer in [1, 1000]; default 8. */
  readonly seeds?: number;
  /** The first seed; the others follow it. Default 1. */
  readonly firstSeed?: number;
  /** Initialisation of the networks: `default`, or `prototype` as in the PyTorch study that found the effect. */
  readonly preset?: string;
  /** A multiple of 10 in [10, 10000]; default 120. */
  readonly iterations?: number;
  /** `unbraid.wasm`, compiled, or its URL, if the file is not in the folder of the engine's code. */
  readonly module?: ModuleSource;
  /** Called after each training run with the number of completed runs and their total. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

const optionKeys = {
  rho: 1,
  starts: 1,
  method: 1,
  labels: 1,
  seeds: 1,
  firstSeed: 1,
  preset: 1,
  iterations: 1,
  onProgress: 1,
  signal: 1,
  module: 1,
} satisfies Record<keyof DangerOptions, 1>;

const policyConfig = {
  policy: 'mlp',
  tokenWidth: 8,
  matchWidth: 1,
  hidden: 32,
  embedding: 16,
  blocks: 0,
  heads: 1,
  logitScale: 3,
} as const;

/** The terms that this experiment supports. */
const knownTerms: readonly string[] = ['grpo', 'classifier', 'contrastive', 'cloning', 'pcgrad', 'gradvac', 'upgrad'];

/** The experimental conditions, those of GRPO first: each method with coupling on and off. */
function conditionsOf(method: string, labels: DangerLabels): Condition[] {
  const terms = termsOf(method);
  const methods = terms.length === 1 ? [terms] : [termsOf('grpo'), terms];
  return methods.flatMap((each) => [true, false].map((coupling) => ({ terms: each, labels, coupling })));
}

/** The validated experiment with all defaults. */
export interface DangerExperiment extends Pick<DangerRecord, 'rho' | 'iterations'> {
  readonly preset: DangerPreset;
  readonly starts: readonly number[];
  readonly seeds: readonly number[];
  /** Experimental conditions, those of GRPO first: each method with coupling on and off. */
  readonly arms: readonly Condition[];
}

/** @throws RangeError that names the invalid option */
export function dangerExperiment(options: DangerOptions = {}): DangerExperiment {
  const { method, labels, seeds, firstSeed, ...checked } = checkOptions(options);
  return {
    ...checked,
    seeds: Array.from({ length: seeds }, (_, k) => firstSeed + k),
    arms: conditionsOf(method, labels),
  };
}

/**
 * Measures p(bad | s') over training from each start, for GRPO and the given method, with coupling on and off.
 *
 * Equal options return bitwise identical records in every runtime. All conditions of one start and seed begin with the
 * same weights and play the same games.
 *
 * @returns for each start and condition: a row (highest and last mean over seeds) and a curve of [iteration, mean, low,
 *   high], where low and high are the ends of the 95% interval, limited to [0, 1]
 * @throws RangeError that names the invalid option; the signal's reason on abort
 */
export async function runDanger(options: DangerOptions = {}): Promise<DangerRecord> {
  checkKeys('runDanger', 'options', options, optionKeys);
  const experiment = dangerExperiment(options);
  const { rho, preset, starts, seeds, arms: conditions, iterations } = experiment;
  const { onProgress, signal } = options;
  signal?.throwIfAborted();
  const learner = await dangerLearner(options.module);
  const total = seeds.length * starts.length * conditions.length;
  let done = 0;
  const onCondition = (): void => onProgress?.(++done, total);
  const followed: number[][][] = [];
  for (const seed of seeds) {
    const twoStates = { ...createTwoStates(rho, seed, CLONED), preset };
    for (const start of starts) {
      followed.push(await followConditions(learner, twoStates, start, conditions, iterations, onCondition, signal));
    }
  }
  return experimentRecord(experiment, followed);
}

/** @param followed p(bad | s') by condition and measurement, for each start of each seed in turn */
export function experimentRecord(
  { rho, preset, starts, seeds, arms: conditions, iterations }: DangerExperiment,
  followed: readonly (readonly (readonly number[])[])[],
): DangerRecord {
  const named = preset === 'prototype' ? { preset } : {};
  const measured = conditions.map((_, a) =>
    starts.map((_, i) => seeds.map((_, k) => followed[k * starts.length + i][a])),
  );
  return dangerRecord({ ...named, rho, seeds: seeds.length, iterations }, conditions, starts, measured);
}

/** Creates a learner of the experiment's policy with its own memory. */
export async function dangerLearner(module?: ModuleSource): Promise<StatesLearner> {
  const policy = createPolicy(await createArena(module), createLookAlike().spec, policyConfig);
  return { ...createLearner(policy), stateGradients: policy.arena.floats(2 * policy.network.size) };
}

/**
 * Measures p(bad | s') for one start and seed. All conditions begin with the same weights and play the same games.
 *
 * @returns p(bad | s') by condition, before training and after every 10 iterations
 */
export async function followConditions(
  learner: StatesLearner,
  twoStates: TwoStates,
  start: number,
  conditions: readonly Condition[],
  iterations: number,
  onCondition: () => void = () => {},
  signal?: AbortSignal,
): Promise<number[][]> {
  const { arena, weights } = learner.policy;
  softStart(learner, twoStates, start);
  const begun = copyWeights(learner);
  const byCondition: number[][] = [];
  for (const condition of conditions) {
    arena.write(weights, begun);
    byCondition.push(await follow(learner, twoStates, condition, iterations, signal));
    onCondition();
    await yieldToEventLoop();
    signal?.throwIfAborted();
  }
  return byCondition;
}

/**
 * Converts measurements to the record of the experiment.
 *
 * @param measured p(bad | s') by condition, start, seed and measurement
 */
export function dangerRecord(
  head: Pick<DangerRecord, 'preset' | 'rho' | 'seeds' | 'iterations'>,
  conditions: readonly Condition[],
  starts: readonly number[],
  measured: readonly (readonly (readonly (readonly number[])[])[])[],
): DangerRecord {
  const record: DangerRecord = { command: 'danger', ...head, rows: [], curves: [] };
  for (let a = 0; a < conditions.length; a++) {
    const { terms, labels, coupling } = conditions[a];
    const name = canonicalMethod(terms.join('+'));
    const used = labelTermsOf(name).length > 0 ? labels : 'none';
    for (let i = 0; i < starts.length; i++) {
      const condition = { method: name, labels: used, coupling, start: starts[i] };
      const points = curvePoints(measured[a][i]);
      const means = points.map((point) => point[1]);
      record.rows.push({ ...condition, peak: Math.max(...means), end: means[means.length - 1], seeds: head.seeds });
      record.curves.push({ ...condition, points });
    }
  }
  return record;
}

function copyWeights({ policy }: Learner): Float32Array {
  return policy.arena.read(policy.weights, policy.network.vectorSize);
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

function checkOptions(options: DangerOptions) {
  const {
    rho = 0.8,
    starts = [0.05, 0.2, 0.4, 0.6, 0.8],
    method = 'grpo',
    labels = 'oracle',
    seeds = 8,
    firstSeed = 1,
    preset = 'default',
    iterations = 120,
  } = options;
  checkNumber('rho', rho, 0, 1, 'a number');
  if (!isList(starts) || starts.length === 0 || new Set(starts).size < starts.length) {
    const got = isList(starts) ? `[${Array.from(starts, shown).slice(0, 16)}]` : shown(starts);
    throw new RangeError(`runDanger: starts must be one or more different numbers, got ${got}; name each start once`);
  }
  for (const start of starts) checkNumber('starts', start, 0.01, 0.99, 'numbers');
  const terms = typeof method === 'string' ? method.split('+') : [];
  if (terms.length === 0 || new Set(terms).size < terms.length || terms.some((term) => !knownTerms.includes(term))) {
    throw new RangeError(
      `runDanger: method must be one or more of ${knownTerms.join(', ')}, each once, joined by +, got ${shown(method)}; write for example classifier+cloning`,
    );
  }
  checkTerms(method, labels);
  const source = labelSources.find((known) => known === labels);
  if (source === undefined) {
    throw new RangeError(
      `runDanger: labels must be one of ${labelSources.join(', ')}, got ${shown(labels)}; the two states have no other source`,
    );
  }
  const known = dangerPresets.find((each) => each === preset);
  if (known === undefined) {
    throw new RangeError(
      `runDanger: preset must be one of ${dangerPresets.join(', ')}, got ${shown(preset)}; choose one of them`,
    );
  }
  checkNumber('seeds', seeds, 1, 1000, 'an integer');
  checkNumber('firstSeed', firstSeed, 0, 2 ** 52, 'an integer');
  checkNumber('iterations', iterations, MEASURE_EVERY, 10_000, `a multiple of ${MEASURE_EVERY}`);
  return { rho, starts, method, labels: source, seeds, firstSeed, preset: known as DangerPreset, iterations };
}

function checkNumber(name: string, value: number, low: number, high: number, kind: string): void {
  const divisor = kind === 'an integer' ? 1 : kind.startsWith('a multiple') ? MEASURE_EVERY : 0;
  if (typeof value === 'number' && value >= low && value <= high && (divisor === 0 || value % divisor === 0)) return;
  throw new RangeError(`runDanger: ${name} must be ${kind} in [${low}, ${high}], got ${shown(value)}; change ${name}`);
}
