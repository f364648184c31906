/** Environments of a game with a world, in three forms: tokens, vectors, or English. */
import { checkKeys } from '../check/values.ts';
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
  achievedGoals,
  advance,
  checkRules,
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

/** A game with its forms and its expert. */
export interface Family<W extends World, R extends Rules> extends Game<W, R> {
  readonly defaults: R;
  /** Smallest and largest value of each integer option; the other options are booleans. */
  readonly ranges: { readonly [name: string]: readonly [number, number] };
  readonly vocabulary: readonly string[];
  readonly stateSlots: number;
  readonly actionSlots: number;
  readonly vectorWidth: number;
  /** An action below this number goes to the place of the same number. */
  readonly moves: number;
  /** Numbers of the existing places. */
  places(world: W): readonly number[];
  stateFeatures(world: W): Features;
  /** Features of going to a place. They change only when the agent leaves the place. */
  gotoFeatures(world: W, place: number): Features;
  actionFeatures(world: W, action: number): Features;
  stateVector(world: W): Float32Array;
  stateText(world: W): string;
  actionText(world: W, action: number): string;
  hashWorld(world: W): number;
  /** Indices into `actions` of the choices of an expert that uses only what the agent has seen. */
  expertChoices(world: W, actions: readonly number[]): number[];
  taskOfSeed(seed: number): string;
}

/** All methods are synchronous: none returns a promise. */
export interface WorldEnvironment extends CloneableEnvironment {
  reset(options: { seed: number; split: Split; goal?: number }): Step;
  step(action: number): Step;
  expertActions(): readonly number[];
  achieved(): readonly number[];
  clone(): WorldEnvironment;
}

/** Form in which an environment shows states and actions; see `EnvironmentSpec`. */
export type Form = 'tokens' | 'vector';

type RuleOptions<R extends Rules> = { readonly [K in keyof R]?: R[K] | undefined };

/**
 * Creates an environment of a task domain in token or vector form from the options of a caller.
 *
 * @param caller name of the function, for errors
 * @throws Error that names an unknown option; RangeError with the option, its rule and the value
 */
export function createWorldEnvironment<W extends World, R extends Rules>(
  caller: string,
  family: Family<W, R>,
  options: RuleOptions<R> & { readonly form?: Form | undefined },
): WorldEnvironment {
  checkKeys(caller, 'options', options, { ...family.defaults, form: 1 });
  const { form, ...rules } = options;
  const checked = checkRules(caller, rules as RuleOptions<R>, family.defaults, family.ranges);
  return worldEnvironment(family, checked, checkForm(caller, form));
}

/**
 * Creates an environment of a task domain in English from the options of a caller.
 *
 * @param caller name of the function, for errors
 * @throws Error that names an unknown option; RangeError with the option, its rule and the value
 */
export function createWorldText<W extends World, R extends Rules>(
  caller: string,
  family: Family<W, R>,
  options: RuleOptions<R>,
): TextEnvironment {
  return worldText(family, checkRules(caller, options, family.defaults, family.ranges));
}

/** @throws RangeError if `form` is neither of the two */
function checkForm(caller: string, form: Form = 'tokens'): Form {
  if (form === 'tokens' || form === 'vector') return form;
  throw new RangeError(`${caller}: form must be tokens or vector, got ${shownValue(form)}; change options.form`);
}

function noEpisode(name: string, method: string): never {
  throw new Error(`${name}.${method}: no episode has started; call reset first`);
}

/** @param start an episode to continue */
function worldEnvironment<W extends World, R extends Rules>(
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
    reset: ({ seed, split, goal }) => play(startEpisode(family, seed, split, rules, goal)),
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
    achieved: () => achievedGoals(family, playing('achieved'), rules),
    taskOf: ({ seed }) => family.taskOfSeed(seed),
    clone: () => worldEnvironment(family, rules, form, current && copyEpisode(family, current)),
    serialize: () => writeEpisode(family, playing('serialize'), rules),
    restore: (state) => play(readEpisode(family, state, rules)),
  };
}

/**
 * The task domain in English, for policies that read text. Games, order of actions, hashes and expert equal those of
 * the other forms.
 */
function worldText<W extends World, R extends Rules>(family: Family<W, R>, rules: R): TextEnvironment {
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
    reset({ seed, split, goal }) {
      current = startEpisode(family, seed, split, rules, goal);
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
    achieved: () => achievedGoals(family, playing('achieved'), rules),
    taskOf: ({ seed }) => family.taskOfSeed(seed),
  };
}
