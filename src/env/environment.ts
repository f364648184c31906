/**
 * The interface every environment implements, in the shape of Gymnasium: `reset({seed})`, `step(action)`, `terminated` and `truncated`,
 * `info.admissibleActions` in one sorted order.
 *
 * An environment shows states and actions in one of two forms:
 * - `tokens`: a list of features, each `slot * vocabulary.length + token`. A slot may hold any number of tokens (a bag) or none.
 * - `vector`: a state is a fixed-width vector and an action an id in [0, actionCount).
 *
 * Text is a third form, of `TextEnvironment`; `text/tokenized.ts` turns it into tokens with slot = position in the text.
 */

/** `train` games repeat; `in-domain` games are new layouts of combinations seen in training; `out-of-domain` games are held-out combinations. */
export type Split = 'train' | 'in-domain' | 'out-of-domain';

/** The three splits, in the order in which results list them. */
export const splits: readonly Split[] = ['train', 'in-domain', 'out-of-domain'];

/** Features of a state or of one action (tokens form), ascending by slot. */
export type Features = readonly number[];

interface CommonSpec {
  /** Name as given to `--env`. */
  readonly name: string;
  /** Version of rules and wording; any change of an episode raises it. Part of every record. */
  readonly version: string;
  /** An episode is truncated after this many steps. */
  readonly maxSteps: number;
  /** Whether `expertActions` is implemented (labels `oracle`, demonstrations, label quality need it). */
  readonly hasExpert: boolean;
}

/** An environment in tokens form. */
export interface TokensSpec extends CommonSpec {
  readonly form: 'tokens';
  /** Word of each token id. */
  readonly vocabulary: readonly string[];
  readonly stateSlots: number;
  readonly actionSlots: number;
  /** `slots`: a slot has a fixed meaning; `sequence`: a slot is a position in a text. */
  readonly layout: 'slots' | 'sequence';
}

/** An environment in vector form. */
export interface VectorSpec extends CommonSpec {
  readonly form: 'vector';
  readonly vectorWidth: number;
  readonly actionCount: number;
}

/** What is fixed about an environment: its form, sizes and limits. */
export type EnvironmentSpec = TokensSpec | VectorSpec;

/** What `reset` and `step` return. */
export interface Step {
  /** Features (tokens form) or a vector of `vectorWidth` finite numbers (vector form). Owned by the receiver. */
  readonly observation: Features | Float32Array;
  /** Reward of the step just taken; 0 after reset. */
  readonly reward: number;
  /** The task ended (success or irreversible failure). */
  readonly terminated: boolean;
  /** The step limit ended the episode. */
  readonly truncated: boolean;
  readonly info: {
    /** Actions possible now, in one sorted order: features each (tokens form) or ids (vector form). Empty only after the end. */
    readonly admissibleActions: readonly Features[] | readonly number[];
  };
}

type MaybePromise<T> = T | Promise<T>;

/** What policies play in. One instance plays one episode at a time. */
export interface Environment {
  readonly spec: EnvironmentSpec;
  /**
   * Starts the episode that `seed` and `split` name; the same pair gives the same episode for ever. `rollout` (default 0) tells the
   * rollouts of one group apart: an environment with chance in it draws that from (seed, rollout).
   */
  reset(options: { seed: number; split: Split; rollout?: number }): MaybePromise<Step>;
  /** Takes the action with this index in `info.admissibleActions`. */
  step(action: number): MaybePromise<Step>;
  /** English rendering of the present observation. */
  observationText(): string;
  /** English rendering of each admissible action, in their order. */
  actionTexts(): readonly string[];
  /** Hash (an integer below 2^53) of all that the episode's past actions changed or revealed: a node of the experience graph. */
  stateHash(): number;
  /** Indices of the actions a belief-based expert would take: it knows only what the agent has seen. Only where `spec.hasExpert`. */
  expertActions?(): readonly number[];
  /** Name of the kind of task in a game, whatever is being played. Without it every game is a task of its own. */
  taskOf?(game: { readonly seed: number; readonly split: Split }): string;
  /** A copy that goes on from the present step of the episode by itself (labels `counterfactual` need it). */
  clone?(): Environment;
  /** Releases what the environment owns (a process, say). */
  close?(): Promise<void>;
}

/** An environment whose episodes can be copied and stored in the middle. */
export interface CloneableEnvironment extends Environment {
  clone(): CloneableEnvironment;
  /** JSON text from which `restore` continues the episode. */
  serialize(): string;
  /** Continues the episode that `serialize` wrote, and returns its present step. */
  restore(state: string): Step;
}

/** A text environment: what a bridge or a rendering gives before tokenising. */
export interface TextStep {
  readonly observation: string;
  readonly reward: number;
  readonly terminated: boolean;
  readonly truncated: boolean;
  readonly info: { readonly admissibleActions: readonly string[] };
}

/** An environment whose observations and actions are English texts; `tokenized` makes an `Environment` of it. */
export interface TextEnvironment {
  readonly spec: {
    readonly name: string;
    readonly version: string;
    readonly maxSteps: number;
    readonly hasExpert: boolean;
  };
  /** See `Environment.reset`. */
  reset(options: { seed: number; split: Split }): MaybePromise<TextStep>;
  /** Takes the action with this index in `info.admissibleActions`. */
  step(action: number): MaybePromise<TextStep>;
  /** See `Environment.stateHash`; without it the hash of the observation text and the actions stands in. */
  stateHash?(): number;
  /** See `Environment.expertActions`. */
  expertActions?(): readonly number[];
  /** See `Environment.taskOf`. */
  taskOf?(game: { readonly seed: number; readonly split: Split }): string;
  /** Releases what the environment owns. */
  close?(): Promise<void>;
}
