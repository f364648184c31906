/**
 * A household task with sparse reward, based on ALFWorld (Shridhar et al., "ALFWorld: Aligning Text and Embodied
 * Environments for Interactive Learning", ICLR 2021): six kinds of task, 12 objects, 12 receptacle types, reward 1 at
 * success, else 0.
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
import { ACTIONS, act, copyWorld, OPEN, possibleActions, startWorld, type World } from './world.ts';

/** Rules of the household. */
export interface HouseholdRules {
  /** Number of receptacle types in addition to fridge, microwave, sink and target; integer in [1, 8], default 2. */
  extraReceptacles?: number;
  /** Number of objects of other kinds than the task's; integer in [0, 20], default 3. */
  distractorObjects?: number;
  /** Steps after which an episode is truncated; integer in [1, 1000], default 20. */
  maxSteps?: number;
  /** Whether processing the task object with the wrong appliance ends the episode without reward; default true. */
  irreversible?: boolean;
}

/** Options of `createHousehold`. */
export interface HouseholdOptions extends HouseholdRules {
  /** `tokens` (default): scored action candidates; `vector`: a vector and a fixed set of 42 actions. */
  form?: Form;
}

type Rules = Readonly<Required<HouseholdRules>>;

const family: Family<World, Rules> = {
  name: 'household',
  version: '1',
  defaults: { extraReceptacles: 2, distractorObjects: 3, maxSteps: 20, irreversible: true },
  ranges: { extraReceptacles: [1, 8], distractorObjects: [0, 20], maxSteps: [1, 1000] },
  actionCount: ACTIONS,
  drawWorld: (seed, split, rules) => startWorld(drawGame(seed, split, rules.extraReceptacles, rules.distractorObjects)),
  otherGoals,
  startWith,
  copyWorld,
  possibleActions,
  act,
  vocabulary,
  stateSlots: STATE_SLOTS,
  actionSlots: ACTION_SLOTS,
  vectorWidth: VECTOR_WIDTH,
  moves: OPEN,
  places: ({ game }) => game.places,
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

/** The household in token form (55 readable words, see `grammar.ts`) or vector form (see `vectorForm.ts`). */
export function createHousehold(options: HouseholdOptions = {}): WorldEnvironment {
  return createWorldEnvironment('createHousehold', family, options);
}

/**
 * The household in English, for policies that read text. Games, order of actions, hashes and expert equal those of the
 * other forms.
 */
export function householdText(options: HouseholdRules = {}): TextEnvironment {
  return createWorldText('householdText', family, options);
}
