/**
 * A household task with sparse reward, in the manner of ALFWorld (Shridhar et al., "ALFWorld: Aligning Text and Embodied Environments
 * for Interactive Learning", ICLR 2021): six kinds of task, 12 objects, 12 receptacle types, reward 1 at success, else 0.
 */

import type {
  CloneableEnvironment,
  EnvironmentSpec,
  Features,
  Split,
  Step,
  TextEnvironment,
  TextStep,
} from '../environment.ts';
import { actionText, stateText } from './english.ts';
import {
  advance,
  checkRules,
  copyEpisode,
  type Episode,
  type HouseholdRules,
  isTruncated,
  type Rules,
  readEpisode,
  startEpisode,
  writeEpisode,
} from './episode.ts';
import { expertChoices } from './expert.ts';
import { taskOfSeed } from './games.ts';
import { ACTION_SLOTS, actionFeatures, gotoFeatures, STATE_SLOTS, stateFeatures, vocabulary } from './grammar.ts';
import { hashWorld } from './stateHash.ts';
import { stateVector, VECTOR_WIDTH } from './vectorForm.ts';
import { ACTIONS, OPEN, type World } from './world.ts';

const VERSION = '1';

export interface HouseholdOptions extends HouseholdRules {
  /** `tokens` (default): scored action candidates; `vector`: a vector and a fixed set of 42 actions. */
  form?: 'tokens' | 'vector';
}

/** A household answers at once: no method returns a promise. */
export interface Household extends CloneableEnvironment {
  reset(options: { seed: number; split: Split }): Step;
  step(action: number): Step;
  expertActions(): readonly number[];
  clone(): Household;
}

/** The household in tokens form (55 readable words, see `grammar.ts`) or vector form (see `vectorForm.ts`). */
export function createHousehold(options: HouseholdOptions = {}): Household {
  const rules = checkRules('createHousehold', options);
  const form = options.form ?? 'tokens';
  if (form !== 'tokens' && form !== 'vector') {
    throw new RangeError(`createHousehold: form must be tokens or vector, got ${form}; change options.form`);
  }
  return build(rules, form);
}

function build(rules: Rules, form: 'tokens' | 'vector', start?: Episode): Household {
  const common = { name: 'household', version: VERSION, maxSteps: rules.maxSteps, hasExpert: true } as const;
  const spec: EnvironmentSpec =
    form === 'vector'
      ? { ...common, form, vectorWidth: VECTOR_WIDTH, actionCount: ACTIONS }
      : { ...common, form, layout: 'slots', vocabulary, stateSlots: STATE_SLOTS, actionSlots: ACTION_SLOTS };
  let current = start;
  /** Features of going to each place: they change only when the agent leaves the place. */
  let going = start ? goingFeatures(start.world) : [];

  const playing = (method: string): Episode => current ?? noEpisode(method);

  const admissibleFeatures = ({ world, possible }: Episode): Features[] => {
    const features: Features[] = [];
    for (const action of possible) features.push(action < OPEN ? going[action] : actionFeatures(world, action));
    return features;
  };

  const present = (episode: Episode): Step => ({
    observation: form === 'tokens' ? stateFeatures(episode.world) : stateVector(episode.world),
    reward: episode.world.succeeded ? 1 : 0,
    terminated: episode.world.ended,
    truncated: isTruncated(episode, rules),
    info: { admissibleActions: form === 'tokens' ? admissibleFeatures(episode) : episode.possible },
  });

  const play = (episode: Episode): Step => {
    current = episode;
    going = goingFeatures(episode.world);
    return present(episode);
  };

  return {
    spec,
    reset: ({ seed, split }) => play(startEpisode(seed, split, rules)),
    step(index) {
      const episode = playing('step');
      const from = episode.world.location;
      if (advance(episode, index, rules) < OPEN) going[from] = gotoFeatures(episode.world, from);
      return present(episode);
    },
    observationText: () => stateText(playing('observationText').world),
    actionTexts: () => textsOf(playing('actionTexts')),
    stateHash: () => hashWorld(playing('stateHash').world),
    expertActions: () => expertOf(playing('expertActions')),
    taskOf: ({ seed }) => taskOfSeed(seed),
    clone: () => build(rules, form, current && copyEpisode(current)),
    serialize: () => writeEpisode(playing('serialize'), rules, VERSION),
    restore: (state) => play(readEpisode(state, rules, VERSION)),
  };
}

/** The household in English, for policies that read text: same games, actions in the same order, same hashes and expert. */
export function householdText(options: HouseholdRules = {}): TextEnvironment {
  const rules = checkRules('householdText', options);
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
    spec: { name: 'household-text', version: VERSION, maxSteps: rules.maxSteps, hasExpert: true },
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
  for (const place of world.game.places) going[place] = gotoFeatures(world, place);
  return going;
}

function noEpisode(method: string): never {
  throw new Error(`household.${method}: no episode has started; call reset first`);
}

const textsOf = ({ world, possible }: Episode): string[] => possible.map((action) => actionText(world, action));

const expertOf = ({ world, possible }: Episode): number[] => expertChoices(world, possible);
