/** Collects the labelled states from which sample pairs are chosen. */

import { checkChoice, checkInteger, checkKeys, checkObject, checkSeed } from '../check/values.ts';
import { createGraphLabels } from '../credit/labels/graph.ts';
import { actionKey, type Policy } from '../engine/policy/policy.ts';
import { type Environment, type Split, splits } from '../env/environment.ts';
import { randomStream } from '../random.ts';
import { checkEnvironments, collect } from '../rollout/collect.ts';
import { playExpert } from '../rollout/expert.ts';
import type { GameChoice } from '../rollout/rollout.ts';
import { type LabelledStates, pairSamples, type SamplePairs } from './samplePairs.ts';

/**
 * Number of games on each side: for expert play, and for policy play where there is no expert (each game several
 * times).
 */
const EXPERT_GAMES = 60;
const POLICY_GAMES = 12;

/** Largest number of pairs per class: the size of the Gram matrices grows with its square. */
const MOST_PAIRS = 10_000;

/** Options of `collectSamplePairs`. */
export interface SamplePairOptions {
  readonly seed: number;
  /** Split of the games on the right side. The games on the left side are of the train split. */
  readonly split: Split;
  /** Number of pairs per class. */
  readonly pairs: number;
  readonly graphDiscount: number;
  readonly graphMaxEdges: number;
  /** Called as episodes end, with the number of those that have ended and the number of all. */
  readonly onEpisode?: (done: number, total: number) => void;
  readonly signal?: AbortSignal | undefined;
}

const optionKeys = {
  seed: 1,
  split: 1,
  pairs: 1,
  graphDiscount: 1,
  graphMaxEdges: 1,
  onEpisode: 1,
  signal: 1,
} satisfies Record<keyof SamplePairOptions, 1>;

/** Number of episodes that are played for each of `count` games where there is no expert. */
function timesEach(environments: readonly Environment[], count: number): number {
  return Math.max(1, Math.floor(environments.length / count));
}

/**
 * Plays `games` with the expert (a quarter of the actions random) and labels every candidate action with the expert's
 * choice.
 */
async function expertStates(
  environment: Environment,
  games: readonly GameChoice[],
  { seed, signal }: SamplePairOptions,
  purpose: string,
  onEpisode: (done: number) => void,
): Promise<LabelledStates> {
  const options = { noise: 0.25, seed, purpose, onEpisode, signal };
  const { states, expert, game } = await playExpert(environment, games, options);
  return { states, labels: Int8Array.from(expert), game };
}

/**
 * Plays `games` with the policy, several times each, and labels the candidate actions with an experience graph of these
 * episodes.
 */
async function graphStates(
  policy: Policy,
  environments: readonly Environment[],
  games: readonly GameChoice[],
  options: SamplePairOptions,
  purpose: string,
  onEpisode: (done: number) => void,
): Promise<LabelledStates> {
  const times = timesEach(environments, games.length);
  const episodes = Array.from({ length: times * games.length }, (_, i) => ({
    ...games[i % games.length],
    rollout: Math.floor(i / games.length),
  }));
  const rollout = await collect(policy, environments, episodes, {
    key: actionKey(options.seed, purpose, 0),
    temperature: 1,
    onEpisode,
    signal: options.signal,
  });
  const { graphDiscount, graphMaxEdges } = options;
  const labels = createGraphLabels({ graphDiscount, graphMaxEdges, graphMinSuccesses: 1, graphMinVisits: 1 }).label(
    rollout,
  );
  const game = Int32Array.from({ length: rollout.states.states }, (_, s) => rollout.episode[s] % games.length);
  return { states: rollout.states, labels, game };
}

/**
 * Collects sample pairs from games that are not the run's training games: games of the train split on the left, of
 * `options.split` on the right. Labels come from the expert where the environment has one, otherwise from an experience
 * graph of the policy's own episodes.
 *
 * @param policy plays where there is no expert; its weights must be prepared
 * @returns null if a class of pairs is empty, for example because no action is good in one game and bad in another
 * @throws RangeError or Error naming an argument that is wrong; the signal's reason on abort
 */
export async function collectSamplePairs(
  policy: Policy,
  environments: readonly Environment[],
  options: SamplePairOptions,
): Promise<SamplePairs | null> {
  const caller = 'collectSamplePairs';
  checkObject(caller, 'policy', policy, 'pass the result of createPolicy');
  checkEnvironments(caller, environments);
  checkKeys(caller, 'options', options, optionKeys);
  const { seed, split, signal } = options;
  signal?.throwIfAborted();
  checkSeed(caller, seed);
  checkChoice(caller, 'split', split, splits);
  checkInteger(caller, 'pairs', options.pairs, 1, MOST_PAIRS, 'pass the number of pairs of each class');
  checkInteger(caller, 'graphMaxEdges', options.graphMaxEdges, 1, Number.MAX_SAFE_INTEGER, 'raise it');
  const expert = environments[0].spec.hasExpert;
  const count = expert ? EXPERT_GAMES : Math.min(POLICY_GAMES, environments.length);
  const first = 0x4000_0000 + randomStream(seed, 'coupling/games').below(0x1000_0000);
  const perSide = expert ? count : count * timesEach(environments, count);
  const side = (offset: number, of: Split, purpose: string): Promise<LabelledStates> => {
    const before = offset === 0 ? 0 : perSide;
    const onEpisode = (done: number): void => options.onEpisode?.(before + done, 2 * perSide);
    const games = Array.from({ length: count }, (_, i) => ({ seed: first + offset + i, split: of, rollout: 0 }));
    return expert
      ? expertStates(environments[0], games, options, purpose, onEpisode)
      : graphStates(policy, environments, games, options, purpose, onEpisode);
  };
  options.onEpisode?.(0, 2 * perSide);
  const left = await side(0, 'train', 'coupling/left');
  const right = await side(count, split, `coupling/${split}`);
  signal?.throwIfAborted();
  return pairSamples(left, right, options.pairs, seed);
}
