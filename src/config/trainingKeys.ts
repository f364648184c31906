/** Keys of the environment, of rollouts, of the optimiser and of the cold start. */
import { labelSources, rolloutSources } from './labelNames.ts';
import { isMethod, methodTerms, nearestMethod } from './method.ts';
import { type Bounds, choice, flag, integer, later, number, orNull, picklist, range } from './rows.ts';

const nonNegative: Bounds = { min: 0 };
const positive: Bounds = { min: 0, above: true };
const fraction: Bounds = { min: 0, max: 1 };

export const trainingKeys = {
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
  optimizer: later(
    choice(
      'adamw',
      ['adamw', 'muon'],
      'adamw: AdamW for all parameters; muon: Muon for the hidden matrices and AdamW for all other parameters',
    ),
  ),
  learningRate: number(3e-3, nonNegative, '', 'step size of the optimiser'),
  muonLearningRate: later(
    orNull(
      range('number', positive),
      '',
      'step size of Muon while that of AdamW is learningRate; schedule, warm-up and cold start scale both; null = learningRate',
    ),
  ),
  muonMomentum: later(number(0.95, { min: 0, below: 1 }, '', 'decay rate of the mean of the gradient in Muon')),
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
  updateKl: later(
    orNull(
      range('number', positive),
      'nats',
      'mean KL divergence of the policy before an update from that after it, on the states of its minibatch, to which each step is scaled; null = steps as the optimiser takes them',
    ),
  ),
  beta: number(0, nonNegative, '', 'weight of the KL divergence from the policy after the cold start'),
  entropyCoef: number(0.005, nonNegative, '', 'weight of the entropy bonus'),
  churnCoef: later(
    number(
      0,
      nonNegative,
      '',
      'weight of the divergence from the policy before the previous update, on states of the rollout outside the minibatch',
    ),
  ),
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
  coldStartClassifier: later(
    flag(
      false,
      'the cold start also trains the classifier, weighted by classifierCoef: the demonstrated action is good, the others are bad',
    ),
  ),
} as const;
