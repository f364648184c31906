/** Keys of the terms of the method and of the label sources. */
import { type Bounds, choice, flag, integer, later, number, orNull, range } from './rows.ts';

const nonNegative: Bounds = { min: 0 };
const positive: Bounds = { min: 0, above: true };
const fraction: Bounds = { min: 0, max: 1 };

export const methodKeys = {
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
  graphAdvantagesCoef: later(
    number(1, nonNegative, '', 'weight of the step advantages of graph-advantages; the weight of the others is 1'),
  ),
  graphAdvantagesOver: later(
    choice(
      'actions',
      ['actions', 'steps'],
      'graph-advantages compares an action with the known actions of its state, each once, or with the steps of the iteration in its state',
    ),
  ),
  explorationBonus: later(
    number(
      0,
      nonNegative,
      '',
      'weight of a bonus in the advantages of steps whose action the experience graph did not contain before the iteration',
    ),
  ),
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
  hint: later(
    choice(
      'off',
      ['off', 'classifier', 'random'],
      'observations with a hint where the policy takes an action that its classifier thinks bad with a probability above hintThreshold; random: a control',
    ),
  ),
  hintThreshold: later(
    number(
      0.5,
      fraction,
      'probability',
      'hint: probability of bad actions above which the hint appears; with random the share of states that have it',
    ),
  ),
  conflictTasks: choice(
    'task',
    ['task', 'sign'],
    'tasks whose gradients pcgrad, gradvac and upgrad combine: those of the environment, or steps of positive and of negative advantage',
  ),
  decoupleLambda: later(
    number(
      1,
      positive,
      '',
      'decouple: ridge relative to the mean squared norm of the gradients; small values take coupling away, large ones approach the base method',
    ),
  ),
  decouplePairs: later(
    choice(
      'all',
      ['all', 'other-state', 'opposite', 'opposite-words', 'labelled', 'permuted', 'same-label'],
      'pairs of samples that decouple takes apart; permuted and same-label are controls, labelled and same-label use labels',
    ),
  ),
  decoupleChunk: later(
    integer(
      128,
      { min: 1 },
      'samples',
      'samples that decouple takes apart at a time; a minibatch is cut into such chunks',
    ),
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
  hindsight: later(
    flag(
      false,
      'label losses also use failed episodes under a goal that they achieved; labels graph or shuffled; in environments with achieved(), such as household and crafting',
    ),
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
} as const;
