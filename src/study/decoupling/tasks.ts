/** The tasks and arms of the study of decoupled advantages. */
import type { StudyScale } from '../study.ts';
import type { Arm, Task } from '../trained/chosen.ts';
import type { TrainInput } from '../trained/trainJob.ts';

export const baseline: Arm = { name: 'GRPO', role: 'method', grid: [{}] };

/** The strength at which all kinds of pairs are compared without a choice. */
export const FIXED_LAMBDA = 30;

type Pairs = NonNullable<TrainInput['decouplePairs']>;
type Labels = NonNullable<TrainInput['labels']>;

/** Kinds of pairs whose coupling is removed, the controls last. `labelled` and `same-label` need labels. */
export const kinds: readonly { readonly pairs: Pairs; readonly name: string; readonly role: Arm['role'] }[] = [
  { pairs: 'all', name: 'all pairs', role: 'method' },
  { pairs: 'other-state', name: 'pairs of different states', role: 'method' },
  { pairs: 'opposite', name: 'pairs of opposite advantage', role: 'method' },
  { pairs: 'opposite-words', name: 'equal words, opposite advantage', role: 'method' },
  { pairs: 'labelled', name: 'one good and one bad action', role: 'method' },
  { pairs: 'same-label', name: 'actions of equal label', role: 'control' },
  { pairs: 'permuted', name: 'permuted', role: 'control' },
];

export function settingOf(pairs: Pairs, decoupleLambda: number, labels: Labels): TrainInput {
  const labelled = pairs === 'labelled' || pairs === 'same-label';
  return { method: 'decouple', decouplePairs: pairs, decoupleLambda, ...(labelled && { labels }) };
}

const fixedKinds: readonly Pairs[] = ['all', 'labelled', 'same-label', 'permuted'];

/** The baseline, four kinds of pairs at the fixed strength, and each kind with the strength that is best in-domain. */
function armsOf(lambdas: readonly number[], chosenKinds: readonly Pairs[], labels: Labels): Arm[] {
  const fixed = kinds.filter(({ pairs }) => fixedKinds.includes(pairs));
  const chosen = kinds.filter(({ pairs }) => chosenKinds.includes(pairs));
  return [
    baseline,
    ...fixed.map(({ pairs, name, role }) => ({
      name: `${name}, lambda ${FIXED_LAMBDA}`,
      role,
      grid: [settingOf(pairs, FIXED_LAMBDA, labels)],
    })),
    ...chosen.map(({ pairs, name, role }) => ({
      name: `${name}, chosen lambda`,
      role,
      grid: lambdas.map((lambda) => settingOf(pairs, lambda, labels)),
    })),
  ];
}

const allKinds = kinds.map(({ pairs }) => pairs);

/** Sizes and rates of the similarity study. */
const bandit: TrainInput = {
  ...{ env: 'bandit', policy: 'mlp', iterations: 300, groupsPerIteration: 6, minibatches: 1, maxGradNorm: 1e6 },
  ...{ entropyCoef: 0.03, coldStart: 0, hidden: 32, embedding: 16, tokenWidth: 8, checkpointEvery: 300 },
};

/** A BabyAI level of the package MiniGrid, with the settings of docs/results/environments.md. */
export const thirdParty = 'minigrid:BabyAI-GoToLocal-v0?actions=3';

export function tasksOf({ size, noGames }: StudyScale): readonly Task[] {
  if (size === 'quick') {
    const arms = armsOf([30, 300], ['all', 'labelled'], 'oracle');
    return [{ id: 'household', title: 'household', config: { iterations: 60 }, seconds: [2, 5], arms }];
  }
  const arms = armsOf([3, 30, 300], allKinds, 'oracle');
  return [
    { id: 'household', title: 'household', config: {}, seconds: [5, 16], arms },
    { id: 'crafting', title: 'crafting', config: { env: 'crafting' }, seconds: [4, 10], arms },
    ...[0.3, 0.9].map((similarity) => ({
      id: `bandit-${similarity}`,
      title: `bandit, similarity ${similarity}`,
      config: { ...bandit, similarity },
      seconds: [2, 3] as const,
      arms,
    })),
    ...(noGames(thirdParty) === null
      ? [
          {
            id: 'babyai',
            title: 'BabyAI GoToLocal',
            config: { env: thirdParty, iterations: 30, maxStateTokens: 96 },
            seconds: [80, 100] as const,
            // No expert labels these levels: the graph of the agent's own experience does.
            arms: armsOf([30, 300], ['all'], 'graph'),
          },
        ]
      : []),
  ];
}
