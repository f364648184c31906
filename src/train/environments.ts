/** The environments that a config names. */
import { createBandit } from '../env/bandit/bandit.ts';
import { craftingText, createCrafting } from '../env/crafting/crafting.ts';
import type { Environment, TextEnvironment } from '../env/environment.ts';
import { createHousehold, householdText } from '../env/household/household.ts';
import { createLookAlike } from '../env/lookAlike.ts';
import { type BuiltInName, isBuiltIn } from '../env/names.ts';
import type { JsonRecord } from '../record/json.ts';
import { collectTexts } from '../text/collectTexts.ts';
import { tokenized } from '../text/tokenized.ts';
import { buildVocabulary, type Vocabulary, vocabularyFromJson, vocabularyToJson } from '../text/tokenizer.ts';
import type { Config } from './config.ts';
import { labelTermsOf } from './method.ts';

/** A source of equal environments, any number of which may be live at once. */
export interface EnvironmentPool {
  create(): Environment;
  /** The vocabulary, if one was built from text; part of every checkpoint. */
  readonly vocabulary: JsonRecord | null;
  /** Whether any thread can open the same environments by itself. */
  readonly inProcess: boolean;
  close(): Promise<void>;
}

/** Opens what answers to a name that is not built in; the host's part, since it starts processes. */
export type OpenBridge = (name: string) => Promise<{ create(): TextEnvironment; close(): Promise<void> }>;

const nothingToClose = async (): Promise<void> => {};

async function textPool(
  config: Config,
  create: () => TextEnvironment,
  close: (() => Promise<void>) | null,
  saved: JsonRecord | null,
): Promise<EnvironmentPool> {
  let vocabulary: Vocabulary;
  if (saved !== null) vocabulary = vocabularyFromJson(JSON.stringify(saved));
  else {
    const { vocabularyEpisodes: episodes, vocabularySize: maxSize, seed } = config;
    vocabulary = buildVocabulary(await collectTexts(create(), { episodes, seed }), { maxSize });
  }
  const { maxStateTokens, maxActionTokens } = config;
  return {
    create: () => tokenized(create(), vocabulary, { maxStateTokens, maxActionTokens }),
    vocabulary: JSON.parse(vocabularyToJson(vocabulary)),
    inProcess: close === null,
    close: close ?? nothingToClose,
  };
}

/** How the built-in environments are made: those with every form and a step limit to choose, and those that show vectors alone. */
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
  // A run's seed names the directions too: seeds differ in the problem.
  bandit: { vectors: ({ similarity, seed }) => createBandit({ rho: similarity, layoutSeed: seed }) },
};

/**
 * @param saved the vocabulary of the run's checkpoint, if it goes on with one
 * @throws if the name is unknown, or the environment does not have the form that the config asks for
 */
export async function openEnvironments(
  config: Config,
  openBridge: OpenBridge | null,
  saved: JsonRecord | null = null,
): Promise<EnvironmentPool> {
  const { env, observation, policy } = config;
  const form = observation ?? (policy === 'mlp' ? 'vector' : null);
  const rules = config.maxSteps === null ? {} : { maxSteps: config.maxSteps };
  const family = isBuiltIn(env) ? families[env] : null;
  if (family !== null && 'create' in family) {
    if (form === 'text') return textPool(config, () => family.text(rules), null, saved);
    return {
      create: () => family.create({ ...rules, form: form ?? 'tokens' }),
      vocabulary: null,
      inProcess: true,
      close: nothingToClose,
    };
  }
  if (config.maxSteps !== null) {
    throw new Error(
      `config: env "${env}" has a step limit of its own, got maxSteps ${config.maxSteps}; leave maxSteps null`,
    );
  }
  if (family !== null) {
    if (policy !== 'mlp') throw new Error(`config: env "${env}" shows vectors; set policy to "mlp"`);
    return { create: () => family.vectors(config), vocabulary: null, inProcess: true, close: nothingToClose };
  }
  if (!openBridge)
    throw new Error(`config: env "${env}" needs a process of its own, which this host cannot start; use "household"`);
  if (form === 'vector' || form === 'tokens') {
    throw new Error(
      `config: env "${env}" shows text, not ${form}; set observation to null or "text" and policy to "attention"`,
    );
  }
  const bridge = await openBridge(env);
  try {
    return await textPool(
      config,
      () => bridge.create(),
      () => bridge.close(),
      saved,
    );
  } catch (error) {
    await bridge.close();
    throw error;
  }
}

/**
 * Rejects labels that an environment cannot give, before the run begins.
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
