/** The tasks and arms of the study of decoupled advantages. */
import type { StudyScale } from '../study.ts';
import type { Arm, Task } from '../trained/chosen.ts';
import type { TrainInput } from '../trained/trainJob.ts';

const baseline: Arm = { name: 'GRPO', role: 'method', grid: [{}] };

/**
 * Strengths at which some kinds of pairs are compared without a choice. The choice by success can end at a strength
 * that hardly changes the updates, which would test nothing.
 */
const fixedLambdas = [3, 30];

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

function settingOf(pairs: Pairs, decoupleLambda: number, labels: Labels): TrainInput {
  const labelled = pairs === 'labelled' || pairs === 'same-label';
  return { method: 'decouple', decouplePairs: pairs, decoupleLambda, ...(labelled && { labels }) };
}

const fixedKinds: readonly Pairs[] = ['all', 'labelled', 'same-label', 'permuted'];

/** The baseline, four kinds of pairs at fixed strengths, and kinds with the strength that is best in-domain. */
function armsOf(
  strengths: readonly number[],
  lambdas: readonly number[],
  chosenKinds: readonly Pairs[],
  labels: Labels,
): Arm[] {
  const fixed = kinds.filter(({ pairs }) => fixedKinds.includes(pairs));
  const chosen = kinds.filter(({ pairs }) => chosenKinds.includes(pairs));
  return [
    baseline,
    ...strengths.flatMap((lambda) =>
      fixed.map(({ pairs, name, role }) => ({
        ...{ name: `${name}, lambda ${lambda}`, role },
        grid: [settingOf(pairs, lambda, labels)],
      })),
    ),
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

export interface DecouplingTask extends Task {
  /** Approximate seconds that equal steps and the measurements of spillover add to a run. */
  readonly measuring: number;
}

export function tasksOf({ size, noGames }: StudyScale): readonly DecouplingTask[] {
  if (size === 'quick') {
    const arms = armsOf([3], [3, 30], ['all', 'labelled'], 'oracle');
    return [{ id: 'household', title: 'household', config: { iterations: 60 }, seconds: [3, 7], measuring: 9, arms }];
  }
  const arms = armsOf(fixedLambdas, [3, 30, 300], allKinds, 'oracle');
  return [
    { id: 'household', title: 'household', config: {}, seconds: [5, 16], measuring: 16, arms },
    { id: 'crafting', title: 'crafting', config: { env: 'crafting' }, seconds: [4, 10], measuring: 16, arms },
    ...[0.3, 0.9].map((similarity) => ({
      id: `bandit-${similarity}`,
      title: `bandit, similarity ${similarity}`,
      config: { ...bandit, similarity },
      seconds: [2, 3] as const,
      measuring: 3,
      arms,
    })),
    ...(noGames(thirdParty) === null
      ? [
          {
            id: 'babyai',
            title: 'BabyAI GoToLocal',
            config: { env: thirdParty, iterations: 30, maxStateTokens: 96 },
            seconds: [80, 100] as const,
            measuring: 120,
            // No expert labels these levels: the graph of the agent's own experience does.
            arms: armsOf([3], [30, 300], ['all'], 'graph'),
          },
        ]
      : []),
  ];
}
