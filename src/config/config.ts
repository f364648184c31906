/**
 * The configuration of a run: one table contains every key with its default, rule, unit and meaning. Validation,
 * `--help` and docs/configuration.md are made from it. Names follow TRL's GRPO trainer where it has them.
 */
import { nearestName } from '../check/nearestName.ts';
import { checkTogether, show } from './checkTogether.ts';
import { labelSources, rolloutSources } from './labelNames.ts';
import { requireMemory } from './memory.ts';
import { canonicalMethod, checkTerms, isMethod, methodTerms, nearestMethod } from './method.ts';
import { type Bounds, choice, flag, integer, later, number, orNull, picklist, type Row, range } from './rows.ts';

/** The splits of an environment, as `evalSplits` names them. */
const splitNames = ['train', 'in-domain', 'out-of-domain'] as const;

function isSplits(text: string): boolean {
  const names = text.split('+');
  return (
    new Set(names).size === names.length && names.every((name) => (splitNames as readonly string[]).includes(name))
  );
}

/** The splits in the order of results; `all` for all three. */
function canonicalSplits(text: string): string {
  const named = text.split('+');
  const kept = splitNames.filter((name) => named.includes(name));
  return kept.length === splitNames.length ? 'all' : text === 'all' ? text : kept.join('+');
}

const nonNegative: Bounds = { min: 0 };
const positive: Bounds = { min: 0, above: true };
const fraction: Bounds = { min: 0, max: 1 };

const table = {
  env: {
    default: 'household',
    accepts: (value: unknown): value is string => typeof value === 'string' && value.trim() !== '',
    rule: "an environment's name",
    unit: '',
    meaning: 'environment to train in',
  },
  policy: choice(
    'attention',
    ['attention', 'mlp', 'custom'],
    'network: attention scores each listed action by its tokens, mlp scores a fixed set of actions; custom: a program passes it to train()',
  ),
  method: {
    default: 'grpo',
    accepts: (value: unknown): value is string => typeof value === 'string' && isMethod(value),
    rule: `one or more of ${methodTerms.join(', ')}, each once, joined by +`,
    nearest: nearestMethod,
    unit: '',
    meaning: 'terms of the objective; without gigpo and ppo, grpo is the base',
  },
  labels: choice(
    'graph',
    [...labelSources, 'custom'],
    'label source of classifier, contrastive, cloning and label-advantages; oracle uses task knowledge that an agent does not have, shuffled is a control; custom: a program passes it to train()',
  ),
  shuffledSource: choice('graph', rolloutSources, 'label source whose labels shuffled permutes'),
  labelNoise: number(0, fraction, '', 'probability with which each label is replaced by its opposite'),
  observation: orNull(
    picklist(['tokens', 'text', 'vector']),
    '',
    'form of observations; null = the default of the environment, with mlp vector',
  ),
  seed: integer(1, { min: 0 }, '', 'seed of all random number streams'),
  iterations: integer(160, nonNegative, 'iterations', 'iterations (one rollout and its updates) after the cold start'),
  maxSteps: orNull(
    range('integer', { min: 1 }),
    'steps',
    'limit of the episode length; null = the limit of the environment',
  ),
  bridgeProcesses: later(
    integer(
      1,
      { min: 1, max: 64 },
      'processes',
      'processes of the program that plays the environment; the result does not depend on their number',
    ),
  ),
  similarity: number(0.8, fraction, 'cosine', 'cosine of two states of one scenario; bandit only'),
  trainGames: integer(150, { min: 1 }, 'games', 'number of training games, which recur'),
  numGenerations: integer(8, { min: 2 }, 'episodes', 'episodes of a group, which start from the same state'),
  groupsPerIteration: integer(10, { min: 1 }, 'groups', 'groups collected per iteration'),
  numIterations: integer(2, { min: 1 }, 'passes', 'passes over the states of each rollout'),
  minibatches: integer(3, { min: 1 }, 'minibatches', 'minibatches of a pass; each is one parameter update'),
  temperature: number(1, positive, '', 'divides the logits of the policy when sampling and when training'),
  learningRate: number(3e-3, nonNegative, '', 'step size of AdamW'),
  lrSchedule: choice('constant', ['constant', 'linear', 'cosine'], 'how the learning rate decreases to 0 over the run'),
  warmupUpdates: integer(0, nonNegative, 'updates', 'updates over which the learning rate increases from 0'),
  adamBeta1: number(0.9, { min: 0, below: 1 }, '', 'decay rate of the mean of the gradient'),
  adamBeta2: number(0.999, { min: 0, below: 1 }, '', 'decay rate of the mean of the squared gradient'),
  adamEpsilon: number(1e-8, positive, '', 'added to the root of the mean squared gradient'),
  weightDecay: number(0, nonNegative, '', 'decoupled weight decay'),
  maxGradNorm: number(1, positive, '', 'limit of the gradient norm; larger gradients are scaled down to it'),
  epsilon: number(
    0.2,
    { min: 0, above: true, below: 1 },
    '',
    'clip bound: the probability ratio is clipped below 1 - epsilon',
  ),
  epsilonHigh: orNull(
    range('number', positive),
    '',
    'upper clip bound: the probability ratio is clipped above 1 + epsilonHigh; null = epsilon',
  ),
  beta: number(0, nonNegative, '', 'weight of the KL divergence from the policy after the cold start'),
  entropyCoef: number(0.005, nonNegative, '', 'weight of the entropy bonus'),
  scaleRewards: choice(
    'group',
    ['group', 'batch', 'none'],
    'standard deviation that divides the advantages: of the group, of all episodes of the iteration, or none',
  ),
  lossType: choice(
    'dapo',
    ['grpo', 'dr_grpo', 'bnpo', 'dapo'],
    'how the losses of steps are averaged; see docs/math.md',
  ),
  coldStart: integer(
    60,
    nonNegative,
    'episodes',
    'demonstrations of the expert that are cloned before training; 0 = no cold start',
  ),
  coldStartUpdates: integer(150, nonNegative, 'updates', 'parameter updates of the cold start'),
  coldStartBatch: integer(256, { min: 1 }, 'states', 'states per update of the cold start'),
  coldStartLearningRate: number(2e-3, nonNegative, '', 'step size of the cold start'),
  demonstrationNoise: number(0.2, fraction, '', 'probability of a random action in a demonstration'),
  classifierCoef: number(0.5, nonNegative, '', 'weight of the good/bad classifier loss'),
  classifierScope: choice(
    'all',
    ['all', 'taken'],
    'actions that the classifier trains on: all candidates, or only those taken',
  ),
  cloningCoef: number(0.1, nonNegative, '', 'weight of the cloning loss on the actions labelled good'),
  contrastiveCoef: number(0.05, nonNegative, '', 'weight of the supervised contrastive loss'),
  contrastiveTemperature: number(0.2, positive, '', 'divides the cosines in the contrastive loss'),
  contrastiveSamples: integer(256, { min: 2 }, 'samples', 'embeddings compared per update'),
  gigpoCoef: number(
    1,
    nonNegative,
    '',
    'weight of the step advantages of gigpo; the weight of episode advantages is 1',
  ),
  gigpoDiscount: number(0.95, fraction, 'per step', 'discount of the returns that gigpo compares'),
  returns: later(
    choice(
      'episode',
      ['episode', 'to-go'],
      'return that grpo compares: that of the episode, or at each step the discounted rewards from there on',
    ),
  ),
  discount: later(number(1, fraction, 'per step', 'discount of the returns to-go of grpo')),
  gaeDiscount: number(0.99, fraction, 'per step', 'discount of the returns that the value head of ppo predicts'),
  gaeLambda: number(0.95, fraction, 'per step', 'lambda of generalised advantage estimation in ppo'),
  valueCoef: number(0.5, nonNegative, '', 'weight of the value loss of ppo'),
  valueClip: orNull(
    range('number', positive),
    'return',
    'largest change of a value from its old value in the loss of ppo; null = no limit',
  ),
  valueNetwork: later(
    choice(
      'shared',
      ['shared', 'separate'],
      'network of the values of ppo: a head on the layers of the policy, or with mlp layers of its own',
    ),
  ),
  bootstrapTruncated: later(
    flag(false, 'ppo: a truncated episode counts the value of the state after its last step; false = it counts 0'),
  ),
  normalizeRewards: later(
    flag(false, 'ppo: divide rewards by the running standard deviation of the discounted return'),
  ),
  normalizeObservations: later(
    flag(false, 'mlp: subtract from observations their running mean and divide by their standard deviation'),
  ),
  conflictTasks: choice(
    'task',
    ['task', 'sign'],
    'tasks whose gradients pcgrad, gradvac and upgrad combine: those of the environment, or steps of positive and of negative advantage',
  ),
  gradvacBeta: number(0.01, fraction, '', 'weight of the latest cosine in the targets of gradvac'),
  labelAdvantages: choice(
    'plus',
    ['plus', 'instead'],
    'label-advantages: add labels as 1 and -1 to the advantages, or replace the advantages by them',
  ),
  labelWarmup: integer(
    0,
    nonNegative,
    'iterations',
    'iterations over which the weights of the label losses increase from 0',
  ),
  labelSchedule: choice(
    'constant',
    ['constant', 'linear', 'cosine'],
    'how the weights of the label losses decrease to 0 over the run',
  ),
  labelMargin: number(
    0.02,
    nonNegative,
    '',
    'smallest difference of return that gives a label (anchor, critic, counterfactual)',
  ),
  anchorIterations: integer(
    1,
    { min: 1 },
    'iterations',
    'iterations whose steps anchor compares, including the current one',
  ),
  graphDiscount: number(
    0.9,
    { min: 0, above: true, below: 1 },
    'per step',
    'discount of values in the experience graph, and of the returns that other label sources compare',
  ),
  graphMaxEdges: integer(2_000_000, { min: 1 }, 'edges', 'largest number of edges in the experience graph'),
  graphMinSuccesses: integer(
    1,
    { min: 1 },
    'steps',
    'steps with a positive reward that a game needs before graph labels paths to success',
  ),
  graphMinVisits: integer(
    1,
    { min: 1 },
    'times',
    'times that an action must be tried in a state before graph labels it there',
  ),
  criticSteps: integer(10_000, { min: 1 }, 'steps', 'latest steps that the critic trains on'),
  criticUpdates: integer(20, { min: 1 }, 'updates', 'updates of the critic per iteration'),
  criticBatch: integer(256, { min: 1 }, 'steps', 'steps in an update of the critic'),
  criticLearningRate: number(3e-3, positive, '', 'step size of the critic'),
  counterfactualStates: integer(
    16,
    { min: 1 },
    'states',
    'states per iteration in which all candidate actions are tried',
  ),
  counterfactualRollouts: integer(2, { min: 1 }, 'times', 'episodes played per candidate action'),
  tokenWidth: integer(12, { min: 1 }, 'channels', 'width of a token embedding'),
  matchWidth: integer(
    16,
    { min: 1 },
    'channels',
    'width of the queries and keys that match action tokens with state tokens',
  ),
  hidden: integer(64, { min: 1 }, 'channels', 'width of the hidden layer'),
  embedding: integer(32, { min: 1 }, 'channels', 'width of the embedding e(s, a), which all heads read'),
  blocks: integer(0, { min: 0, max: 4 }, 'blocks', 'self-attention blocks over the state'),
  heads: integer(2, { min: 1 }, 'heads', 'attention heads per block'),
  vocabularySize: integer(2000, { min: 2 }, 'words', 'largest number of words in a text vocabulary'),
  vocabularyEpisodes: integer(20, { min: 1 }, 'episodes', 'random episodes from which a text vocabulary is built'),
  maxStateTokens: integer(
    48,
    { min: 1 },
    'tokens',
    'most tokens kept of an observation in text, including the last action',
  ),
  maxActionTokens: integer(
    24,
    { min: 2 },
    'tokens',
    'most tokens kept of an action in text, including the sentence of the observation about it',
  ),
  history: later(
    integer(
      0,
      { min: 0, max: 64 },
      'steps',
      'earlier observations and actions of the episode that a state in text contains; each has up to maxStateTokens tokens',
    ),
  ),
  evalEpisodes: integer(400, { min: 1 }, 'episodes', 'episodes per split in an evaluation'),
  evalEvery: integer(0, nonNegative, 'iterations', 'iterations between evaluations; 0 = only at the start and the end'),
  evalSplits: later({
    default: 'all',
    accepts: (value: unknown): value is string => typeof value === 'string' && (value === 'all' || isSplits(value)),
    rule: `all, or one or more of ${splitNames.join(', ')}, each once, joined by +`,
    unit: '',
    meaning: 'splits that evaluations play; results of the others are null',
  }),
  evalAtStart: later(flag(true, 'whether the policy is also evaluated before the first iteration')),
  randomEpisodes: later(
    integer(
      0,
      nonNegative,
      'episodes',
      'episodes per split that are played with uniformly random actions, as a baseline in the result; 0 = no baseline',
    ),
  ),
  couplingPairs: integer(
    40,
    nonNegative,
    'pairs',
    'sample pairs of each pair class on which coupling is measured; 0 = coupling is not measured',
  ),
  couplingEvery: integer(
    0,
    nonNegative,
    'iterations',
    'iterations between coupling measurements; 0 = only at the start and the end',
  ),
  checkpointEvery: integer(20, { min: 1 }, 'iterations', 'iterations between checkpoints'),
  keepCheckpoints: integer(2, { min: 1 }, 'checkpoints', 'latest checkpoints that are kept, in addition to the first'),
} as const;

/** A key of the configuration; docs/configuration.md explains each. */
export type ConfigKey = keyof typeof table;

/**
 * The complete, validated configuration of a run; docs/configuration.md has the meaning, unit and default of each key.
 *
 * @interface
 */
export type Config = { readonly [K in ConfigKey]: (typeof table)[K] extends Row<infer T> ? T : string };

const keys = Object.keys(table) as ConfigKey[];

/** Every key with its default, rule, unit and meaning, in the order of the documentation. */
export const configTable: readonly (Omit<Row<number | string | boolean | null>, 'accepts' | 'nearest'> & {
  readonly key: ConfigKey;
})[] = keys.map((key) => {
  const { default: value, rule, unit, meaning } = table[key];
  return { key, default: value, rule, unit, meaning };
});

function unknownKey(key: string): Error {
  const nearest = nearestName(key, keys);
  const advice = nearest === null ? `the keys are: ${keys.join(', ')}` : `did you mean "${nearest}"?`;
  return new Error(`config: unknown key "${key}"; ${advice}`);
}

/**
 * The complete config: `partial` over the defaults, the method in canonical form. An undefined value counts as not
 * given.
 *
 * @throws Error naming an unknown key and the nearest known one, or the key, its rule and the value got
 */
export function resolveConfig(partial: unknown): Config {
  if (typeof partial !== 'object' || partial === null || Array.isArray(partial)) {
    throw new Error(`config: must be an object of keys and values, got ${show(partial)}`);
  }
  const given = partial as Record<string, unknown>;
  for (const key of Object.keys(given)) {
    if (!Object.hasOwn(table, key)) throw unknownKey(key);
  }
  if (given.numGenerations === 1) {
    throw new Error('config: numGenerations must be >= 2, got 1; the advantage compares the episodes of a group');
  }
  const config: Record<string, unknown> = {};
  for (const key of keys) {
    const row: Row<number | string | boolean | null> = table[key];
    const value = given[key] === undefined ? row.default : given[key];
    if (!row.accepts(value)) {
      const nearest = typeof value === 'string' ? (row.nearest?.(value) ?? null) : null;
      const advice = nearest === null ? '' : `; did you mean ${show(nearest)}?`;
      throw new Error(`config: ${key} must be ${row.rule}, got ${show(value)}${advice}`);
    }
    config[key] = value;
  }
  checkTerms(config.method as string, config.labels as string);
  config.method = canonicalMethod(config.method as string);
  config.evalSplits = canonicalSplits(config.evalSplits as string);
  if (config.policy === 'mlp') config.observation ??= 'vector';
  const resolved = config as Config;
  checkTogether(resolved);
  requireMemory(resolved);
  return resolved;
}

/** A config as records state it: without the later keys that have their default; see `later`. */
export type RecordedConfig = Readonly<Partial<Record<ConfigKey, number | string | boolean | null>>>;

export function recordedConfig(config: Config): RecordedConfig {
  const isRecorded = (key: ConfigKey): boolean => {
    const row: Row<number | string | boolean | null> = table[key];
    return row.later !== true || config[key] !== row.default;
  };
  return Object.fromEntries(keys.filter(isRecorded).map((key) => [key, config[key]]));
}

/**
 * The config as JSON with its keys in alphabetical order: equal text for equal configs, whatever order they were
 * written in.
 */
export function canonicalConfigJson(config: Config): string {
  return JSON.stringify(Object.fromEntries([...keys].sort().map((key) => [key, config[key]])));
}
