/** The influence of training samples on an action of a saved policy. */
import type { Config } from '../../config/config.ts';
import { copySample } from '../../coupling/influence.ts';
import { actionDistributions, type Distributions } from '../../engine/policy/distributions.ts';
import { actionKey, takenLogProbs } from '../../engine/policy/policy.ts';
import type { Split } from '../../env/environment.ts';
import { openRun, type Run } from '../../record/run.node.ts';
import { collect } from '../../rollout/collect.ts';
import { replayTexts, type StateText } from '../../rollout/replayTexts.ts';
import type { Rollout } from '../../rollout/rollout.ts';
import { evaluationGames } from '../../rollout/success.ts';
import type { NextUpdates } from '../../train/iterations.ts';
import { sampleInfluences } from '../../train/sampleInfluence.ts';
import { runBounded } from '../../train/trainer.ts';
import { usageError } from '../shared/arguments.ts';
import { namedBridges, permitted } from '../shared/bridges.ts';
import { commandConfig } from '../shared/commandConfig.ts';
import type { ExplainEngine, Explanation, NamedSample } from './explain.ts';
import { matchText } from './matchText.ts';
import { type SavedPolicy, withPolicy } from './savedRun.ts';

/** Number of games whose states are listed, and of samples that are named on each side. */
const LISTED_GAMES = 6;
const NAMED = 20;

/** The listed states: the distinct states of the first games of a split, as the saved policy plays them. */
interface Listed {
  readonly rollout: Rollout;
  /** Numbers of the states in the rollout. */
  readonly states: readonly number[];
  readonly texts: ReadonlyMap<number, StateText>;
}

async function listedStates(
  { config, policy, environments }: SavedPolicy,
  split: Split,
  signal: AbortSignal,
): Promise<Listed> {
  const { seed, trainGames, temperature } = config;
  const games = evaluationGames(seed, split, LISTED_GAMES, trainGames);
  const key = actionKey(seed, 'explain', 0);
  const rollout = await collect(policy, environments, games, { key, temperature, expert: false, signal });
  const own = Array.from({ length: rollout.states.states }, (_, s) => s);
  const { episode, step } = rollout;
  const states = own.filter((s) => rollout.first[s] === s).sort((a, b) => episode[a] - episode[b] || step[a] - step[b]);
  return { rollout, states, texts: await replayTexts(environments[0], rollout, states) };
}

/** The distributions over the actions of states of a rollout, at the temperature of the run. */
function distributionsOf(
  { config, policy }: SavedPolicy,
  { states }: Rollout,
  order: readonly number[],
): Distributions {
  return actionDistributions(policy, policy.weights, states, order, config.temperature);
}

export const listStates: ExplainEngine['listStates'] = (directory, { split, ...opening }) =>
  withPolicy(directory, opening, 0, async (saved) => {
    const { rollout, states, texts } = await listedStates(saved, split, opening.signal);
    const { offsets, probabilities } = distributionsOf(saved, rollout, states);
    const listed = states.map((s, i) => {
      const { state, actions } = texts.get(s) as StateText;
      const rows = actions.map((action, a) => ({ action, probability: probabilities[offsets[i] + a] }));
      return { number: i + 1, state, actions: rows };
    });
    return { command: 'coupling', run: directory, split, iteration: saved.iteration, states: listed };
  });

/** Index of the state that the user means among the listed ones. @throws a usage error that lists the nearest ones */
function findState(wanted: string, texts: readonly string[], directory: string): number {
  const list = `list all with: unbraid coupling ${directory} --explain list`;
  if (/^\s*\d+\s*$/.test(wanted)) {
    const number = Number(wanted);
    if (number >= 1 && number <= texts.length) return number - 1;
    throw usageError(`coupling: the number of a state must be in [1, ${texts.length}], got ${number}; ${list}`);
  }
  const match = matchText(wanted, texts);
  if ('index' in match) return match.index;
  const why = match.found === 0 ? 'no state contains these words' : `${match.found} states contain these words`;
  const nearest = match.nearest.map((i) => `${i + 1}: ${texts[i]}`).join(' | ');
  throw usageError(
    `coupling: STATE must name one of the ${texts.length} listed states, got ${JSON.stringify(wanted)}: ${why}; give a number or the whole text, nearest: ${nearest}; ${list}`,
  );
}

/** Index of the action that the user means. @throws a usage error that lists the admissible ones */
function findAction(wanted: string, actions: readonly string[]): number {
  const match = matchText(wanted, actions);
  if ('index' in match) return match.index;
  const nearest = match.nearest.length === 0 ? '' : `, nearest: ${match.nearest.map((i) => actions[i]).join(' | ')}`;
  throw usageError(
    `coupling: ACTION must be an action of the state, got ${JSON.stringify(wanted)}${nearest}; its actions are: ${actions.join(' | ')}`,
  );
}

interface Ranked extends Omit<NamedSample, 'state' | 'action'> {
  readonly text: StateText;
  readonly taken: number;
}

/** The samples of an iteration with the largest influences of each sign, with their texts. */
async function rankedSamples(next: NextUpdates, influence: Float64Array): Promise<Ranked[]> {
  const { rollout, iteration, environments, tasks } = next;
  const { advantage } = tasks[0].sets[0];
  const order = [...influence.keys()].filter((s) => influence[s] !== 0);
  order.sort((a, b) => influence[b] - influence[a] || a - b);
  const extremes = new Set([
    ...order.filter((s) => influence[s] > 0).slice(0, NAMED),
    ...order.filter((s) => influence[s] < 0).slice(-NAMED),
  ]);
  const texts = await replayTexts(environments[0], rollout, extremes);
  return [...extremes].map((s) => ({
    ...{ iteration, episode: rollout.episode[s], step: rollout.step[s] },
    ...{ advantage: advantage[s], influence: influence[s] },
    text: texts.get(s) as StateText,
    taken: rollout.taken[s],
  }));
}

/** The named samples of one sign, the largest influence first. */
function largest(ranked: readonly Ranked[], sign: 1 | -1): NamedSample[] {
  const own = ranked.filter(({ influence }) => sign * influence > 0);
  own.sort(
    (a, b) =>
      sign * (b.influence - a.influence) || a.iteration - b.iteration || a.episode - b.episode || a.step - b.step,
  );
  return own.slice(0, NAMED).map(({ text, taken, ...fields }) => {
    const { iteration, episode, step, advantage, influence } = fields;
    return { iteration, episode, step, state: text.state, action: text.actions[taken], advantage, influence };
  });
}

/** Checkpoints of a run after which an iteration follows. @throws a usage error if there is none */
function followedCheckpoints({ checkpoints, directory }: Run, config: Config): number[] {
  const followed = checkpoints.filter((iteration) => iteration < config.iterations);
  if (followed.length > 0) return followed;
  throw usageError(
    `coupling: --explain needs a checkpoint before the last iteration, got none in ${directory}; train with a higher keepCheckpoints`,
  );
}

export const explainAction: ExplainEngine['explainAction'] = async (directory, wanted, { split, ...opening }) => {
  const run = openRun(directory);
  const config = commandConfig(run.config);
  const followed = followedCheckpoints(run, config);
  const openBridge = namedBridges(permitted(config.env, directory, opening.allowExec));
  const { crew, signal, onProgress } = opening;
  const { explained, target } = await withPolicy(directory, opening, 0, async (saved) => {
    const { rollout, states, texts } = await listedStates(saved, split, signal);
    const shown = states.map((s) => texts.get(s) as StateText);
    const index = findState(
      wanted.state,
      shown.map(({ state }) => state),
      directory,
    );
    const { state, actions } = shown[index];
    const taken = findAction(wanted.action, actions);
    const own = distributionsOf(saved, rollout, [states[index]]);
    const [logProb, probability] = [own.logProbs[taken], own.probabilities[taken]];
    const { iteration } = saved;
    const explained = { number: index + 1, state, action: actions[taken], iteration, logProb, probability };
    return { explained, target: copySample(rollout.states, states[index], taken) };
  });
  const ranked: Ranked[] = [];
  const checkpoints: Explanation['checkpoints'][number][] = [];
  for (const [done, iteration] of followed.entries()) {
    onProgress({ phase: 'coupling', done, total: followed.length, envSteps: 0, success: null });
    const onNext = async (next: NextUpdates): Promise<void> => {
      const { policy } = next.learner;
      const influence = sampleInfluences(next, config, target);
      const { list, states, taken } = target;
      const [logProb] = takenLogProbs(policy, policy.weights, list, states, taken, config.temperature);
      const sum = influence.reduce((total, x) => total + x, 0);
      checkpoints.push({ iteration, samples: influence.length, logProb, influence: sum });
      ranked.push(...(await rankedSamples(next, influence)));
    };
    const bound = { until: iteration, extraCheckpoints: new Set<number>(), onNext };
    await runBounded(config, { checkpoint: run.loadCheckpoint(iteration), openBridge, crew, signal }, bound);
  }
  onProgress({ phase: 'coupling', done: followed.length, total: followed.length, envSteps: 0, success: null });
  const [helped, hindered] = [largest(ranked, 1), largest(ranked, -1)];
  return { command: 'coupling', run: directory, split, metric: 'sgd', explained, helped, hindered, checkpoints };
};
