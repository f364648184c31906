/**
 * A crafting task with sparse reward: learn the recipes, gather two ingredients, mix them at the right station. Reward 1 for the product
 * asked for, else 0; a wrong mix ruins what went into it.
 */

import type { Environment, EnvironmentSpec, Features, Split, Step, TextEnvironment, TextStep } from '../environment.ts';
import { actionText, stateText } from './english.ts';
import {
  advance,
  type CraftingRules,
  checkRules,
  copyEpisode,
  type Episode,
  isTruncated,
  type Rules,
  startEpisode,
} from './episode.ts';
import { expertChoices } from './expert.ts';
import { taskOfSeed } from './games.ts';
import { ACTION_SLOTS, actionFeatures, gotoFeatures, STATE_SLOTS, stateFeatures, vocabulary } from './grammar.ts';
import { hashWorld } from './stateHash.ts';
import { stateVector, VECTOR_WIDTH } from './vectorForm.ts';
import { ACTIONS, TAKE, type World } from './world.ts';

const VERSION = '1';

export interface CraftingOptions extends CraftingRules {
  /** `tokens` (default): scored action candidates; `vector`: a vector and a fixed set of 35 actions. */
  form?: 'tokens' | 'vector';
}

/** Crafting answers at once: no method returns a promise. */
export interface Crafting extends Environment {
  reset(options: { seed: number; split: Split }): Step;
  step(action: number): Step;
  expertActions(): readonly number[];
  clone(): Crafting;
}

/** Crafting in tokens form (46 readable words, see `grammar.ts`) or vector form (see `vectorForm.ts`). */
export function createCrafting(options: CraftingOptions = {}): Crafting {
  const rules = checkRules('createCrafting', options);
  const form = options.form ?? 'tokens';
  if (form !== 'tokens' && form !== 'vector') {
    throw new RangeError(`createCrafting: form must be tokens or vector, got ${form}; change options.form`);
  }
  return build(rules, form);
}

function build(rules: Rules, form: 'tokens' | 'vector', start?: Episode): Crafting {
  const common = { name: 'crafting', version: VERSION, maxSteps: rules.maxSteps, hasExpert: true } as const;
  const spec: EnvironmentSpec =
    form === 'vector'
      ? { ...common, form, vectorWidth: VECTOR_WIDTH, actionCount: ACTIONS }
      : { ...common, form, layout: 'slots', vocabulary, stateSlots: STATE_SLOTS, actionSlots: ACTION_SLOTS };
  let current = start;
  /** Features of going to each room: they change only when the agent leaves the room. */
  let going = start ? goingFeatures(start.world) : [];

  const playing = (method: string): Episode => current ?? noEpisode(method);

  const admissibleFeatures = ({ world, possible }: Episode): Features[] => {
    const features: Features[] = [];
    for (const action of possible) features.push(action < TAKE ? going[action] : actionFeatures(world, action));
    return features;
  };

  const present = (episode: Episode): Step => ({
    observation: form === 'tokens' ? stateFeatures(episode.world) : stateVector(episode.world),
    reward: episode.world.succeeded ? 1 : 0,
    terminated: episode.world.ended,
    truncated: isTruncated(episode, rules),
    info: { admissibleActions: form === 'tokens' ? admissibleFeatures(episode) : episode.possible },
  });

  return {
    spec,
    reset({ seed, split }) {
      current = startEpisode(seed, split, rules);
      going = goingFeatures(current.world);
      return present(current);
    },
    step(index) {
      const episode = playing('step');
      const from = episode.world.location;
      if (advance(episode, index, rules) < TAKE) going[from] = gotoFeatures(episode.world, from);
      return present(episode);
    },
    observationText: () => stateText(playing('observationText').world),
    actionTexts: () => textsOf(playing('actionTexts')),
    stateHash: () => hashWorld(playing('stateHash').world),
    expertActions: () => expertOf(playing('expertActions')),
    taskOf: ({ seed }) => taskOfSeed(seed),
    clone: () => build(rules, form, current && copyEpisode(current)),
  };
}

/** Crafting in English, for policies that read text: same games, actions in the same order, same hashes and expert. */
export function craftingText(options: CraftingRules = {}): TextEnvironment {
  const rules = checkRules('craftingText', options);
  let current: Episode | undefined;
  const playing = (method: string): Episode => current ?? noEpisode(method);
  const present = (episode: Episode): TextStep => ({
    observation: stateText(episode.world),
    reward: episode.world.succeeded ? 1 : 0,
    terminated: episode.world.ended,
    truncated: isTruncated(episode, rules),
    info: { admissibleActions: textsOf(episode) },
  });
  return {
    spec: { name: 'crafting-text', version: VERSION, maxSteps: rules.maxSteps, hasExpert: true },
    reset({ seed, split }) {
      current = startEpisode(seed, split, rules);
      return present(current);
    },
    step(index) {
      const episode = playing('step');
      advance(episode, index, rules);
      return present(episode);
    },
    stateHash: () => hashWorld(playing('stateHash').world),
    expertActions: () => expertOf(playing('expertActions')),
    taskOf: ({ seed }) => taskOfSeed(seed),
  };
}

function goingFeatures(world: World): Features[] {
  const going: Features[] = [];
  for (const room of world.game.rooms) going[room] = gotoFeatures(world, room);
  return going;
}

function noEpisode(method: string): never {
  throw new Error(`crafting.${method}: no episode has started; call reset first`);
}

const textsOf = ({ world, possible }: Episode): string[] => possible.map((action) => actionText(world, action));

const expertOf = ({ world, possible }: Episode): number[] => expertChoices(world, possible);
