/**
 * The danger-zone task: two similar states that need different actions.
 *
 * An observation of the state with need k is `x = 4 (sqrt(rho) v + sqrt(1 - rho) u_k) + noise * normal`, with v, u_0
 * and u_1 orthonormal: without noise, the cosine of the two states is rho. Need 0 is the state s, need 1 its look-alike
 * s', which occurs with probability `otherShare` at each step. The good action is the one with the number of the need.
 * Each other action multiplies the probability of success by 1 - risk. Success is sampled once, at the end.
 */
import { checkKeys } from '../check/values.ts';
import { randomStream } from '../random.ts';
import { blend, type Chain, checkNumber, createChain, directions, observe } from './chain.ts';

/** Options of `createLookAlike`. */
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
  /** Seed of the directions v, u_0, u_1; integer in [0, 2^53), default 0. */
  layoutSeed?: number;
}

type Settings = Readonly<Required<LookAlikeOptions>>;

const defaults: Settings = {
  rho: 0.8,
  stepsPerEpisode: 3,
  risk: 0.6,
  otherShare: 0.2,
  noise: 0.3,
  actionCount: 6,
  vectorWidth: 16,
  layoutSeed: 0,
};

/**
 * The danger-zone task: two states with adjustable similarity that need different actions, in vector form.
 *
 * @throws Error or RangeError naming an option that is unknown or out of range
 */
export function createLookAlike(options: LookAlikeOptions = {}): Chain {
  const settings = checkOptions('createLookAlike', options);
  const { stepsPerEpisode, risk, otherShare, noise, actionCount, vectorWidth } = settings;
  const needs = stateMeans(settings).map((mean, good) => ({ mean, good }));
  return createChain({
    source: 'lookAlike',
    name: 'look-alike',
    version: '1',
    steps: stepsPerEpisode,
    actions: actionCount,
    width: vectorWidth,
    risk,
    noise,
    draw: (random) => needs[random.uniform() < otherShare ? 1 : 0],
  });
}

/**
 * Observations of one of the two states: `count` rows of `vectorWidth` numbers.
 *
 * @param need 0 for s, 1 for its look-alike s'
 * @param stream name of the random stream of the noise; equal names return equal rows
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
function stateMeans({ rho, vectorWidth, layoutSeed }: Settings): Float64Array[] {
  const [shared, ...own] = directions(randomStream(layoutSeed, 'look-alike/layout'), 3, vectorWidth);
  return own.map((u) => blend(rho, shared, u));
}

function checkOptions(caller: string, options: LookAlikeOptions): Settings {
  checkKeys(caller, 'options', options, defaults);
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const settings: Settings = { ...defaults, ...Object.fromEntries(given) };
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
