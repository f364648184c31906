import { checkInteger, checkKeys, checkObject, refuse, shown } from '../../check/values.ts';
import type { Environment, Features, Step, TextEnvironment, TextStep } from '../environment.ts';
import { checkMaxSteps, requireEnd } from '../limits.ts';
import { textHash } from '../textHash.ts';
import { type ReadAction, type Reader, type Reading, readerOf } from './reader.ts';
import { reservedWords, type Vocabulary } from './tokenizer.ts';

/** Version of how tokens are laid out; joins the environment's own version in `spec.version`. */
const layoutVersion = 'tokens2';

const idOf = (word: (typeof reservedWords)[number]): number => reservedWords.indexOf(word);
const lastId = idOf('<last>');
const nowId = idOf('<now>');
const beenId = idOf('<been>');
const timesTakenIds = [idOf('<new>'), idOf('<once>'), idOf('<more>')];

/** Options of `tokenized`. */
export interface TokenizedOptions {
  /** Positions of an observation, the last action included. Default 48. */
  readonly maxStateTokens?: number;
  /** Positions of an action, its memory mark and the sentence about it included. Default 24. */
  readonly maxActionTokens?: number;
  /** Adds what the agent did in this episode; see `tokenized`. Default true. */
  readonly memory?: boolean;
  /**
   * Number of earlier observations of the episode, with the action before each, that a state contains; see `tokenized`.
   * Default 0.
   */
  readonly history?: number;
}

/** Keeps the first and last halves of a text that is too long: texts name the place first, exits and inventory last. */
function keepEnds(tokens: readonly number[], length: number): readonly number[] {
  if (tokens.length <= length) return tokens;
  const tail = Math.floor(length / 2);
  return [...tokens.slice(0, length - tail), ...tokens.slice(tokens.length - tail)];
}

/** The last two words of a sentence without its full stop. With fewer words, a text that equals no place. */
function lastPair(sentence: readonly number[], stopId: number): string {
  const end = sentence.length - (sentence.at(-1) === stopId ? 1 : 0);
  return sentence.slice(Math.max(0, end - 2), end).join(' ');
}

const optionKeys = { maxStateTokens: 1, maxActionTokens: 1, memory: 1, history: 1 } satisfies Record<
  keyof TokenizedOptions,
  1
>;

function checkOptions(options: Required<TokenizedOptions>, vocabulary: Vocabulary): void {
  const { maxStateTokens, maxActionTokens, memory, history } = options;
  if (typeof memory !== 'boolean') refuse('tokenized', 'memory', 'true or false', memory, 'leave it out for true');
  checkInteger('tokenized', 'history', history, 0, 64, '0 shows the current observation alone');
  if (history > 0 && !memory) {
    throw new Error(`tokenized: history must be 0 without memory, got ${history}; leave out memory: false`);
  }
  const leastAction = memory ? 2 : 1;
  if (!Number.isInteger(maxActionTokens) || maxActionTokens < leastAction) {
    throw new RangeError(
      `tokenized: maxActionTokens must be an integer >= ${leastAction}, got ${shown(maxActionTokens)}; raise maxActionTokens`,
    );
  }
  const leastState = memory ? maxActionTokens + 2 : 1;
  if (!Number.isInteger(maxStateTokens) || maxStateTokens < leastState) {
    const why = memory ? ' (the last action needs maxActionTokens + 1)' : '';
    throw new RangeError(
      `tokenized: maxStateTokens must be an integer >= ${leastState}${why}, got ${shown(maxStateTokens)}; raise maxStateTokens`,
    );
  }
  if (!Array.isArray(vocabulary?.words)) {
    refuse('tokenized', 'vocabulary', 'a vocabulary', vocabulary, 'build it with buildVocabulary');
  }
  reservedWords.forEach((word, id) => {
    if (vocabulary.words[id] !== word) {
      throw new Error(
        `tokenized: vocabulary.words[${id}] must be ${word}, got ${vocabulary.words[id]}; build it with buildVocabulary`,
      );
    }
  });
}

/** An observation with the action before it; undefined after reset. */
interface Shown {
  readonly reading: Reading;
  readonly lastAction: string | undefined;
}

/** Lays out the tokens of an observation and of an action by position. */
interface TokenLayout {
  /** @param past earlier observations of the episode, the latest first */
  observation(current: Shown, past: readonly Shown[]): Features;
  /**
   * @param times number of times that the action was taken in this state
   * @param places the last two words of the first sentence of each observation of the episode
   */
  action(action: string, times: number, reading: Reading, places: ReadonlySet<string>): Features;
}

function tokenLayout(
  { words: vocabularyWords }: Vocabulary,
  reader: Reader,
  { maxStateTokens, maxActionTokens, memory }: Required<TokenizedOptions>,
): TokenLayout {
  const vocabularySize = vocabularyWords.length;
  const stopId = vocabularyWords.indexOf('.');
  const cut = (prefix: readonly number[], tokens: readonly number[], length: number): readonly number[] => [
    ...prefix,
    ...keepEnds(tokens, length - prefix.length),
  ];
  const place = (tokens: readonly number[]): Features =>
    tokens.map((token, position) => position * vocabularySize + token);
  const seen = ({ reading, lastAction }: Shown, mark: number): readonly number[] => {
    const last = lastAction === undefined ? [] : [lastId, ...keepEnds(reader.encode(lastAction), maxActionTokens - 1)];
    return cut(memory ? [...last, mark] : [], reading.tokens, maxStateTokens);
  };
  const marked = ({ words, about }: ReadAction, mark: readonly number[], lead: number): Features => {
    const start = cut(mark, words, maxActionTokens);
    // The sentence and the mark before it need at least one position each.
    if (about === undefined || start.length + 2 > maxActionTokens) return place(start);
    return place(cut([...start, lead], about, maxActionTokens));
  };
  return {
    observation: (current, past) =>
      place([...seen(current, nowId), ...past.flatMap((earlier) => seen(earlier, beenId))]),
    action(action, times, reading, places) {
      const read = reader.action(reading, action);
      const { about } = read;
      const mark = memory ? [timesTakenIds[Math.min(times, 2)]] : [];
      const been = memory && about !== undefined && places.has(lastPair(about, stopId));
      const key = 2 * Math.min(times, 2) + (been ? 1 : 0);
      read.features[key] ??= marked(read, mark, been ? beenId : nowId);
      return read.features[key];
    },
  };
}

/**
 * Converts a text environment to tokens: form `tokens`, layout `sequence`, slot = position, no empty slot before the
 * last token.
 *
 * Each action is followed by `<now>` and the sentence of the observation that it is about (see `sentenceAbout`), as far
 * as positions reach: a small policy does not learn which words of a long text are close to each other.
 *
 * With `memory` (the default) the tokens also contain what the agent did in this episode. Without it, a policy that
 * receives one observation at a time cannot explore a maze:
 * - each action begins with `<new>`, `<once>` or `<more>`: how often it was taken before in this very state
 *   (`stateHash`);
 * - `<been>` replaces `<now>` where the sentence about the action ends in the two words in which the first sentence
 *   of an observation of this episode ended (`... you see the kitchen.` after `You are in the kitchen.`);
 * - the observation begins with `<last>`, the tokens of the last action, `<now>`; with `<now>` alone after reset.
 *
 * With `history` k, the observation is followed by the k observations before it in the episode, the latest first, each
 * as it was shown then, with `<been>` in place of `<now>`: `<last> open door <now> a hall. <last> go east <been> a
 * door.` Each of them has up to `maxStateTokens` positions of its own.
 *
 * This uses no task knowledge that the agent does not have: a state hash covers only what the agent's own actions
 * changed or revealed.
 *
 * `stateHash` is the environment's own; where it has none, the hash of the observation text and the admissible actions.
 * It excludes the memory tokens: nodes of the experience graph must recur across episodes of one game, and counts of
 * past actions rarely do.
 *
 * @throws RangeError if a maximum leaves no room for the text or the environment's `maxSteps` is out of range; Error if
 *   the vocabulary lacks the reserved words. `step` throws if an episode has not ended after `maxSteps` steps
 */
export function tokenized(
  environment: TextEnvironment,
  vocabulary: Vocabulary,
  options: TokenizedOptions = {},
): Environment {
  checkObject('tokenized', 'environment', environment, 'give a text environment');
  checkObject('tokenized', 'environment.spec', environment.spec, 'give a text environment');
  checkKeys('tokenized', 'options', options, optionKeys);
  const { maxStateTokens = 48, maxActionTokens = 24, memory = true, history = 0 } = options;
  const complete = { maxStateTokens, maxActionTokens, memory, history };
  checkOptions(complete, vocabulary);
  checkMaxSteps('tokenized', environment.spec);
  const reader = readerOf(vocabulary, `${maxActionTokens} ${memory}`);
  /** By state hash and action: number of times that the action was taken in this state. */
  const timesTaken = new Map<number, Map<string, number>>();
  /** Last two words of the first sentence of each observation so far: texts name the place first. */
  const places = new Set<string>();
  const stopId = vocabulary.words.indexOf('.');
  let lastAction: string | undefined;
  /** The latest observations of the episode, the current one first; at most `history` and the current one. */
  let seen: readonly Shown[] = [];
  let steps = 0;
  let ended = false;
  let current: { readonly step: TextStep; readonly hash: number } | undefined;

  const present = (caller: string): { readonly step: TextStep; readonly hash: number } => {
    if (current === undefined) throw new Error(`tokenized: ${caller} needs an episode; call reset first`);
    return current;
  };
  const layout = tokenLayout(vocabulary, reader, complete);
  const show = (step: TextStep): Step => {
    const { observation, reward, terminated, truncated, success, info } = step;
    const hash = environment.stateHash?.() ?? textHash([observation, ...info.admissibleActions].join('\n'));
    current = { step, hash };
    const reading = reader.observation(observation);
    const { sentences } = reading;
    if (memory && sentences.list.length > 0) places.add(lastPair(sentences.list[0], stopId));
    const taken = timesTaken.get(hash);
    const admissibleActions = info.admissibleActions.map((action) =>
      layout.action(action, taken?.get(action) ?? 0, reading, places),
    );
    const now = { reading, lastAction };
    const past = seen.slice(0, history);
    seen = [now, ...past];
    return {
      observation: layout.observation(now, past),
      reward,
      terminated,
      truncated,
      ...(success !== undefined && { success }),
      info: { admissibleActions },
    };
  };

  const { achieved, expertActions, taskOf } = environment;
  return {
    spec: {
      name: environment.spec.name,
      version: `${environment.spec.version}+${layoutVersion}${history > 0 ? `+history${history}` : ''}`,
      maxSteps: environment.spec.maxSteps,
      hasExpert: environment.spec.hasExpert,
      ...(environment.spec.success !== undefined && { success: environment.spec.success }),
      ...(environment.spec.packages && { packages: environment.spec.packages }),
      form: 'tokens',
      layout: 'sequence',
      vocabulary: vocabulary.words,
      stateSlots: maxStateTokens * (1 + history),
      actionSlots: maxActionTokens,
    },
    async reset(episode) {
      const step = await environment.reset(episode);
      timesTaken.clear();
      places.clear();
      lastAction = undefined;
      seen = [];
      steps = 0;
      ended = step.terminated || step.truncated;
      return show(step);
    },
    async step(action) {
      const { step, hash } = present('step');
      const text = step.info.admissibleActions[action];
      if (text === undefined) {
        const count = step.info.admissibleActions.length;
        throw new RangeError(`tokenized: step needs the index of one of ${count} admissible actions, got ${action}`);
      }
      const next = await environment.step(action);
      // The environment decides whether it rejects a step after the end.
      if (!ended) requireEnd('tokenized', environment.spec, next, ++steps);
      ended ||= next.terminated || next.truncated;
      const taken = timesTaken.get(hash) ?? new Map<string, number>();
      timesTaken.set(hash, taken.set(text, (taken.get(text) ?? 0) + 1));
      lastAction = text;
      return show(next);
    },
    observationText() {
      const { observation } = present('observationText').step;
      return memory && lastAction !== undefined ? `Last action: ${lastAction}.\n${observation}` : observation;
    },
    actionTexts: () => present('actionTexts').step.info.admissibleActions,
    stateHash: () => present('stateHash').hash,
    ...(expertActions && { expertActions: () => expertActions.call(environment) }),
    ...(achieved && { achieved: () => achieved.call(environment) }),
    ...(taskOf && { taskOf: (game) => taskOf.call(environment, game) }),
    close: async () => environment.close?.(),
  };
}
