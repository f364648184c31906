/**
 * Runs on household as jobs of the engine. The PyTorch job (bench/peers/torch_training.py) trains on the same games
 * with the same demonstrations; its rules of the household are compared with those of src/env on these demonstrations.
 */
import { type Config, configTable } from '../src/config/config.ts';
import { drawGame } from '../src/env/household/games.ts';
import { ACTION_SLOTS, STATE_SLOTS, vocabulary } from '../src/env/household/grammar.ts';
import { createHousehold } from '../src/env/household/household.ts';
import { randomStream } from '../src/random.ts';
import type { NamedTensor } from '../src/record/safetensors.ts';
import { trainingGames } from '../src/rollout/success.ts';
import { train } from '../src/train/trainer.ts';

/** Seeds of the runs, one for each round. */
export const trainingSeeds = [1, 2, 3, 4, 5, 6] as const;

const defaults = Object.fromEntries(configTable.map((row) => [row.key, row.default])) as unknown as Config;

/** Most objects of a game: two of the task and three others. */
const OBJECTS = 5;

const padded = (numbers: readonly number[]): number[] => Array.from({ length: OBJECTS }, (_, i) => numbers[i] ?? -1);

/** Task, object, target, lamp, start, mask of the places, kinds and places of the objects of a training game. */
function gameRow(seed: number): number[] {
  const { task, object, target, lamp, start, places, kinds, kindPlaces } = drawGame(seed, 'train', 2, 3);
  const mask = places.reduce((bits, place) => bits | (1 << place), 0);
  return [task, object, target, lamp, start, mask, ...padded(kinds), ...padded(kindPlaces)];
}

/** Game, index of the expert's choice and index of the action played, by step of the demonstrations. */
function demonstrations(seed: number): number[] {
  const games = trainingGames(seed, defaults.trainGames);
  const environment = createHousehold();
  const random = randomStream(seed, 'bench/demonstrations');
  return games.slice(0, defaults.coldStart).flatMap((choice, game) => {
    const steps: number[] = [];
    let step = environment.reset(choice);
    while (!step.terminated && !step.truncated) {
      const { length } = step.info.admissibleActions;
      const good = environment.expertActions();
      const shown = good.length > 0 ? good[random.below(good.length)] : random.below(length);
      const played = random.uniform() < defaults.demonstrationNoise ? random.below(length) : shown;
      steps.push(game, shown, played);
      step = environment.step(played);
    }
    return steps;
  });
}

/** Training games and demonstrations of each seed, for jobs of other libraries. */
export function trainingTensors(): NamedTensor[] {
  return trainingSeeds.flatMap((seed) => {
    const games = trainingGames(seed, defaults.trainGames).map((game) => gameRow(game.seed));
    const play = demonstrations(seed);
    return [
      { name: `training/${seed}/games`, shape: [games.length, games[0].length], values: Int32Array.from(games.flat()) },
      { name: `training/${seed}/play`, shape: [play.length / 3, 3], values: Int32Array.from(play) },
    ];
  });
}

/** Adds the words of each slot. */
function addWords(features: Iterable<number>, sums: Float32Array): void {
  for (const feature of features) sums[Math.floor(feature / vocabulary.length)] += feature % vocabulary.length;
}

/** Sums of words of the demonstrations of a seed, by slot, of each state and of its actions, and numbers of actions. */
export function householdFeatures(seed: number): Record<string, Float32Array> {
  const play = demonstrations(seed);
  const count = play.length / 3;
  const states = new Float32Array(count * STATE_SLOTS);
  const actions = new Float32Array(count * ACTION_SLOTS);
  const counts = new Float32Array(count);
  const games = trainingGames(seed, defaults.trainGames);
  const environment = createHousehold();
  let step = environment.reset(games[0]);
  for (let s = 0; s < count; s++) {
    if (s > 0)
      step =
        play[3 * s] === play[3 * s - 3] ? environment.step(play[3 * s - 1]) : environment.reset(games[play[3 * s]]);
    const { admissibleActions } = step.info;
    addWords(step.observation as number[], states.subarray(s * STATE_SLOTS, (s + 1) * STATE_SLOTS));
    const sums = actions.subarray(s * ACTION_SLOTS, (s + 1) * ACTION_SLOTS);
    for (const action of admissibleActions) addWords(action as number[], sums);
    counts[s] = admissibleActions.length;
  }
  return { states, actions, counts };
}

/** Success of the episodes of each iteration. */
export type Job = (seed: number) => Promise<Float32Array>;

/**
 * A complete run with the default config, or only its training: one episode for each evaluation, one pair.
 *
 * @param changes other values of the config, for short runs
 */
export function trainingJob(module: WebAssembly.Module, complete: boolean, changes: Partial<Config> = {}): Job {
  const least = complete ? {} : { evalEpisodes: 1, couplingPairs: 1 };
  return async (seed) => {
    const success: number[] = [];
    const onMetrics = (iteration: number, metrics: Readonly<Record<string, number>>): void => {
      if (iteration > 0) success.push(metrics['charts/success']);
    };
    await train({ ...least, ...changes, seed }, { module, onMetrics });
    return Float32Array.from(success);
  };
}
