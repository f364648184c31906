/**
 * The interface that a user implements: an environment in vector, tokens or text form, of which only `spec`, `reset`
 * and `step` are required. `completeEnvironment.ts` adds defaults and checks.
 */
import type { Features, MaybePromise, Split, SuccessKind } from './environment.ts';

/** What the specs of all forms state. */
export interface CustomCommonSpec {
  /** Name of the environment in records and messages. */
  readonly name: string;
  /** Version of rules and wording; raise it with any change of an episode. Default `'1'`. */
  readonly version?: string;
  /** The engine truncates an episode after this many steps, an integer in [1, 10000]. */
  readonly maxSteps: number;
  /** Default: whether the environment has `expertActions`. */
  readonly hasExpert?: boolean;
  /**
   * What the success of an episode is: `return` (default): its return; `step`: `success` of its last step; null:
   * nothing, results then show returns.
   */
  readonly success?: SuccessKind;
}

/** States are vectors of `vectorWidth` finite numbers, actions are ids in [0, actionCount). */
export interface CustomVectorSpec extends CustomCommonSpec {
  readonly form: 'vector';
  readonly vectorWidth: number;
  readonly actionCount: number;
}

/** States and actions are lists of features `slot * vocabulary.length + token`, ascending by slot. */
export interface CustomTokensSpec extends CustomCommonSpec {
  readonly form: 'tokens';
  readonly vocabulary: readonly string[];
  readonly stateSlots: number;
  readonly actionSlots: number;
  /** `slots` (default): a slot has a fixed meaning; `sequence`: a slot is a position in a text. */
  readonly layout?: 'slots' | 'sequence';
}

/** States and actions are texts; the engine builds a vocabulary from random episodes. */
export interface CustomTextSpec extends CustomCommonSpec {
  readonly form: 'text';
}

/** What `reset` and `step` return. After `reset` only `observation` is needed, in text and tokens form also `info`. */
export interface CustomStep<Observation, Action> {
  readonly observation: Observation;
  /** Reward of the step just taken, any finite number; default 0. An episode's return is the sum of its rewards. */
  readonly reward?: number;
  /** The task ended: success, or a failure that cannot be undone. Default false. */
  readonly terminated?: boolean;
  /** A limit ended the episode. Default false; the engine adds its own limit `spec.maxSteps`. */
  readonly truncated?: boolean;
  /** Needed on the last step of an episode where `spec.success` is `step`: a boolean, or a number in [0, 1]. */
  readonly success?: boolean | number;
  readonly info?: {
    /** Actions that are possible now, in one order for equal states. Default in vector form: all ids. */
    readonly admissibleActions?: readonly Action[];
  };
}

/**
 * An environment with the semantics of Gymnasium: `reset({ seed, split })` starts an episode, `step(action)` takes the
 * action with this index in `info.admissibleActions` (in vector form by default: the action with this id). Both may
 * return a promise. Equal seeds and splits must give equal episodes.
 */
export interface CustomEpisodes<Spec, Observation, Action> {
  readonly spec: Spec;
  /**
   * `rollout` (0, 1, ...) tells the episodes of one group apart: an environment with chance in it draws that from
   * (seed, rollout). `goal`, in environments with `achieved`: one of its numbers; the same game with that goal.
   */
  reset(episode: {
    seed: number;
    split: Split;
    rollout?: number;
    goal?: number;
  }): MaybePromise<CustomStep<Observation, Action>>;
  /** Takes the action with this index among the admissible ones. */
  step(action: number): MaybePromise<CustomStep<Observation, Action>>;
  /**
   * Integer below 2^53, equal for states in which the same future is possible. Default: a hash of the observation and
   * of the admissible actions that the environment lists.
   */
  stateHash?(): number;
  /** Indices of the actions that an expert would take. Labels `oracle`, demonstrations and label quality need it. */
  expertActions?(): readonly number[];
  /**
   * The goals, as integers >= 0, under which the actions of the episode so far succeed in the same game, without its
   * own. The state hash and the admissible actions must not depend on the goal. `hindsight` needs it.
   */
  achieved?(): readonly number[];
  /** Name of the kind of task in a game. Default: every game is a task of its own. */
  taskOf?(game: { readonly seed: number; readonly split: Split }): string;
  /** A copy that continues the episode by itself. Labels `counterfactual` need it. */
  clone?(): CustomEpisodes<Spec, Observation, Action>;
  /** Releases what the environment owns. */
  close?(): Promise<void>;
}

export interface CustomVectorEnvironment
  extends CustomEpisodes<CustomVectorSpec, readonly number[] | Float32Array, number> {}
export interface CustomTokensEnvironment extends CustomEpisodes<CustomTokensSpec, Features, Features> {}
export interface CustomTextEnvironment extends CustomEpisodes<CustomTextSpec, string, string> {}

/** An environment of the user's own, in one of the three forms. */
export type CustomEnvironment = CustomVectorEnvironment | CustomTokensEnvironment | CustomTextEnvironment;
