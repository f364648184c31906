/**
 * The danger-zone experiment: two look-alike states s and s', of which s' is rarely seen and starts with a given probability of the bad
 * action. Does training on s make s' worse? The counterfactual is the same training with the gradients of s' alone.
 */

import { checkKeys, isList, shown } from '../../check/values.ts';
import { canonicalMethod, checkTerms, labelTermsOf, termsOf } from '../../config/method.ts';
import { createArena } from '../../engine/kernels/arena.ts';
import type { ModuleSource } from '../../engine/kernels/moduleFrom.ts';
import { createLearner, type Learner } from '../../engine/learn/update.ts';
import { createPolicy } from '../../engine/policy/policy.ts';
import { createLookAlike } from '../../env/lookAlike.ts';
import { yieldToEventLoop } from '../../eventLoop.ts';
import type { DangerRecord } from '../../record/schemas.ts';
import { returnInterval } from '../../statistics/statistics.ts';
import { type Arm, type DangerLabels, follow, labelSources, MEASURE_EVERY, type StatesLearner } from './follow.ts';
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
   * Terms of the objective, as in the configuration; with terms beyond grpo the record has plain GRPO too. Surgery takes the two states for
   * its tasks. Default `grpo`.
   */
  readonly method?: string;
  /** `oracle` (default), `advantage` or `shuffled`: the oracle's labels permuted. Used by the terms that have a use for labels. */
  readonly labels?: string;
  /** Seeds per start, an integer in [1, 1000]; default 8. */
  readonly seeds?: number;
  /** The seeds are this and the next ones; default 1. */
  readonly firstSeed?: number;
  /** How networks start: `default`, or `prototype` as in the PyTorch study that found the effect. */
  readonly preset?: string;
  /** A multiple of 10 in [10, 10000]; default 120. */
  readonly iterations?: number;
  /** `unbraid.wasm`, compiled, or its URL, if it is not beside the engine's code. */
  readonly module?: ModuleSource;
  /** Called after each training run with the number done and their total. */
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

/** The terms that this experiment has. */
const knownTerms: readonly string[] = ['grpo', 'classifier', 'contrastive', 'cloning', 'pcgrad', 'gradvac', 'upgrad'];

/** The arms of the experiment, GRPO's first; each method with coupling on and off. */
function armsOf(method: string, labels: DangerLabels): Arm[] {
  const terms = termsOf(method);
  const methods = terms.length === 1 ? [terms] : [termsOf('grpo'), terms];
  return methods.flatMap((each) => [true, false].map((coupling) => ({ terms: each, labels, coupling })));
}

/** The experiment that options ask for, checked. */
export interface DangerExperiment extends Pick<DangerRecord, 'rho' | 'iterations'> {
  readonly preset: DangerPreset;
  readonly starts: readonly number[];
  readonly seeds: readonly number[];
  /** GRPO's first; each method with coupling on and off. */
  readonly arms: readonly Arm[];
}

/** @throws RangeError naming the option that is wrong */
export function dangerExperiment(options: DangerOptions = {}): DangerExperiment {
  const { method, labels, seeds, firstSeed, ...checked } = checkOptions(options);
  return {
    ...checked,
    seeds: Array.from({ length: seeds }, (_, k) => firstSeed + k),
    arms: armsOf(method, labels),
  };
}

/**
 * Follows p(bad | s') from each start, for GRPO and the method given, with coupling on and off.
 *
 * Equal options give an equal record on every engine. All arms of one start and seed begin at the same weights and play the same games.
 *
 * @returns a row (highest and last mean over seeds) and a curve of [iteration, mean, ends of the 95% interval, which stay within [0, 1]] per start
 *   and arm
 * @throws RangeError naming the option that is wrong; the signal's reason on abort
 */
export async function runDanger(options: DangerOptions = {}): Promise<DangerRecord> {
  checkKeys('runDanger', 'options', options, optionKeys);
  const experiment = dangerExperiment(options);
  const { rho, preset, starts, seeds, arms, iterations } = experiment;
  const { onProgress, signal } = options;
  signal?.throwIfAborted();
  const learner = await dangerLearner(options.module);
  const total = seeds.length * starts.length * arms.length;
  let done = 0;
  const onArm = (): void => onProgress?.(++done, total);
  const followed: number[][][] = [];
  for (const seed of seeds) {
    const states = { ...createTwoStates(rho, seed, CLONED), preset };
    for (const start of starts) {
      followed.push(await followArms(learner, states, start, arms, iterations, onArm, signal));
    }
  }
  return experimentRecord(experiment, followed);
}

/** @param followed p(bad | s') by arm and measurement, of each start of each seed in turn */
export function experimentRecord(
  { rho, preset, starts, seeds, arms, iterations }: DangerExperiment,
  followed: readonly (readonly (readonly number[])[])[],
): DangerRecord {
  const named = preset === 'prototype' ? { preset } : {};
  const measured = arms.map((_, a) => starts.map((_, i) => seeds.map((_, k) => followed[k * starts.length + i][a])));
  return dangerRecord({ ...named, rho, seeds: seeds.length, iterations }, arms, starts, measured);
}

/** A learner of the experiment's policy in a memory of its own. */
export async function dangerLearner(module?: ModuleSource): Promise<StatesLearner> {
  const policy = createPolicy(await createArena(module), createLookAlike().spec, policyConfig);
  return { ...createLearner(policy), stateGradients: policy.arena.floats(2 * policy.network.size) };
}

/**
 * Follows p(bad | s') for one start and seed: all arms begin at the same weights and play the same games.
 *
 * @returns p(bad | s') by arm, before training and after every 10 iterations
 */
export async function followArms(
  learner: StatesLearner,
  states: TwoStates,
  start: number,
  arms: readonly Arm[],
  iterations: number,
  onArm: () => void = () => {},
  signal?: AbortSignal,
): Promise<number[][]> {
  const { arena, weights } = learner.policy;
  softStart(learner, states, start);
  const begun = copyWeights(learner);
  const byArm: number[][] = [];
  for (const arm of arms) {
    arena.write(weights, begun);
    byArm.push(await follow(learner, states, arm, iterations, signal));
    onArm();
    await yieldToEventLoop();
    signal?.throwIfAborted();
  }
  return byArm;
}

/** The record of what was measured. @param measured p(bad | s') by arm, start, seed and measurement */
export function dangerRecord(
  head: Pick<DangerRecord, 'preset' | 'rho' | 'seeds' | 'iterations'>,
  arms: readonly Arm[],
  starts: readonly number[],
  measured: readonly (readonly (readonly (readonly number[])[])[])[],
): DangerRecord {
  const record: DangerRecord = { command: 'danger', ...head, rows: [], curves: [] };
  for (let a = 0; a < arms.length; a++) {
    const { terms, labels, coupling } = arms[a];
    const name = canonicalMethod(terms.join('+'));
    const used = labelTermsOf(name).length > 0 ? labels : 'none';
    for (let i = 0; i < starts.length; i++) {
      const arm = { method: name, labels: used, coupling, start: starts[i] };
      const points = curvePoints(measured[a][i]);
      const means = points.map((point) => point[1]);
      record.rows.push({ ...arm, peak: Math.max(...means), end: means[means.length - 1], seeds: head.seeds });
      record.curves.push({ ...arm, points });
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
    // Rounding may put a probability just above 1.
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
