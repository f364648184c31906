/** Environments of a game with one world in play: tokens, vectors, or English. */
import type {
  CloneableEnvironment,
  EnvironmentSpec,
  Features,
  Split,
  Step,
  TextEnvironment,
  TextStep,
} from './environment.ts';
import {
  advance,
  copyEpisode,
  type Episode,
  type Game,
  isTruncated,
  type Rules,
  readEpisode,
  shownValue,
  startEpisode,
  type World,
  writeEpisode,
} from './episode.ts';

/** A game, how it is shown, and who knows how to play it. */
export interface Family<W extends World, R extends Rules> extends Game<W, R> {
  readonly vocabulary: readonly string[];
  readonly stateSlots: number;
  readonly actionSlots: number;
  readonly vectorWidth: number;
  /** An action below this goes to the place of its number. */
  readonly moves: number;
  /** Numbers of the places that exist. */
  places(world: W): readonly number[];
  stateFeatures(world: W): Features;
  /** Features of going to a place: they change only when the agent leaves the place. */
  gotoFeatures(world: W, place: number): Features;
  actionFeatures(world: W, action: number): Features;
  stateVector(world: W): Float32Array;
  stateText(world: W): string;
  actionText(world: W, action: number): string;
  hashWorld(world: W): number;
  /** Indices into `actions` of what a belief-based expert would do. */
  expertChoices(world: W, actions: readonly number[]): number[];
  taskOfSeed(seed: number): string;
}

/** An environment of a world answers at once: no method returns a promise. */
export interface WorldEnvironment extends CloneableEnvironment {
  reset(options: { seed: number; split: Split }): Step;
  step(action: number): Step;
  expertActions(): readonly number[];
  clone(): WorldEnvironment;
}

/** Form in which an environment shows states and actions; see `EnvironmentSpec`. */
export type Form = 'tokens' | 'vector';

/** @throws RangeError if it is none of them */
export function checkForm(caller: string, form: Form = 'tokens'): Form {
  if (form === 'tokens' || form === 'vector') return form;
  throw new RangeError(`${caller}: form must be tokens or vector, got ${shownValue(form)}; change options.form`);
}

function noEpisode(name: string, method: string): never {
  throw new Error(`${name}.${method}: no episode has started; call reset first`);
}

/** @param start an episode to go on from */
export function worldEnvironment<W extends World, R extends Rules>(
  family: Family<W, R>,
  rules: R,
  form: Form,
  start?: Episode<W>,
): WorldEnvironment {
  const { name, version, moves, vocabulary, stateSlots, actionSlots, vectorWidth, actionCount } = family;
  const { gotoFeatures, actionFeatures, stateFeatures, stateVector, actionText } = family;
  const common = { name, version, maxSteps: rules.maxSteps, hasExpert: true } as const;
  const spec: EnvironmentSpec =
    form === 'vector'
      ? { ...common, form, vectorWidth, actionCount }
      : { ...common, form, layout: 'slots', vocabulary, stateSlots, actionSlots };
  const goingFeatures = (world: W): Features[] => {
    const features: Features[] = [];
    for (const place of family.places(world)) features[place] = gotoFeatures(world, place);
    return features;
  };
  let current = start;
  /** Features of going to each place. */
  let going = start ? goingFeatures(start.world) : [];

  const playing = (method: string): Episode<W> => current ?? noEpisode(name, method);

  const admissibleFeatures = ({ world, possible }: Episode<W>): Features[] => {
    const features: Features[] = [];
    for (const action of possible) features.push(action < moves ? going[action] : actionFeatures(world, action));
    return features;
  };

  const present = (episode: Episode<W>): Step => ({
    observation: form === 'tokens' ? stateFeatures(episode.world) : stateVector(episode.world),
    reward: episode.world.succeeded ? 1 : 0,
    terminated: episode.world.ended,
    truncated: isTruncated(episode, rules),
    info: { admissibleActions: form === 'tokens' ? admissibleFeatures(episode) : episode.possible },
  });

  const play = (episode: Episode<W>): Step => {
    current = episode;
    going = goingFeatures(episode.world);
    return present(episode);
  };

  return {
    spec,
    reset: ({ seed, split }) => play(startEpisode(family, seed, split, rules)),
    step(index) {
      const episode = playing('step');
      const { world } = episode;
      const from = world.location;
      if (advance(family, episode, index, rules) < moves) going[from] = gotoFeatures(world, from);
      return present(episode);
    },
    observationText: () => family.stateText(playing('observationText').world),
    actionTexts() {
      const { world, possible } = playing('actionTexts');
      return possible.map((action) => actionText(world, action));
    },
    stateHash: () => family.hashWorld(playing('stateHash').world),
    expertActions() {
      const { world, possible } = playing('expertActions');
      return family.expertChoices(world, possible);
    },
    taskOf: ({ seed }) => family.taskOfSeed(seed),
    clone: () => worldEnvironment(family, rules, form, current && copyEpisode(family, current)),
    serialize: () => writeEpisode(family, playing('serialize'), rules),
    restore: (state) => play(readEpisode(family, state, rules)),
  };
}

/** The family in English, for policies that read text: same games, actions in the same order, same hashes and expert. */
export function worldText<W extends World, R extends Rules>(family: Family<W, R>, rules: R): TextEnvironment {
  const { name, version, stateText, actionText } = family;
  let current: Episode<W> | undefined;
  const playing = (method: string): Episode<W> => current ?? noEpisode(name, method);
  const present = (episode: Episode<W>): TextStep => ({
    observation: stateText(episode.world),
    reward: episode.world.succeeded ? 1 : 0,
    terminated: episode.world.ended,
    truncated: isTruncated(episode, rules),
    info: { admissibleActions: episode.possible.map((action) => actionText(episode.world, action)) },
  });
  return {
    spec: { name: `${name}-text`, version, maxSteps: rules.maxSteps, hasExpert: true },
    reset({ seed, split }) {
      current = startEpisode(family, seed, split, rules);
      return present(current);
    },
    step(index) {
      const episode = playing('step');
      advance(family, episode, index, rules);
      return present(episode);
    },
    stateHash: () => family.hashWorld(playing('stateHash').world),
    expertActions() {
      const { world, possible } = playing('expertActions');
      return family.expertChoices(world, possible);
    },
    taskOf: ({ seed }) => family.taskOfSeed(seed),
  };
}
