/**
 * The workload of a config in numbers: how many states are played and learned from, and how large the network is. The
 * estimates of time and memory start from these numbers, before anything is opened. A config may come from an untrusted
 * file, so its numbers may be huge: results are finite or Infinity, never NaN, and grow with every count.
 */

/** The config keys on which the workload depends. */
export interface SizedConfig {
  readonly env: string;
  readonly policy: string;
  readonly observation: string | null;
  readonly maxSteps: number | null;
  readonly tokenWidth: number;
  readonly matchWidth: number;
  readonly hidden: number;
  readonly embedding: number;
  readonly blocks: number;
  readonly valueNetwork: string;
  readonly vocabularySize: number;
  readonly maxStateTokens: number;
  readonly maxActionTokens: number;
  readonly history: number;
}

/** Sizes of the states of an environment; where they vary, means over episodes of random play. */
export interface Shape {
  /**
   * Steps of an episode: the limit where every episode reaches it, three quarters of it where success ends an episode.
   */
  readonly steps: number;
  /** Candidate actions of a state. */
  readonly actions: number;
  readonly stateSlots: number;
  readonly actionSlots: number;
  /** Tokens of the vocabulary, and numbers of a vector. */
  readonly vocabulary: number;
  readonly vectorWidth: number;
  readonly form: 'slots' | 'sequence' | 'vector';
}

const vectors = { stateSlots: 0, actionSlots: 1, form: 'vector' } as const;

const tokenShapes: Readonly<Record<string, Shape>> = {
  household: { steps: 15, actions: 7, stateSlots: 11, actionSlots: 6, vocabulary: 55, vectorWidth: 0, form: 'slots' },
  crafting: { steps: 15, actions: 6, stateSlots: 7, actionSlots: 6, vocabulary: 46, vectorWidth: 0, form: 'slots' },
};

const vectorShapes: Readonly<Record<string, Shape>> = {
  household: { ...vectors, steps: 15, actions: 7, vocabulary: 42, vectorWidth: 443 },
  crafting: { ...vectors, steps: 15, actions: 6, vocabulary: 35, vectorWidth: 205 },
  'look-alike': { ...vectors, steps: 3, actions: 6, vocabulary: 6, vectorWidth: 16 },
  bandit: { ...vectors, steps: 5, actions: 6, vocabulary: 6, vectorWidth: 16 },
};

/** Typical sizes of vectors of other programs: those of Gymnasium have about 10 numbers, those of MiniGrid 1000. */
const otherVectors: Shape = { ...vectors, steps: 200, actions: 4, vocabulary: 4, vectorWidth: 100 };

/** The shape of the environment of a config. For an environment that is not built in, typical sizes. */
export function shapeOf(config: SizedConfig): Shape {
  const { env, policy, observation, maxSteps, vocabularySize, maxStateTokens, maxActionTokens, history } = config;
  const known = policy === 'mlp' ? vectorShapes : observation === 'text' ? {} : tokenShapes;
  const written = Object.hasOwn(tokenShapes, env);
  const shape: Shape = Object.hasOwn(known, env)
    ? known[env]
    : policy === 'mlp'
      ? otherVectors
      : {
          steps: written ? tokenShapes[env].steps : 40,
          actions: 8,
          stateSlots: maxStateTokens * (1 + history),
          actionSlots: maxActionTokens,
          vocabulary: written ? 80 : Math.min(vocabularySize, 2000),
          vectorWidth: 0,
          form: 'sequence',
        };
  return maxSteps === null ? shape : { ...shape, steps: 0.75 * maxSteps };
}

/** The size of a network. */
export interface NetworkSize {
  /** Floating-point operations to score one state. */
  readonly flops: number;
  /** Parameters, and floats of a vector of them with its derived tables. */
  readonly parameters: number;
  readonly vector: number;
  /** Floats of all layers for one state, and for one of its candidate actions. */
  readonly perState: number;
  readonly perAction: number;
}

/** The size of the network that a config asks for; see `policy/attention.ts` and `policy/mlp.ts` for the formulas. */
export function networkSize(config: SizedConfig): NetworkSize {
  const { tokenWidth: w, matchWidth: m, hidden: h, embedding: e, blocks } = config;
  const { actions, stateSlots: s, actionSlots: a, vocabulary, vectorWidth, form } = shapeOf(config);
  const heads = h * e + 4 * e;
  if (form === 'vector') {
    const values = config.valueNetwork === 'separate' ? vectorWidth * h + h * e : 0;
    return {
      flops: 2 * (vectorWidth * h + values) + actions * (h + 2 * heads),
      parameters: vectorWidth * h + vocabulary * w + w * h + heads + values,
      vector: vectorWidth * h + vocabulary * (w + h) + w * h + heads + values,
      perState: 2 * vectorWidth + (values > 0 ? 4 * h + 2 * e : 2 * h),
      perAction: 2 * h + 2 * e,
    };
  }
  const block = { flops: s * (24 * w * w + 4 * s * w), parameters: 12 * w * w + 13 * w, floats: s * (14 * w + s) };
  const table = vocabulary * w + (s + a) * w;
  if (form === 'sequence') {
    return {
      flops: blocks * block.flops + 4 * s * w * w + actions * (a * w + 4 * s * w + 4 * w * w + 2 * w * h + 2 * heads),
      parameters: table + blocks * block.parameters + 4 * w * w + 2 * w * h + heads,
      vector: table + blocks * block.parameters + 4 * w * w + 2 * w * h + heads,
      perState: 2 * (blocks * block.floats + 3 * s * w + h),
      perAction: 2 * (a * w + 4 * w + 2 * s + 2 * h + e),
    };
  }
  const parameters = table + blocks * block.parameters + (s + a) * w * h + 2 * w * m + a * s * h + heads;
  return {
    flops:
      blocks * (block.flops + 2 * s * w * (h + m)) + s * (h + m) + actions * (a * h + 2 * a * s * (m + h) + 2 * heads),
    parameters,
    // Self-attention reads the tokens of the state; without it, a table holds the contribution of each token.
    vector: parameters + vocabulary * ((blocks > 0 ? a : s + a) * h + m),
    perState: 2 * (blocks * block.floats + s * (w + m) + h),
    perAction: 2 * (a * m + a * s + 2 * h + e),
  };
}
