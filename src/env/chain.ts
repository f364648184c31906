/**
 * A chain of one-step decisions over noisy vectors: the common part of the look-alike task and the bandit.
 *
 * Each step shows `mean + noise * normal` of one need, which has one good action. Each other action multiplies the
 * probability of success by 1 - risk; actions change nothing else. Success is sampled once, at the end.
 */

import { parseJson } from '../check/parseJson.ts';
import { shown } from '../check/values.ts';
import { type RandomStream, randomStream } from '../random.ts';
import { type CloneableEnvironment, type Split, type Step, splits, type VectorSpec } from './environment.ts';

/** Observation and good action of a step. */
export interface Need {
  /** The noiseless observation. */
  readonly mean: Float64Array;
  readonly good: number;
}

export interface ChainRules {
  /** Function name in error messages. */
  readonly source: string;
  /** Name and version of the environment, and prefix of its random streams. */
  readonly name: string;
  readonly version: string;
  readonly steps: number;
  readonly actions: number;
  readonly width: number;
  readonly risk: number;
  readonly noise: number;
  /** The next need of an episode, from the stream of seed and split. */
  readonly draw: (random: RandomStream, split: Split) => Need;
}

/** All methods are synchronous: none returns a promise. */
export interface Chain extends CloneableEnvironment {
  readonly spec: VectorSpec;
  /**
   * Seed and split determine the sequence of states, so a group of rollouts with one seed shares it. `rollout` (integer
   * in [0, 2^32), default 0) identifies the member of the group: observation noise and the sample of success differ
   * between members.
   */
  reset(options: { seed: number; split: Split; rollout?: number }): Step;
  step(action: number): Step;
  expertActions(): readonly number[];
  clone(): Chain;
}

export function createChain(rules: ChainRules): Chain {
  const { source, name, version, steps, actions, width, risk, noise } = rules;
  const allActions = Array.from({ length: actions }, (_, action) => action);
  let game = { seed: 0, split: 'train' as Split, rollout: 0 };
  let played: number[] = [];
  let needs: Need[] = [];
  let noises: RandomStream | undefined;
  let outcome = 0;
  let taken = 0;
  let bad = 0;
  let observation = new Float32Array(width);

  const present = (reward: number): Step => ({
    observation,
    reward,
    terminated: taken === steps,
    truncated: false,
    info: { admissibleActions: taken === steps ? [] : allActions },
  });

  const started = (method: string): RandomStream => {
    if (noises === undefined) throw new Error(`${source}.${method}: no episode has started; call reset first`);
    return noises;
  };

  const environment: Chain = {
    spec: { form: 'vector', name, version, maxSteps: steps, hasExpert: true, vectorWidth: width, actionCount: actions },
    reset({ seed, split, rollout = 0 }) {
      checkReset(source, seed, split, rollout);
      game = { seed, split, rollout };
      played = [];
      const random = randomStream(seed, `${name}/${split}/states`);
      needs = Array.from({ length: steps }, () => rules.draw(random, split));
      noises = randomStream(seed, `${name}/${split}/noise`, rollout);
      outcome = randomStream(seed, `${name}/${split}/outcome`, rollout).uniform();
      taken = 0;
      bad = 0;
      observation = observe(needs[0].mean, noise, noises);
      return present(0);
    },
    step(action) {
      const random = started('step');
      if (taken === steps) throw new Error(`${source}.step: the episode has ended; call reset first`);
      if (!Number.isInteger(action) || action < 0 || action >= actions) {
        throw new RangeError(
          `${source}.step: action must be an integer in [0, ${actions}), got ${action}; pass an index into info.admissibleActions`,
        );
      }
      played.push(action);
      if (action !== needs[taken].good) bad++;
      taken++;
      if (taken < steps) {
        observation = observe(needs[taken].mean, noise, random);
        return present(0);
      }
      let success = 1;
      for (let i = 0; i < bad; i++) success *= 1 - risk;
      return present(outcome < success ? 1 : 0);
    },
    observationText() {
      started('observationText');
      const numbers = Array.from(observation, (x) => x.toFixed(2)).join(' ');
      return `${Math.min(taken + 1, steps)} of ${steps} states: ${numbers}`;
    },
    actionTexts() {
      started('actionTexts');
      return taken === steps ? [] : allActions.map((action) => `action ${action}`);
    },
    /** The step and the number of bad actions so far. */
    stateHash() {
      started('stateHash');
      return bad * (steps + 1) + taken;
    },
    expertActions() {
      started('expertActions');
      return taken === steps ? [] : [needs[taken].good];
    },
    clone() {
      const copy = createChain(rules);
      if (noises !== undefined) copy.restore(this.serialize());
      return copy;
    },
    serialize() {
      started('serialize');
      return JSON.stringify({ environment: name, version, ...game, actions: played });
    },
    restore(state) {
      const { actions: again, ...saved } = readEpisode(rules, state);
      let step = environment.reset(saved);
      for (const action of again) step = environment.step(action);
      return step;
    },
  };
  return environment;
}

/** An episode as `serialize` wrote it: its game and the actions taken. */
function readEpisode(
  { source, name, version }: ChainRules,
  state: string,
): { seed: number; split: Split; rollout: number; actions: number[] } {
  const advice = 'pass the text that serialize gave';
  let parsed: unknown;
  try {
    parsed = parseJson(state);
  } catch {
    throw new Error(`${source}.restore: state must be JSON, got ${JSON.stringify(state.slice(0, 60))}; ${advice}`);
  }
  const episode = parsed as { environment?: unknown; version?: unknown; actions?: unknown } | null;
  if (episode?.environment !== name || episode.version !== version || !Array.isArray(episode.actions)) {
    throw new Error(
      `${source}.restore: state must be a ${name} episode of version ${version}, got ${state.slice(0, 60)}; ${advice}`,
    );
  }
  return parsed as ReturnType<typeof readEpisode>;
}

/** `count` orthonormal directions in `width` >= count dimensions. */
export function directions(random: RandomStream, count: number, width: number): Float64Array[] {
  const basis: Float64Array[] = [];
  for (let k = 0; k < count; k++) {
    const vector = Float64Array.from({ length: width }, () => normal(random));
    // Gram-Schmidt, twice: the second pass removes the rounding errors of the first.
    for (let pass = 0; pass < 2; pass++) {
      for (const other of basis) {
        const along = dot(vector, other);
        for (let i = 0; i < width; i++) vector[i] -= along * other[i];
      }
    }
    const length = Math.sqrt(dot(vector, vector));
    basis.push(vector.map((x) => x / length));
  }
  return basis;
}

const SCALE = 4;

/**
 * `4 (sqrt(rho) shared + sqrt(1 - rho) own)` of two orthonormal directions. Two states with the same `shared` have
 * cosine rho.
 */
export function blend(rho: number, shared: Float64Array, own: Float64Array): Float64Array {
  return own.map((x, i) => SCALE * (Math.sqrt(rho) * shared[i] + Math.sqrt(1 - rho) * x));
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** mean + noise * normal. */
export function observe(mean: Float64Array, noise: number, random: RandomStream): Float32Array<ArrayBuffer> {
  const out = new Float32Array(mean.length);
  for (let i = 0; i < out.length; i++) out[i] = mean[i] + noise * normal(random);
  return out;
}

/**
 * Nearly normal, mean 0, variance 1: the sum of twelve uniforms minus six. The usual methods need a logarithm, which
 * runtimes round differently.
 */
function normal(random: RandomStream): number {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += random.uniform();
  return sum;
}

/** @throws RangeError unless `value` is a number, or an integer, in [low, high] */
export function checkNumber(
  caller: string,
  name: string,
  value: number,
  low: number,
  high: number,
  integer = false,
): void {
  if (typeof value === 'number' && value >= low && value <= high && (!integer || Number.isInteger(value))) return;
  const kind = integer ? 'an integer' : 'a number';
  throw new RangeError(`${caller}: ${name} must be ${kind} in [${low}, ${high}], got ${shown(value)}; change ${name}`);
}

function checkReset(source: string, seed: number, split: Split, rollout: number): void {
  checkNumber(`${source}.reset`, 'seed', seed, 0, Number.MAX_SAFE_INTEGER, true);
  checkNumber(`${source}.reset`, 'rollout', rollout, 0, 0xffff_ffff, true);
  if (!splits.includes(split)) {
    throw new RangeError(
      `${source}.reset: split must be one of ${splits.join(', ')}, got ${split}; choose one of them`,
    );
  }
}
