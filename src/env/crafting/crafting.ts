/**
 * A crafting task with sparse reward. The agent learns the recipes, gathers two ingredients and mixes them at the right
 * station. The reward is 1 for the requested product, else 0. A wrong mix destroys its ingredients.
 */
import type { TextEnvironment } from '../environment.ts';
import {
  createWorldEnvironment,
  createWorldText,
  type Family,
  type Form,
  type WorldEnvironment,
} from '../worldEnvironment.ts';
import { actionText, stateText } from './english.ts';
import { expertChoices } from './expert.ts';
import { drawGame, taskOfSeed } from './games.ts';
import { otherGoals, startWith } from './goals.ts';
import { ACTION_SLOTS, actionFeatures, gotoFeatures, STATE_SLOTS, stateFeatures, vocabulary } from './grammar.ts';
import { hashWorld } from './stateHash.ts';
import { stateVector, VECTOR_WIDTH } from './vectorForm.ts';
import { ACTIONS, act, copyWorld, possibleActions, startWorld, TAKE, type World } from './world.ts';

/** Rules of crafting. */
export interface CraftingRules {
  /** Number of rooms, three of which have a station; integer in [3, 10], default 5. */
  rooms?: number;
  /** Number of ingredients in addition to the two needed; integer in [0, 10], default 3. */
  distractors?: number;
  /** Steps after which an episode is truncated; integer in [1, 1000], default 20. */
  maxSteps?: number;
  /** Whether a wrong mix destroys its ingredients; default true. */
  irreversible?: boolean;
}

/** Options of `createCrafting`. */
export interface CraftingOptions extends CraftingRules {
  /** `tokens` (default): scored action candidates; `vector`: a vector and a fixed set of 35 actions. */
  form?: Form;
}

type Rules = Readonly<Required<CraftingRules>>;

const family: Family<World, Rules> = {
  name: 'crafting',
  version: '1',
  defaults: { rooms: 5, distractors: 3, maxSteps: 20, irreversible: true },
  ranges: { rooms: [3, 10], distractors: [0, 10], maxSteps: [1, 1000] },
  actionCount: ACTIONS,
  drawWorld: (seed, split, { rooms, distractors }) => startWorld(drawGame(seed, split, rooms, distractors)),
  otherGoals,
  startWith,
  copyWorld,
  possibleActions,
  act,
  vocabulary,
  stateSlots: STATE_SLOTS,
  actionSlots: ACTION_SLOTS,
  vectorWidth: VECTOR_WIDTH,
  moves: TAKE,
  places: ({ game }) => game.rooms,
  stateFeatures,
  gotoFeatures,
  actionFeatures,
  stateVector,
  stateText,
  actionText,
  hashWorld,
  expertChoices,
  taskOfSeed,
};

/** Crafting in token form (46 readable words, see `grammar.ts`) or vector form (see `vectorForm.ts`). */
export function createCrafting(options: CraftingOptions = {}): WorldEnvironment {
  return createWorldEnvironment('createCrafting', family, options);
}

/**
 * Crafting in English, for policies that read text. Games, order of actions, hashes and expert equal those of the other
 * forms.
 */
export function craftingText(options: CraftingRules = {}): TextEnvironment {
  return createWorldText('craftingText', family, options);
}
