/** The options of the danger-zone experiment and the experimental conditions that follow from them. */

import { isList, shown } from '../../check/values.ts';
import { canonicalMethod, checkTerms, type MethodTerm, surgeryOf, termsOf } from '../../config/method.ts';
import type { ModuleSource } from '../../engine/kernels/moduleFrom.ts';
import type { DangerRecord } from '../../record/dangerRecord.ts';
import { type Condition, type DangerLabels, labelSources, MEASURE_EVERY } from './follow.ts';
import { type DangerPreset, DECOUPLE_LAMBDA, dangerPresets } from './presets.ts';

/** Options of `runDanger`. */
export interface DangerOptions {
  /** Similarity of the two states, in [0, 1]; default 0.8. */
  readonly rho?: number;
  /** Start values of p(bad | s'), each in [0.01, 0.99]; default 0.05, 0.2, 0.4, 0.6, 0.8. */
  readonly starts?: readonly number[];
  /**
   * Terms of the objective, as in the configuration (default `grpo`). With other terms, the record also contains plain
   * GRPO and GRPO with `decouple`. Gradient surgery treats the two states as its two tasks.
   */
  readonly method?: string;
  /**
   * `oracle` (default), `advantage` or `shuffled` (a permutation of the oracle's labels). Used by the terms that need
   * labels.
   */
  readonly labels?: string;
  /** `decoupleLambda` of the term `decouple`, in (0, 1e6]; default 3. */
  readonly decoupleLambda?: number;
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

export const optionKeys = {
  rho: 1,
  starts: 1,
  method: 1,
  labels: 1,
  decoupleLambda: 1,
  seeds: 1,
  firstSeed: 1,
  preset: 1,
  iterations: 1,
  onProgress: 1,
  signal: 1,
  module: 1,
} satisfies Record<keyof DangerOptions, 1>;

/** The terms that this experiment supports. */
const knownTerms: readonly string[] = [
  ...['grpo', 'classifier', 'contrastive', 'cloning'],
  ...['decouple', 'pcgrad', 'gradvac', 'upgrad'],
];

/**
 * The experimental conditions. GRPO is first, with the samples of both states and with the other state's data removed.
 * Beside another method, the record has `decouple`, which weakens coupling and keeps the data.
 */
function conditionsOf(method: string, labels: DangerLabels, decoupleLambda: number): Condition[] {
  const condition = (name: string, coupling: boolean): Condition => ({
    ...{ terms: plainTerms(name), labels, coupling },
    ...(decouples(name) && { decoupleLambda }),
  });
  const plain = canonicalMethod(plainTerms(method).join('+')) === 'grpo';
  return [
    ...[true, false].map((coupling) => condition('grpo', coupling)),
    ...(plain && !decouples(method) ? [] : [condition('decouple', true)]),
    ...(plain ? [] : [condition(method, true)]),
    // Without the samples of s, no sample of s is left to be decoupled from.
    ...(plain || decouples(method) ? [] : [condition(method, false)]),
  ];
}

/** Whether a method has the term `decouple`. */
const decouples = (method: string): boolean => method.split('+').includes('decouple');

/** The terms of a method without `decouple`, which this experiment computes itself. */
export function plainTerms(method: string): readonly MethodTerm[] {
  const others = method.split('+').filter((term) => term !== 'decouple');
  return termsOf(others.length === 0 ? 'grpo' : others.join('+'));
}

/** The validated experiment with all defaults. */
export interface DangerExperiment extends Pick<DangerRecord, 'rho' | 'iterations'> {
  readonly preset: DangerPreset;
  readonly starts: readonly number[];
  readonly seeds: readonly number[];
  /** Experimental conditions, those of GRPO first. */
  readonly arms: readonly Condition[];
}

/** @throws RangeError that names the invalid option */
export function dangerExperiment(options: DangerOptions = {}): DangerExperiment {
  const { method, labels, decoupleLambda, seeds, firstSeed, ...checked } = checkOptions(options);
  return {
    ...checked,
    seeds: Array.from({ length: seeds }, (_, k) => firstSeed + k),
    arms: conditionsOf(method, labels, decoupleLambda),
  };
}

function checkOptions(options: DangerOptions) {
  const {
    rho = 0.8,
    starts = [0.05, 0.2, 0.4, 0.6, 0.8],
    method = 'grpo',
    labels = 'oracle',
    decoupleLambda = DECOUPLE_LAMBDA,
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
  if (decouples(method) && surgeryOf(method) !== null) {
    throw new RangeError(
      `runDanger: method must have decouple or gradient surgery, got ${shown(method)}; drop one of them`,
    );
  }
  checkTerms(method, labels);
  if (!(typeof decoupleLambda === 'number' && decoupleLambda > 0 && decoupleLambda <= 1e6)) {
    throw new RangeError(
      `runDanger: decoupleLambda must be a number in (0, 1000000], got ${shown(decoupleLambda)}; the larger, the closer to GRPO`,
    );
  }
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
  return {
    rho,
    starts,
    method,
    labels: source,
    decoupleLambda,
    seeds,
    firstSeed,
    preset: known as DangerPreset,
    iterations,
  };
}

function checkNumber(name: string, value: number, low: number, high: number, kind: string): void {
  const divisor = kind === 'an integer' ? 1 : kind.startsWith('a multiple') ? MEASURE_EVERY : 0;
  if (typeof value === 'number' && value >= low && value <= high && (divisor === 0 || value % divisor === 0)) return;
  throw new RangeError(`runDanger: ${name} must be ${kind} in [${low}, ${high}], got ${shown(value)}; change ${name}`);
}
