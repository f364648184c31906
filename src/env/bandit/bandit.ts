/**
 * The chain bandit, whose similarity parameter rho controls gradient coupling. A state is one of 4 needs in one of 6
 * scenarios. States of one scenario have similar observations.
 *
 * An observation is `x = 4 (sqrt(rho) v_scenario + sqrt(1 - rho) u_need) + 0.3 normal`, with all v and u orthonormal in
 * 16 dimensions: without noise, two needs of one scenario have cosine rho. The good action is the one with the number
 * of the need; two of the 6 actions are never good. An episode has 5 steps. Each bad action multiplies the probability
 * of success by 0.4, and success is sampled at the end.
 */
import { checkKeys } from '../../check/values.ts';
import { randomStream } from '../../random.ts';
import { blend, type Chain, checkNumber, createChain, directions } from '../chain.ts';
import type { Split } from '../environment.ts';
import { combinations, NEEDS, SCENARIOS } from './combinations.ts';

/** Options of `createBandit`. */
export interface BanditOptions {
  /** Similarity of two states of one scenario, in [0, 1]; default 0.8. */
  rho?: number;
  /** Seed of the directions of scenarios and needs; integer in [0, 2^53), default 0. */
  layoutSeed?: number;
}

/** Number of actions that are never good. */
const DISTRACTORS = 2;

const STEPS = 5;
const RISK = 0.6;
const NOISE = 0.3;
const WIDTH = 16;

const optionKeys = { rho: 1, layoutSeed: 1 } satisfies Record<keyof BanditOptions, 1>;

/**
 * The chain bandit: 4 needs in 6 scenarios with adjustable similarity, in vector form; docs/environments.md has its
 * rules.
 *
 * @throws Error or RangeError naming an option that is unknown or out of range
 */
export function createBandit(options: BanditOptions = {}): Chain {
  checkKeys('createBandit', 'options', options, optionKeys);
  const means = stateMeans(options);
  const needs = (split: Split) =>
    combinations(split).map(({ need, scenario }) => ({ mean: means[need * SCENARIOS + scenario], good: need }));
  const choices = { train: needs('train'), 'in-domain': needs('in-domain'), 'out-of-domain': needs('out-of-domain') };
  return createChain({
    source: 'bandit',
    name: 'bandit',
    version: '1',
    steps: STEPS,
    actions: NEEDS + DISTRACTORS,
    width: WIDTH,
    risk: RISK,
    noise: NOISE,
    draw: (random, split) => choices[split][random.below(choices[split].length)],
  });
}

/** The noiseless observations of all states. State (need, scenario) has the index need * 6 + scenario. */
export function stateMeans({ rho = 0.8, layoutSeed = 0 }: BanditOptions): Float64Array[] {
  checkNumber('createBandit', 'rho', rho, 0, 1);
  checkNumber('createBandit', 'layoutSeed', layoutSeed, 0, Number.MAX_SAFE_INTEGER, true);
  const all = directions(randomStream(layoutSeed, 'bandit/layout'), NEEDS + SCENARIOS, WIDTH);
  const scenarios = all.slice(NEEDS);
  return all.slice(0, NEEDS).flatMap((u) => scenarios.map((v) => blend(rho, v, u)));
}
