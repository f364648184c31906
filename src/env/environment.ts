/**
 * The interface of a complete environment, with the semantics of Gymnasium: `reset({ seed, split })` starts an episode,
 * `step(action)` takes an action, `terminated` and `truncated` end the episode, and `info.admissibleActions` lists the
 * possible actions in one sorted order. Users implement the smaller interface of `custom.ts`.
 *
 * States and actions have one of two forms:
 * - `tokens`: a list of features, each `slot * vocabulary.length + token`. A slot may hold any number of tokens (a bag)
 *   or none.
 * - `vector`: a state is a fixed-width vector and an action an id in [0, actionCount).
 *
 * A `TextEnvironment` returns text. `text/tokenized.ts` converts it to tokens, with slot = position in the text.
 */

/**
 * `train` games repeat during training. `in-domain` games are new layouts of combinations that occur in training.
 * `out-of-domain` games are combinations that training never shows.
 */
export type Split = 'train' | 'in-domain' | 'out-of-domain';

/** The three splits, in the order in which results list them. */
export const splits: readonly Split[] = ['train', 'in-domain', 'out-of-domain'];

/**
 * What the success of an episode is: `return`: its return, a number in [0, 1] where the rewards are those of a solved
 * game; `step`: the `success` of its last step; null: nothing, the environment only has returns.
 */
export type SuccessKind = 'return' | 'step' | null;

/** Features of a state or of one action (tokens form), ascending by slot. */
export type Features = readonly number[];

interface CommonSpec {
  /** Name of the environment, as in `--env` for a built-in one. */
  readonly name: string;
  /** Version of rules and wording. Any change of an episode raises it. Every record states it. */
  readonly version: string;
  /** An episode is truncated after this many steps. */
  readonly maxSteps: number;
  /** Whether `expertActions` is implemented. Labels `oracle`, demonstrations and label quality need it. */
  readonly hasExpert: boolean;
  /** Default `return`. */
  readonly success?: SuccessKind;
  /**
   * Present if observations have a place for a hint (`withHints`): a hint appears where the policy takes an action that
   * its classifier thinks bad with a probability above `threshold`, or in a share of `threshold` of all states.
   */
  readonly hint?: { readonly by: 'classifier' | 'random'; readonly threshold: number };
  /** Versions by name of the packages with which another program plays the episodes. Records state them. */
  readonly packages?: Readonly<Record<string, string>>;
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
  /** Features (tokens form) or a vector of `vectorWidth` finite numbers (vector form). The receiver may change it. */
  readonly observation: Features | Float32Array;
  /** Reward of the step just taken; 0 after reset. */
  readonly reward: number;
  /** The task ended (success or irreversible failure). */
  readonly terminated: boolean;
  /** The step limit ended the episode. */
  readonly truncated: boolean;
  /** Where `spec.success` is `step`: the success of the episode, on its last step; a number is in [0, 1]. */
  readonly success?: boolean | number;
  readonly info: {
    /**
     * Actions possible now, in one sorted order: features each (tokens form) or ids (vector form). Empty only after the
     * end.
     */
    readonly admissibleActions: readonly Features[] | readonly number[];
  };
}

export type MaybePromise<T> = T | Promise<T>;

/** What policies play in. One instance plays one episode at a time. */
export interface Environment {
  readonly spec: EnvironmentSpec;
  /**
   * Starts the episode of `seed` and `split`; the same pair always starts the same episode. `rollout` (default 0)
   * distinguishes the rollouts of one group: a stochastic environment samples from a stream of (seed, rollout).
   */
  reset(options: {
    seed: number;
    split: Split;
    rollout?: number;
    /** One of `achieved()`: the same game with this goal. Only for environments with that method. */
    goal?: number;
  }): MaybePromise<Step>;
  /** Takes the action with this index in `info.admissibleActions`. */
  step(action: number): MaybePromise<Step>;
  /** The current observation in English. */
  observationText(): string;
  /** Each admissible action in English, in their order. */
  actionTexts(): readonly string[];
  /**
   * Hash (an integer below 2^53) of everything that the past actions of the episode changed or revealed. It names a
   * node of the experience graph.
   */
  stateHash(): number;
  /**
   * Indices of the actions that an expert would take. The experts of built-in environments use only what the agent has
   * observed. Implemented where `spec.hasExpert` is true.
   */
  expertActions?(): readonly number[];
  /** Name of the kind of task in a game. Without this method every game is a task of its own. */
  taskOf?(game: { readonly seed: number; readonly split: Split }): string;
  /**
   * The goals other than the episode's own that its actions so far achieve, as numbers for `reset`: in the same game
   * with such a goal, the same actions succeed. Only goals that a game of the split may have. `hindsight` needs it.
   */
  achieved?(): readonly number[];
  /** A copy that continues the episode independently. Labels `counterfactual` need it. */
  clone?(): Environment;
  /** Releases what the environment owns, for example a process. */
  close?(): Promise<void>;
}

/** An environment whose episodes can be copied and stored at any step. */
export interface CloneableEnvironment extends Environment {
  clone(): CloneableEnvironment;
  /** JSON text from which `restore` continues the episode. */
  serialize(): string;
  /** Continues the episode that `serialize` wrote, and returns its present step. */
  restore(state: string): Step;
}

/** A text environment: observations and actions before tokenisation. */
export interface TextStep {
  readonly observation: string;
  readonly reward: number;
  readonly terminated: boolean;
  readonly truncated: boolean;
  /** See `Step.success`. */
  readonly success?: boolean | number;
  readonly info: { readonly admissibleActions: readonly string[] };
}

/** An environment whose observations and actions are English texts; `tokenized` makes an `Environment` of it. */
export interface TextEnvironment {
  readonly spec: {
    readonly name: string;
    readonly version: string;
    readonly maxSteps: number;
    readonly hasExpert: boolean;
    readonly success?: SuccessKind;
    readonly packages?: Readonly<Record<string, string>>;
  };
  /** See `Environment.reset`. */
  reset(options: { seed: number; split: Split; goal?: number }): MaybePromise<TextStep>;
  /** Takes the action with this index in `info.admissibleActions`. */
  step(action: number): MaybePromise<TextStep>;
  /** See `Environment.stateHash`. Default: the hash of the observation text and the admissible actions. */
  stateHash?(): number;
  /** See `Environment.expertActions`. */
  expertActions?(): readonly number[];
  /** See `Environment.achieved`. */
  achieved?(): readonly number[];
  /** See `Environment.taskOf`. */
  taskOf?(game: { readonly seed: number; readonly split: Split }): string;
  /** Releases what the environment owns. */
  close?(): Promise<void>;
}
