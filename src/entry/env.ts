/**
 * Environments: the built-in ones, the types that an environment of your own implements, and texts as tokens.
 *
 * @module unbraid/env
 */

export { type BanditOptions, createBandit } from '../env/bandit/bandit.ts';
export type { Chain } from '../env/chain.ts';
export { type CraftingOptions, type CraftingRules, craftingText, createCrafting } from '../env/crafting/crafting.ts';
export type {
  CustomCommonSpec,
  CustomEnvironment,
  CustomEpisodes,
  CustomStep,
  CustomTextEnvironment,
  CustomTextSpec,
  CustomTokensEnvironment,
  CustomTokensSpec,
  CustomVectorEnvironment,
  CustomVectorSpec,
} from '../env/custom.ts';
export {
  type CloneableEnvironment,
  type Environment,
  type EnvironmentSpec,
  type Features,
  type Split,
  type Step,
  type SuccessKind,
  splits,
  type TextEnvironment,
  type TextStep,
  type TokensSpec,
  type VectorSpec,
} from '../env/environment.ts';
export {
  createHousehold,
  type HouseholdOptions,
  type HouseholdRules,
  householdText,
} from '../env/household/household.ts';
export { createLookAlike, type LookAlikeOptions } from '../env/lookAlike.ts';
export { environmentTable } from '../env/names.ts';
export { type CollectTextsOptions, collectTexts } from '../env/text/collectTexts.ts';
export { type TokenizedOptions, tokenized } from '../env/text/tokenized.ts';
export {
  buildVocabulary,
  type Vocabulary,
  type VocabularyOptions,
  vocabularyFromJson,
  vocabularyToJson,
} from '../env/text/tokenizer.ts';
export type { Form, WorldEnvironment } from '../env/worldEnvironment.ts';
export { type RandomStream, randomStream } from '../random.ts';
export type { FinalStates, GameChoice, Rollout } from '../rollout/rollout.ts';
