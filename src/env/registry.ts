/** Opens the environments that a config names. */

import type { Config } from '../config/config.ts';
import { labelTermsOf } from '../config/method.ts';
import { unlessAborted } from '../eventLoop.ts';
import type { JsonRecord } from '../record/json.ts';
import { createBandit } from './bandit/bandit.ts';
import type { StartProgress } from './bridge/messages.ts';
import { completeEnvironment } from './completeEnvironment.ts';
import { craftingText, createCrafting } from './crafting/crafting.ts';
import type { CustomEnvironment } from './custom.ts';
import type { Environment, TextEnvironment } from './environment.ts';
import { createHousehold, householdText } from './household/household.ts';
import { createLookAlike } from './lookAlike.ts';
import { type BuiltInName, isBuiltIn } from './names.ts';
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

/** How a bridge is opened. */
export interface OpenBridgeOptions {
  /** Once it aborts, calls that wait for the environment reject with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Step limit that the environment is asked for; null: its own. */
  readonly maxSteps?: number | null;
  /** Number of processes that play. The result does not depend on it. */
  readonly processes?: number;
  /** Receives what the environment reports while it starts. */
  readonly onProgress?: (progress: StartProgress) => void;
}

/** An environment outside of this process, in one of the three forms; without `form` its observations are text. */
export type OpenedBridge = { close(): Promise<void> } & (
  | { readonly form?: 'text'; create(): TextEnvironment }
  | { readonly form: 'vector'; create(): Environment }
  | { readonly form: 'tokens'; create(): Environment }
);

/** Opens an environment whose name is not built in. The caller supplies this function, because it starts processes. */
export type OpenBridge = (name: string, options?: OpenBridgeOptions) => Promise<OpenedBridge>;

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

export interface OpenOptions {
  /** Makes the environment of a config whose `env` is `custom`. */
  readonly makeEnvironment?: MakeEnvironment | null;
  readonly signal?: AbortSignal | undefined;
  /** Receives what an environment in another program reports while it starts. */
  readonly onStart?: (progress: StartProgress) => void;
  /** Receives what is cut off the texts from which the vocabulary is built; not called with a saved vocabulary. */
  readonly onNotes?: (notes: readonly Note[]) => void;
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

async function textPool(
  config: Config,
  create: () => TextEnvironment,
  close: (() => Promise<void>) | null,
  saved: JsonRecord | null,
  { signal, onNotes }: OpenOptions,
): Promise<EnvironmentPool> {
  const { maxStateTokens, maxActionTokens } = config;
  let vocabulary: Vocabulary;
  if (saved !== null) vocabulary = vocabularyFromJson(JSON.stringify(saved));
  else {
    const { vocabularyEpisodes: episodes, vocabularySize: maxSize, seed } = config;
    const environment = create();
    const shown = await collectShownTexts(environment, { episodes, seed, signal });
    vocabulary = buildVocabulary(textsOf(shown), { maxSize });
    const notes = notesOn(environment.spec.name, config, neededBy(shown, vocabulary, maxActionTokens));
    if (notes.length > 0) onNotes?.(notes);
  }
  return {
    create: () => tokenized(create(), vocabulary, { maxStateTokens, maxActionTokens }),
    vocabulary: JSON.parse(vocabularyToJson(vocabulary)),
    inProcess: close === null,
    close: close ?? nothingToClose,
  };
}

async function customPool(
  config: Config,
  make: MakeEnvironment,
  saved: JsonRecord | null,
  options: OpenOptions,
): Promise<EnvironmentPool> {
  const complete = (): ReturnType<typeof completeEnvironment> => completeEnvironment(make(config));
  const create = (): Environment => {
    const { form, environment } = complete();
    if (form !== 'text') return environment;
    throw new Error(
      `environment: ${environment.spec.name} must keep its form, got text; return one form from the function`,
    );
  };
  const { form } = complete();
  if (form !== 'text') return { create, vocabulary: null, inProcess: true, close: nothingToClose };
  return textPool(config, () => complete().environment as TextEnvironment, null, saved, options);
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

/** Opens the bridge of a config. @throws the signal's reason on abort */
async function opened(config: Config, openBridge: OpenBridge, options: OpenOptions): Promise<OpenedBridge> {
  const { env, maxSteps } = config;
  const { signal, onStart } = options;
  const opening = openBridge(env, { signal, maxSteps, ...(onStart && { onProgress: onStart }) });
  return unlessAborted(opening, signal).catch((error: unknown) => {
    // A bridge that opens after the abort is closed: nothing uses it.
    opening.then((late) => late.close()).catch(() => {});
    throw error;
  });
}

/** What a config must set for the form of a bridge. */
const settingsFor = {
  text: 'set observation to null or "text" and policy to "attention"',
  vector: 'set policy to "mlp" and observation to null or "vector"',
  tokens: 'set observation to null or "tokens" and policy to "attention"',
} as const;

async function bridgePool(
  config: Config,
  bridge: OpenedBridge,
  saved: JsonRecord | null,
  options: OpenOptions,
): Promise<EnvironmentPool> {
  const { env, observation, policy } = config;
  const { form: shows = 'text' } = bridge;
  const wanted = observation ?? (policy === 'mlp' ? 'vector' : shows);
  if (wanted !== shows) throw new Error(`config: env "${env}" shows ${shows}, not ${wanted}; ${settingsFor[shows]}`);
  if (shows === 'vector' && policy === 'attention') {
    throw new Error(`config: env "${env}" shows vectors; ${settingsFor.vector}`);
  }
  const close = (): Promise<void> => bridge.close();
  if (bridge.form === 'vector' || bridge.form === 'tokens') {
    return { create: () => bridge.create(), vocabulary: null, inProcess: false, close };
  }
  return textPool(config, () => bridge.create(), close, saved, options);
}

/**
 * @param saved the vocabulary of the checkpoint from which the run resumes, if any
 * @throws if the name is unknown, or the environment does not have the form that the config asks for; the signal's
 *   reason on abort
 */
export async function openEnvironments(
  config: Config,
  openBridge: OpenBridge | null,
  saved: JsonRecord | null = null,
  options: OpenOptions = {},
): Promise<EnvironmentPool> {
  const { env, observation, policy } = config;
  if (options.makeEnvironment) return customPool(config, options.makeEnvironment, saved, options);
  const form = observation ?? (policy === 'mlp' ? 'vector' : null);
  const rules = config.maxSteps === null ? {} : { maxSteps: config.maxSteps };
  const family = isBuiltIn(env) ? families[env] : null;
  if (family !== null && 'create' in family) {
    if (form === 'text') return textPool(config, () => family.text(rules), null, saved, options);
    return {
      create: () => family.create({ ...rules, form: form ?? 'tokens' }),
      vocabulary: null,
      inProcess: true,
      close: nothingToClose,
    };
  }
  if (family !== null) {
    if (config.maxSteps !== null) {
      throw new Error(
        `config: env "${env}" has a step limit of its own, got maxSteps ${config.maxSteps}; leave maxSteps null`,
      );
    }
    if (policy === 'attention') throw new Error(`config: env "${env}" shows vectors; set policy to "mlp"`);
    return { create: () => family.vectors(config), vocabulary: null, inProcess: true, close: nothingToClose };
  }
  if (!openBridge)
    throw new Error(
      `config: env "${env}" must be one that runs in this process where no bridge can be started; use "household"`,
    );
  const bridge = await opened(config, openBridge, options);
  try {
    return await bridgePool(config, bridge, saved, options);
  } catch (error) {
    await bridge.close();
    throw error;
  }
}

/**
 * Rejects labels that the environment cannot provide, before the run begins.
 *
 * @throws Error naming the labels and what the environment lacks
 */
export function requireLabels({ method, labels, shuffledSource }: Config, { spec }: Environment): void {
  if (labelTermsOf(method).length === 0) return;
  const source = labels === 'shuffled' ? shuffledSource : labels;
  if ((source !== 'oracle' && source !== 'demonstrations') || spec.hasExpert) return;
  const key = labels === 'shuffled' ? 'shuffledSource' : 'labels';
  throw new Error(
    `config: ${key} "${source}" needs an environment with an expert, which ${spec.name} does not have; use "graph" or "advantage"`,
  );
}
