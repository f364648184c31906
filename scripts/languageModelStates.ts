/**
 * Writes states of the household for the language model of python/language_model, as JSON files:
 *
 *     node scripts/languageModelStates.ts 100 1 2 3
 *
 * Each argument is a seed and gives one file. A file has `train` states of the train split and `held-out` states of the
 * out-of-domain split, whose combinations of task, object and target do not occur in the train split. Each state is of
 * another game and has four actions: one that the expert might take (good) and three others (bad). The choice prefers
 * actions whose words are good in one state and bad in another, because coupling is measured on such pairs.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Split } from '../src/env/environment.ts';
import { createHousehold } from '../src/env/household/household.ts';
import { type RandomStream, randomStream } from '../src/random.ts';

/** Games that are played for the states of one split. */
const GAMES = 240;
/** States of one split in a file. */
const STATES = 16;
/** Equal words count as pairs up to this number, so that one frequent action does not provide most of them. */
const PAIRS_PER_ACTION = 6;
/** States of one kind of task in one split. */
const STATES_PER_TASK = 4;
/** Characters of a state. Longer states are left out, because each token of them costs time. */
const MAX_LENGTH = 270;
/** The text of going to a place, and in parentheses what the agent has seen there. */
const going = /^(go to (.+)) \((.+)\)$/;

interface State {
  id: string;
  task: string;
  text: string;
  actions: string[];
  good: boolean[];
}

/**
 * The observation and the task, with a sentence on the visited places. The household states in the action of going to a
 * place what the agent has seen there. Here the state has it, so that equal actions have equal words.
 */
function textWithMemory(observation: string, actionTexts: readonly string[]): string {
  const places = actionTexts.flatMap((text) => {
    const parts = going.exec(text);
    return parts === null ? [] : [{ place: parts[2], seen: parts[3] }];
  });
  const unseen = places.filter(({ seen }) => seen === 'not visited').map(({ place }) => place);
  const visited = places.filter(({ seen }) => seen !== 'not visited');
  const contents = visited.map(({ place, seen }) => `${place} (${seen.replace('visited: ', '')})`);
  const sentences = [
    ...(unseen.length > 0 ? [`Not visited: ${unseen.join(', ')}.`] : []),
    ...(contents.length > 0 ? [`Visited: ${contents.join(', ')}.`] : []),
  ];
  const task = observation.lastIndexOf('Task: ');
  return `${observation.slice(0, task)}${sentences.join(' ')} ${observation.slice(task)}`;
}

/** States of episodes in which the expert plays, and a random action replaces a quarter of its actions. */
function playedStates(split: Split, seed: number): State[] {
  const env = createHousehold();
  const states: State[] = [];
  for (let game = 0; game < GAMES; game++) {
    const random = randomStream(seed, `languageModel/${split}`, game);
    const gameSeed = seed * 10_000 + game;
    let step = env.reset({ seed: gameSeed, split });
    for (let t = 0; !step.terminated && !step.truncated; t++) {
      const good = env.expertActions();
      const texts = env.actionTexts();
      const flags = texts.map((_, i) => good.includes(i));
      const task = env.taskOf?.({ seed: gameSeed, split }) ?? '';
      const text = textWithMemory(env.observationText(), texts);
      const actions = texts.map((words) => going.exec(words)?.[1] ?? words);
      states.push({ id: `${split}/${gameSeed}/${t}`, task, text, actions, good: flags });
      const byExpert = random.below(4) > 0;
      step = env.step(byExpert ? good[random.below(good.length)] : random.below(texts.length));
    }
  }
  return states;
}

/** How often words occur as a good and as a bad action: the smaller of the two counts. */
function bothWays(states: readonly State[]): Map<string, number> {
  const good = new Map<string, number>();
  const bad = new Map<string, number>();
  for (const { actions, good: flags } of states) {
    for (const [i, words] of actions.entries()) {
      const counts = flags[i] ? good : bad;
      counts.set(words, (counts.get(words) ?? 0) + 1);
    }
  }
  return new Map([...good].map(([words, count]) => [words, Math.min(count, bad.get(words) ?? 0)]));
}

/** The state with one good and three bad actions that occur most often both ways, in random order; or null. */
function withFourActions(state: State, score: ReadonlyMap<string, number>, random: RandomStream): State | null {
  const best = (wanted: boolean, count: number): string[] =>
    state.actions
      .filter((_, i) => state.good[i] === wanted)
      .sort((a, b) => (score.get(b) ?? 0) - (score.get(a) ?? 0))
      .slice(0, count);
  const [good] = best(true, 1);
  const bad = best(false, 3);
  if (good === undefined || bad.length < 3) return null;
  const actions = [...bad];
  actions.splice(random.below(4), 0, good);
  return { ...state, actions, good: actions.map((words) => words === good) };
}

/**
 * Adds, one by one, the state that gives the most new pairs of equal words that are good in one state and bad in the
 * other.
 */
function selectStates(pool: readonly State[]): State[] {
  const chosen: State[] = [];
  const pairs = new Map<string, number>();
  const gameOf = (state: State) => state.id.slice(0, state.id.lastIndexOf('/'));
  const newPairs = (state: State): Map<string, number> => {
    const found = new Map<string, number>();
    for (const [i, words] of state.actions.entries()) {
      const opposite = chosen.filter((other) => {
        const j = other.actions.indexOf(words);
        return j >= 0 && other.good[j] !== state.good[i];
      }).length;
      const room = PAIRS_PER_ACTION - (pairs.get(words) ?? 0);
      if (opposite > 0 && room > 0) found.set(words, Math.min(opposite, room));
    }
    return found;
  };
  const total = (found: ReadonlyMap<string, number>) => [...found.values()].reduce((sum, count) => sum + count, 0);
  while (chosen.length < STATES) {
    let best: State | undefined;
    for (const state of pool) {
      if (chosen.some((other) => gameOf(other) === gameOf(state))) continue;
      if (chosen.filter((other) => other.task === state.task).length >= STATES_PER_TASK) continue;
      if (best === undefined || total(newPairs(state)) > total(newPairs(best))) best = state;
    }
    if (best === undefined)
      throw new Error(`languageModelStates: found ${chosen.length} of ${STATES} states; raise GAMES`);
    for (const [words, count] of newPairs(best)) pairs.set(words, (pairs.get(words) ?? 0) + count);
    chosen.push(best);
  }
  return chosen;
}

function statesOf(split: Split, seed: number): State[] {
  const all = playedStates(split, seed).filter(({ text }) => text.length <= MAX_LENGTH);
  const score = bothWays(all);
  const random = randomStream(seed, `languageModel/${split}/order`);
  const pool = all.flatMap((state) => withFourActions(state, score, random) ?? []);
  // A random order, so that ties are not always decided for the first games.
  for (let i = pool.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [pool[i], pool[j]] = [pool[j], pool[i]];
  }
  return selectStates(pool);
}

const folder = join(dirname(fileURLToPath(import.meta.url)), '../python/language_model/states');
mkdirSync(folder, { recursive: true });
for (const argument of process.argv.slice(2)) {
  const seed = Number(argument);
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new Error(`languageModelStates: a seed must be an integer >= 0, got ${argument}; pass seeds such as 1 2 3`);
  }
  const states = { seed, train: statesOf('train', seed), 'held-out': statesOf('out-of-domain', seed) };
  writeFileSync(join(folder, `${seed}.json`), `${JSON.stringify(states, null, 1)}\n`);
}
