import type { Environment, Features, Step, TextEnvironment, TextStep } from '../env/environment.ts';
import { textHash } from '../env/textHash.ts';
import { reservedWords, type Vocabulary } from './tokenizer.ts';

/** Version of how tokens are laid out; joins the environment's own version in `spec.version`. */
const layoutVersion = 'tokens1';

/** Encodings kept for texts that come again; the oldest goes first. */
const cacheSize = 8192;

const idOf = (word: (typeof reservedWords)[number]): number => reservedWords.indexOf(word);
const lastId = idOf('<last>');
const nowId = idOf('<now>');
const timesTakenIds = [idOf('<new>'), idOf('<once>'), idOf('<more>')];

export interface TokenizedOptions {
  /** Positions of an observation, the last action included. Default 96. */
  readonly maxStateTokens?: number;
  /** Positions of an action, its memory mark included. Default 12. */
  readonly maxActionTokens?: number;
  /** Adds what the agent itself did in this episode; see `tokenized`. Default true. */
  readonly memory?: boolean;
}

/** A text too long keeps its first and last halves: texts name the place first, and the exits and what is held last. */
function keepEnds(tokens: readonly number[], length: number): readonly number[] {
  if (tokens.length <= length) return tokens;
  const tail = Math.floor(length / 2);
  return [...tokens.slice(0, length - tail), ...tokens.slice(tokens.length - tail)];
}

/** `vocabulary.encode` that remembers the last `cacheSize` texts it had not seen. */
function cached(vocabulary: Vocabulary): (text: string) => readonly number[] {
  const encodings = new Map<string, readonly number[]>();
  return (text) => {
    let tokens = encodings.get(text);
    if (tokens === undefined) {
      tokens = vocabulary.encode(text);
      if (encodings.size === cacheSize) encodings.delete(encodings.keys().next().value as string);
      encodings.set(text, tokens);
    }
    return tokens;
  };
}

function checkOptions(options: Required<TokenizedOptions>, vocabulary: Vocabulary): void {
  const { maxStateTokens, maxActionTokens, memory } = options;
  const leastAction = memory ? 2 : 1;
  if (!Number.isInteger(maxActionTokens) || maxActionTokens < leastAction) {
    throw new RangeError(
      `tokenized: maxActionTokens must be an integer >= ${leastAction}, got ${maxActionTokens}; raise maxActionTokens`,
    );
  }
  const leastState = memory ? maxActionTokens + 2 : 1;
  if (!Number.isInteger(maxStateTokens) || maxStateTokens < leastState) {
    const why = memory ? ' (the last action needs maxActionTokens + 1)' : '';
    throw new RangeError(
      `tokenized: maxStateTokens must be an integer >= ${leastState}${why}, got ${maxStateTokens}; raise maxStateTokens`,
    );
  }
  reservedWords.forEach((word, id) => {
    if (vocabulary.words[id] !== word) {
      throw new Error(
        `tokenized: vocabulary.words[${id}] must be ${word}, got ${vocabulary.words[id]}; build it with buildVocabulary`,
      );
    }
  });
}

/**
 * Shows a text environment as tokens: form `tokens`, layout `sequence`, slot = position, no empty slot before the last token.
 *
 * With `memory` (the default) the agent is also shown what it did itself in this episode, without which a policy that sees one
 * observation at a time cannot explore a maze:
 * - each action begins with `<new>`, `<once>` or `<more>`: how often it was taken before in this very state (`stateHash`);
 * - the observation begins with `<last>`, the tokens of the last action, `<now>`; with `<now>` alone after reset.
 *
 * It is no privilege: a state hash covers only what the agent's own actions changed or revealed.
 *
 * `stateHash` is the environment's own; where it has none, the hash of the observation text and the admissible actions. Memory is left
 * out: the experience graph wants nodes that recur across episodes of one game, and counts of past actions hardly ever recur.
 *
 * @throws RangeError if a maximum leaves no room for the text; Error if the vocabulary lacks the reserved words
 */
export function tokenized(
  environment: TextEnvironment,
  vocabulary: Vocabulary,
  options: TokenizedOptions = {},
): Environment {
  const { maxStateTokens = 96, maxActionTokens = 12, memory = true } = options;
  checkOptions({ maxStateTokens, maxActionTokens, memory }, vocabulary);
  const vocabularySize = vocabulary.words.length;
  const encode = cached(vocabulary);
  const timesTaken = new Map<string, number>();
  let lastAction: string | undefined;
  let current: { readonly step: TextStep; readonly hash: number } | undefined;

  const present = (caller: string): { readonly step: TextStep; readonly hash: number } => {
    if (current === undefined) throw new Error(`tokenized: ${caller} needs an episode; call reset first`);
    return current;
  };
  const features = (prefix: readonly number[], tokens: readonly number[], length: number): Features =>
    [...prefix, ...keepEnds(tokens, length - prefix.length)].map(
      (token, position) => position * vocabularySize + token,
    );
  const observationFeatures = (text: string): Features => {
    const last = lastAction === undefined ? [] : [lastId, ...keepEnds(encode(lastAction), maxActionTokens - 1)];
    return features(memory ? [...last, nowId] : [], encode(text), maxStateTokens);
  };
  const actionFeatures = (action: string, times: number): Features =>
    features(memory ? [timesTakenIds[Math.min(times, 2)]] : [], encode(action), maxActionTokens);
  const show = (step: TextStep): Step => {
    const { observation, reward, terminated, truncated, info } = step;
    const hash = environment.stateHash?.() ?? textHash([observation, ...info.admissibleActions].join('\n'));
    current = { step, hash };
    const admissibleActions = info.admissibleActions.map((action) =>
      actionFeatures(action, timesTaken.get(`${hash}\n${action}`) ?? 0),
    );
    return {
      observation: observationFeatures(observation),
      reward,
      terminated,
      truncated,
      info: { admissibleActions },
    };
  };

  const { expertActions } = environment;
  return {
    spec: {
      name: environment.spec.name,
      version: `${environment.spec.version}+${layoutVersion}`,
      maxSteps: environment.spec.maxSteps,
      hasExpert: environment.spec.hasExpert,
      form: 'tokens',
      layout: 'sequence',
      vocabulary: vocabulary.words,
      stateSlots: maxStateTokens,
      actionSlots: maxActionTokens,
    },
    async reset(episode) {
      const step = await environment.reset(episode);
      timesTaken.clear();
      lastAction = undefined;
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
      const taken = `${hash}\n${text}`;
      timesTaken.set(taken, (timesTaken.get(taken) ?? 0) + 1);
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
    close: async () => environment.close?.(),
  };
}
