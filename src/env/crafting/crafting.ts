/**
 * A crafting task with sparse reward: learn the recipes, gather two ingredients, mix them at the right station. Reward 1 for the product
 * asked for, else 0; a wrong mix ruins what went into it.
 */
import { checkKeys } from '../../check/values.ts';
import type { TextEnvironment } from '../environment.ts';
import { checkRules } from '../episode.ts';
import {
  checkForm,
  type Family,
  type Form,
  type WorldEnvironment,
  worldEnvironment,
  worldText,
} from '../worldEnvironment.ts';
import { actionText, stateText } from './english.ts';
import { expertChoices } from './expert.ts';
import { drawGame, taskOfSeed } from './games.ts';
import { ACTION_SLOTS, actionFeatures, gotoFeatures, STATE_SLOTS, stateFeatures, vocabulary } from './grammar.ts';
import { hashWorld } from './stateHash.ts';
import { stateVector, VECTOR_WIDTH } from './vectorForm.ts';
import { ACTIONS, act, copyWorld, possibleActions, startWorld, TAKE, type World } from './world.ts';

/** Rules of crafting. */
export interface CraftingRules {
  /** Number of rooms, three of which have a station; integer in [3, 10], default 5. */
  rooms?: number;
  /** Ingredients beside the two needed; integer in [0, 10], default 3. */
  distractors?: number;
  /** Steps after which an episode is truncated; integer in [1, 1000], default 20. */
  maxSteps?: number;
  /** Whether a wrong mix ruins what was mixed; default true. */
  irreversible?: boolean;
}

/** Options of `createCrafting`. */
export interface CraftingOptions extends CraftingRules {
  /** `tokens` (default): scored action candidates; `vector`: a vector and a fixed set of 35 actions. */
  form?: Form;
}

type Rules = Readonly<Required<CraftingRules>>;

const defaults: Rules = { rooms: 5, distractors: 3, maxSteps: 20, irreversible: true };
const ranges = { rooms: [3, 10], distractors: [0, 10], maxSteps: [1, 1000] } as const;

const family: Family<World, Rules> = {
  name: 'crafting',
  version: '1',
  actionCount: ACTIONS,
  drawWorld: (seed, split, { rooms, distractors }) => startWorld(drawGame(seed, split, rooms, distractors)),
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

/** Crafting in tokens form (46 readable words, see `grammar.ts`) or vector form (see `vectorForm.ts`). */
export function createCrafting(options: CraftingOptions = {}): WorldEnvironment {
  checkKeys('createCrafting', 'options', options, { ...defaults, form: 1 });
  const { form, ...rules } = options;
  const checked = checkRules('createCrafting', rules, defaults, ranges);
  return worldEnvironment(family, checked, checkForm('createCrafting', form));
}

/** Crafting in English, for policies that read text: same games, actions in the same order, same hashes and expert. */
export function craftingText(options: CraftingRules = {}): TextEnvironment {
  return worldText(family, checkRules('craftingText', options, defaults, ranges));
}
