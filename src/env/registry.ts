/** Opens the environments that a config names. */

import type { Config } from '../config/config.ts';
import { usesLabels } from '../config/method.ts';
import type { JsonRecord } from '../record/json.ts';
import { createBandit } from './bandit/bandit.ts';
import { completeEnvironment } from './completeEnvironment.ts';
import { craftingText, createCrafting } from './crafting/crafting.ts';
import type { CustomEnvironment } from './custom.ts';
import type { Environment, TextEnvironment } from './environment.ts';
import { withHints } from './hints.ts';
import { createHousehold, householdText } from './household/household.ts';
import { createLookAlike } from './lookAlike.ts';
import { type BuiltInName, isBuiltIn } from './names.ts';
import { type OpenBridge, type OutsideOptions, openOutside } from './outside.ts';
import { collectShownTexts, textsOf } from './text/collectTexts.ts';
import { neededBy } from './text/positions.ts';
import { tokenized } from './text/tokenized.ts';
import { buildVocabulary, type Vocabulary, vocabularyFromJson, vocabularyToJson } from './text/tokenizer.ts';

/** Creates any number of equal environments. */
export interface EnvironmentPool {
  create(): Environment;
  /** The vocabulary, if one was built from text. Every checkpoint contains it. */
  readonly vocabulary: JsonRecord | null;
  /** Whether every thread can open the same environments: they run in this process. */
  readonly inProcess: boolean;
  close(): Promise<void>;
}

/** A part of the texts that a run cuts off because of its config. */
export interface Note {
  /** E.g. `observations of rooms have up to 140 tokens, 48 are kept`. */
  readonly text: string;
  /** The config key of the limit, and its least value with which nothing is cut off. */
  readonly key: 'maxStateTokens' | 'maxActionTokens' | 'vocabularySize';
  readonly value: number;
}

/**
 * Creates an environment of the user's own. Every thread calls it once for each episode that it plays at the same time.
 */
export type MakeEnvironment = (config: Config) => CustomEnvironment;

export interface OpenOptions extends OutsideOptions {
  /** Makes the environment of a config whose `env` is `custom`. */
  readonly makeEnvironment?: MakeEnvironment | null;
  /** Receives what is cut off the texts from which the vocabulary is built; not called with a saved vocabulary. */
  readonly onNotes?: (notes: readonly Note[]) => void;
  /** Called after each episode from which the vocabulary is built, with the number of those that have ended. */
  readonly onVocabulary?: (done: number) => void;
}

/** Notes on what is cut off the texts. Lengths include the last action and the sentences that `tokenized` adds. */
function notesOn(name: string, config: Config, needs: ReturnType<typeof neededBy>): Note[] {
  const { maxStateTokens, maxActionTokens, vocabularySize } = config;
  const note = (key: Note['key'], what: string, value: number, kept: number): Note[] =>
    value > kept ? [{ text: `${what}, ${kept} are kept`, key, value }] : [];
  const { words, stateTokens, actionTokens } = needs;
  return [
    ...note(
      'maxStateTokens',
      `observations of ${name} have up to ${stateTokens} tokens with the last action`,
      stateTokens,
      maxStateTokens,
    ),
    ...note(
      'maxActionTokens',
      `actions of ${name} have up to ${actionTokens} tokens with the sentence that they are about`,
      actionTokens,
      maxActionTokens,
    ),
    ...note('vocabularySize', `texts of ${name} need a vocabulary of ${words} words`, words, vocabularySize),
  ];
}

const nothingToClose = async (): Promise<void> => {};

/** Episodes that a program plays at the same time for the vocabulary: its answers overlap with the requests. */
const VOCABULARY_LIVE = 32;

/** Environments before a vocabulary is built. */
export type OpenedEnvironments = {
  /** Whether they run in this process. */
  readonly inProcess: boolean;
  close(): Promise<void>;
} & (
  | { readonly form: 'text'; create(): TextEnvironment }
  | { readonly form: 'vector' | 'tokens'; create(): Environment }
);

async function textPool(
  config: Config,
  { create, inProcess, close }: Extract<OpenedEnvironments, { form: 'text' }>,
  saved: JsonRecord | null,
  { signal, onNotes, onVocabulary }: OpenOptions,
): Promise<EnvironmentPool> {
  const { maxStateTokens, maxActionTokens, history } = config;
  let vocabulary: Vocabulary;
  if (saved !== null) vocabulary = vocabularyFromJson(JSON.stringify(saved));
  else {
    const { vocabularyEpisodes: episodes, vocabularySize: maxSize, seed } = config;
    const live = Array.from({ length: inProcess ? 1 : Math.min(episodes, VOCABULARY_LIVE) }, create);
    const shown = await collectShownTexts(live, { episodes, seed, signal }, onVocabulary);
    vocabulary = buildVocabulary(textsOf(shown), { maxSize });
    const notes = notesOn(live[0].spec.name, config, neededBy(shown, vocabulary, maxActionTokens));
    if (notes.length > 0) onNotes?.(notes);
  }
  return {
    create: () => tokenized(create(), vocabulary, { maxStateTokens, maxActionTokens, history }),
    vocabulary: JSON.parse(vocabularyToJson(vocabulary)),
    inProcess,
    close,
  };
}

function openCustom(config: Config, make: MakeEnvironment): OpenedEnvironments {
  const complete = (): ReturnType<typeof completeEnvironment> => completeEnvironment(make(config));
  const create = (): Environment => {
    const { form, environment } = complete();
    if (form !== 'text') return environment;
    throw new Error(
      `environment: ${environment.spec.name} must keep its form, got text; return one form from the function`,
    );
  };
  const { form } = complete();
  const here = { inProcess: true, close: nothingToClose };
  if (form !== 'text') return { ...here, form, create };
  return { ...here, form, create: () => complete().environment as TextEnvironment };
}

/**
 * Functions that create the built-in environments. Some have every form and a step limit; the others only return
 * vectors.
 */
const families: Readonly<
  Record<
    BuiltInName,
    | { readonly create: typeof createHousehold; readonly text: typeof householdText }
    | { readonly vectors: (config: Config) => Environment }
  >
> = {
  household: { create: createHousehold, text: householdText },
  crafting: { create: createCrafting, text: craftingText },
  'look-alike': { vectors: () => createLookAlike() },
  // The seed of the run also selects the directions, so that seeds differ in the problem.
  bandit: { vectors: ({ similarity, seed }) => createBandit({ rho: similarity, layoutSeed: seed }) },
};

/**
 * Opens the environments of a config without a vocabulary. The caller closes them.
 *
 * @throws if the name is unknown, or the environment does not have the form that the config requires; the signal's
 *   reason on abort
 */
export async function openSource(
  config: Config,
  openBridge: OpenBridge | null,
  options: OpenOptions = {},
): Promise<OpenedEnvironments> {
  const { env, observation, policy } = config;
  if (options.makeEnvironment) return openCustom(config, options.makeEnvironment);
  const form = observation ?? (policy === 'mlp' ? 'vector' : null);
  const rules = config.maxSteps === null ? {} : { maxSteps: config.maxSteps };
  const family = isBuiltIn(env) ? families[env] : null;
  const here = { inProcess: true, close: nothingToClose };
  if (family !== null && 'create' in family) {
    if (form === 'text') return { ...here, form, create: () => family.text(rules) };
    const shown = form ?? 'tokens';
    return { ...here, form: shown, create: () => family.create({ ...rules, form: shown }) };
  }
  if (family !== null) {
    if (config.maxSteps !== null) {
      throw new Error(
        `config: env "${env}" has a step limit of its own, got maxSteps ${config.maxSteps}; leave maxSteps null`,
      );
    }
    if (policy === 'attention' && !options.anyForm)
      throw new Error(`config: env "${env}" shows vectors; set policy to "mlp"`);
    return { ...here, form: 'vector', create: () => family.vectors(config) };
  }
  if (!openBridge)
    throw new Error(
      `config: env "${env}" must be one that runs in this process where no bridge can be started; use "household"`,
    );
  const bridge = await openOutside(config, openBridge, options);
  const outside = { inProcess: false, close: () => bridge.close() };
  if (bridge.form === 'vector' || bridge.form === 'tokens') {
    return { ...outside, form: bridge.form, create: () => bridge.create() };
  }
  return { ...outside, form: 'text', create: () => bridge.create() };
}

/** The pool; where the config switches hints on, its observations have a place for a hint. */
function hintedPool(pool: EnvironmentPool, { hint: by, hintThreshold: threshold }: Config): EnvironmentPool {
  return by === 'off' ? pool : { ...pool, create: () => withHints(pool.create(), { by, threshold }) };
}

/**
 * @param saved the vocabulary of the checkpoint from which the run resumes, if any
 * @throws if the name is unknown, or the environment does not have the form that the config requires; the signal's
 *   reason on abort
 */
export async function openEnvironments(
  config: Config,
  openBridge: OpenBridge | null,
  saved: JsonRecord | null = null,
  options: OpenOptions = {},
): Promise<EnvironmentPool> {
  const source = await openSource(config, openBridge, options);
  try {
    if (source.form === 'text') return hintedPool(await textPool(config, source, saved, options), config);
    if (config.history > 0) {
      throw new Error(
        `config: history must be 0 where observations are not text, got ${config.history} with env "${config.env}"; set history to 0 or observation to "text"`,
      );
    }
    const { create, inProcess, close } = source;
    return hintedPool({ create, vocabulary: null, inProcess, close }, config);
  } catch (error) {
    await source.close();
    throw error;
  }
}

/**
 * Rejects labels that the environment cannot provide, before the run begins.
 *
 * @throws Error naming the labels and what the environment lacks
 */
export function requireLabels(config: Config, { spec }: Environment): void {
  const { labels, shuffledSource } = config;
  if (!usesLabels(config)) return;
  const source = labels === 'shuffled' ? shuffledSource : labels;
  if ((source !== 'oracle' && source !== 'demonstrations') || spec.hasExpert) return;
  const key = labels === 'shuffled' ? 'shuffledSource' : 'labels';
  throw new Error(
    `config: ${key} "${source}" needs an environment with an expert, which ${spec.name} does not have; use "graph" or "advantage"`,
  );
}
