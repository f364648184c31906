/**
 * The danger-zone task: two states that look alike and need different actions.
 *
 * An observation of the state with need k is `x = 4 (sqrt(rho) v + sqrt(1 - rho) u_k) + noise * normal`, with v, u_0 and u_1
 * orthonormal: without noise the cosine of the two states is rho. Need 0 is the state s, need 1 its look-alike s', which comes up
 * with probability `otherShare` at each step. The good action is the need itself; each other action multiplies the probability of
 * success by 1 - risk. Success is drawn once, at the end.
 */

import { type RandomStream, randomStream } from '../random.ts';
import { type CloneableEnvironment, type Split, type Step, splits, type VectorSpec } from './environment.ts';

export interface LookAlikeOptions {
  /** Similarity of the two states, in [0, 1]; default 0.8. */
  rho?: number;
  /** Integer in [1, 1000]; default 3. */
  stepsPerEpisode?: number;
  /** Probability that one bad action makes the episode fail, in [0, 1]; default 0.6. */
  risk?: number;
  /** Probability of s' at each step, in [0, 1]; default 0.2. */
  otherShare?: number;
  /** Standard deviation of the observation noise, in [0, 100]; default 0.3. */
  noise?: number;
  /** Integer in [2, 1000]; default 6. */
  actionCount?: number;
  /** Integer in [3, 10000]; default 16. */
  vectorWidth?: number;
  /** Names the directions v, u_0, u_1; integer in [0, 2^53), default 0. */
  layoutSeed?: number;
}

export interface LookAlike extends CloneableEnvironment {
  readonly spec: VectorSpec;
  /**
   * Seed and split fix the sequence of states, so a group of rollouts with one seed shares it. `rollout` (integer in [0, 2^32),
   * default 0) names the group's member: observation noise and the draw of success differ from member to member.
   */
  reset(options: { seed: number; split: Split; rollout?: number }): Step;
  step(action: number): Step;
  expertActions(): readonly number[];
  clone(): LookAlike;
}

type Settings = Readonly<Required<LookAlikeOptions>>;

const SCALE = 4;

export function createLookAlike(options: LookAlikeOptions = {}): LookAlike {
  const settings = checkOptions('createLookAlike', options);
  const { stepsPerEpisode, risk, otherShare, actionCount, vectorWidth } = settings;
  const means = stateMeans(settings);
  const allActions = Array.from({ length: actionCount }, (_, action) => action);
  let game = { seed: 0, split: 'train' as Split, rollout: 0 };
  let played: number[] = [];
  let needs: number[] = [];
  let noises: RandomStream | undefined;
  let outcome = 0;
  let taken = 0;
  let bad = 0;
  let observation = new Float32Array(vectorWidth);

  const present = (reward: number): Step => ({
    observation,
    reward,
    terminated: taken === stepsPerEpisode,
    truncated: false,
    info: { admissibleActions: taken === stepsPerEpisode ? [] : allActions },
  });

  const started = (method: string): RandomStream => {
    if (noises === undefined) throw new Error(`lookAlike.${method}: no episode has started; call reset first`);
    return noises;
  };

  const environment: LookAlike = {
    spec: {
      form: 'vector',
      name: 'look-alike',
      version: '1',
      maxSteps: stepsPerEpisode,
      hasExpert: true,
      vectorWidth,
      actionCount,
    },
    reset({ seed, split, rollout = 0 }) {
      checkReset(seed, split, rollout);
      game = { seed, split, rollout };
      played = [];
      const states = randomStream(seed, `look-alike/${split}/states`);
      needs = Array.from({ length: stepsPerEpisode }, () => (states.uniform() < otherShare ? 1 : 0));
      noises = randomStream(seed, `look-alike/${split}/noise`, rollout);
      outcome = randomStream(seed, `look-alike/${split}/outcome`, rollout).uniform();
      taken = 0;
      bad = 0;
      observation = observe(means[needs[0]], settings.noise, noises);
      return present(0);
    },
    step(action) {
      const random = started('step');
      if (taken === stepsPerEpisode) throw new Error('lookAlike.step: the episode has ended; call reset first');
      if (!Number.isInteger(action) || action < 0 || action >= actionCount) {
        throw new RangeError(
          `lookAlike.step: action must be an integer in [0, ${actionCount}), got ${action}; pass an index into info.admissibleActions`,
        );
      }
      played.push(action);
      if (action !== needs[taken]) bad++;
      taken++;
      if (taken < stepsPerEpisode) {
        observation = observe(means[needs[taken]], settings.noise, random);
        return present(0);
      }
      let success = 1;
      for (let i = 0; i < bad; i++) success *= 1 - risk;
      return present(outcome < success ? 1 : 0);
    },
    observationText() {
      started('observationText');
      const numbers = Array.from(observation, (x) => x.toFixed(2)).join(' ');
      return `${Math.min(taken + 1, stepsPerEpisode)} of ${stepsPerEpisode} states: ${numbers}`;
    },
    actionTexts() {
      started('actionTexts');
      return taken === stepsPerEpisode ? [] : allActions.map((action) => `action ${action}`);
    },
    /** The step and the number of bad actions so far. */
    stateHash() {
      started('stateHash');
      return bad * (stepsPerEpisode + 1) + taken;
    },
    expertActions() {
      started('expertActions');
      return taken === stepsPerEpisode ? [] : [needs[taken]];
    },
    clone() {
      const copy = createLookAlike(options);
      if (noises !== undefined) copy.restore(this.serialize());
      return copy;
    },
    serialize() {
      started('serialize');
      return JSON.stringify({ environment: 'look-alike', version: '1', ...game, actions: played });
    },
    restore(state) {
      const { actions, ...saved } = readEpisode(state);
      let step = environment.reset(saved);
      for (const action of actions) step = environment.step(action);
      return step;
    },
  };
  return environment;
}

/** An episode as `serialize` wrote it: its game and the actions taken. */
function readEpisode(state: string): { seed: number; split: Split; rollout: number; actions: number[] } {
  const advice = 'pass the text that serialize gave';
  let parsed: unknown;
  try {
    parsed = JSON.parse(state);
  } catch {
    throw new Error(`lookAlike.restore: state must be JSON, got ${JSON.stringify(state.slice(0, 60))}; ${advice}`);
  }
  const episode = parsed as { environment?: unknown; version?: unknown; actions?: unknown } | null;
  if (episode?.environment !== 'look-alike' || episode.version !== '1' || !Array.isArray(episode.actions)) {
    throw new Error(
      `lookAlike.restore: state must be a look-alike episode of version 1, got ${state.slice(0, 60)}; ${advice}`,
    );
  }
  return parsed as ReturnType<typeof readEpisode>;
}

/**
 * Observations of one of the two states: `count` rows of `vectorWidth` numbers.
 *
 * @param need 0 for s, 1 for its look-alike s'
 * @param stream names the noise; equal names give equal rows
 */
export function stateVectors(
  options: LookAlikeOptions,
  need: 0 | 1,
  count: number,
  stream: { seed: number; purpose: string },
): Float32Array {
  const settings = checkOptions('stateVectors', options);
  checkNumber('stateVectors', 'need', need, 0, 1, true);
  checkNumber('stateVectors', 'count', count, 0, 1e6, true);
  const mean = stateMeans(settings)[need];
  const random = randomStream(stream.seed, stream.purpose);
  const rows = new Float32Array(count * settings.vectorWidth);
  for (let i = 0; i < count; i++) rows.set(observe(mean, settings.noise, random), i * settings.vectorWidth);
  return rows;
}

/** The noiseless observations of s and s'. */
function stateMeans({ rho, vectorWidth, layoutSeed }: Settings): [Float64Array, Float64Array] {
  const random = randomStream(layoutSeed, 'look-alike/layout');
  const basis: Float64Array[] = [];
  for (let k = 0; k < 3; k++) {
    const vector = Float64Array.from({ length: vectorWidth }, () => normal(random));
    // Gram-Schmidt, twice: the second pass removes what rounding left of the first.
    for (let pass = 0; pass < 2; pass++) {
      for (const other of basis) {
        const along = dot(vector, other);
        for (let i = 0; i < vectorWidth; i++) vector[i] -= along * other[i];
      }
    }
    const length = Math.sqrt(dot(vector, vector));
    basis.push(vector.map((x) => x / length));
  }
  const [shared, ...own] = basis;
  const mean = (u: Float64Array) => u.map((x, i) => SCALE * (Math.sqrt(rho) * shared[i] + Math.sqrt(1 - rho) * x));
  return [mean(own[0]), mean(own[1])];
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function observe(mean: Float64Array, noise: number, random: RandomStream): Float32Array<ArrayBuffer> {
  const out = new Float32Array(mean.length);
  for (let i = 0; i < out.length; i++) out[i] = mean[i] + noise * normal(random);
  return out;
}

/** Nearly normal, mean 0, variance 1: the sum of twelve uniforms less six. The usual methods need a logarithm, which engines round differently. */
function normal(random: RandomStream): number {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += random.uniform();
  return sum;
}

function checkOptions(caller: string, options: LookAlikeOptions): Settings {
  const settings = {
    rho: options.rho ?? 0.8,
    stepsPerEpisode: options.stepsPerEpisode ?? 3,
    risk: options.risk ?? 0.6,
    otherShare: options.otherShare ?? 0.2,
    noise: options.noise ?? 0.3,
    actionCount: options.actionCount ?? 6,
    vectorWidth: options.vectorWidth ?? 16,
    layoutSeed: options.layoutSeed ?? 0,
  };
  checkNumber(caller, 'rho', settings.rho, 0, 1);
  checkNumber(caller, 'stepsPerEpisode', settings.stepsPerEpisode, 1, 1000, true);
  checkNumber(caller, 'risk', settings.risk, 0, 1);
  checkNumber(caller, 'otherShare', settings.otherShare, 0, 1);
  checkNumber(caller, 'noise', settings.noise, 0, 100);
  checkNumber(caller, 'actionCount', settings.actionCount, 2, 1000, true);
  checkNumber(caller, 'vectorWidth', settings.vectorWidth, 3, 10_000, true);
  checkNumber(caller, 'layoutSeed', settings.layoutSeed, 0, Number.MAX_SAFE_INTEGER, true);
  return settings;
}

function checkNumber(caller: string, name: string, value: number, low: number, high: number, integer = false): void {
  if (value >= low && value <= high && (!integer || Number.isInteger(value))) return;
  const kind = integer ? 'an integer' : 'a number';
  throw new RangeError(`${caller}: ${name} must be ${kind} in [${low}, ${high}], got ${value}; change ${name}`);
}

function checkReset(seed: number, split: Split, rollout: number): void {
  checkNumber('lookAlike.reset', 'seed', seed, 0, Number.MAX_SAFE_INTEGER, true);
  checkNumber('lookAlike.reset', 'rollout', rollout, 0, 0xffff_ffff, true);
  if (!splits.includes(split)) {
    throw new RangeError(
      `lookAlike.reset: split must be one of ${splits.join(', ')}, got ${split}; choose one of them`,
    );
  }
}
