/** Variants of the objective and of labels that studies compare, and the commands that train them. */
import { shellWord } from '../../check/shellWord.ts';
import type { VariantRole } from '../../report/compare/variantRole.ts';
import type { TrainInput } from './trainJob.ts';

export interface StudyVariant {
  readonly name: string;
  readonly role: VariantRole;
  readonly config: TrainInput;
}

const method = (name: string, config: TrainInput): StudyVariant => ({ name, role: 'method', config });
const control = (name: string, config: TrainInput): StudyVariant => ({ name, role: 'control', config });
const bound = (name: string, config: TrainInput): StudyVariant => ({ name, role: 'upper bound', config });

export const grpo = method('GRPO', {});
export const classifierGraph = method('classifier, graph labels', { method: 'classifier', labels: 'graph' });
export const cloningGraph = control('cloning, graph labels', { method: 'cloning', labels: 'graph' });
export const bothGraph = method('classifier + cloning, graph labels', {
  method: 'classifier+cloning',
  labels: 'graph',
});
export const bothShuffled = control('classifier + cloning, shuffled graph labels', {
  method: 'classifier+cloning',
  labels: 'shuffled',
});
export const moreEntropy = control('GRPO, entropy bonus x 6', { entropyCoef: 0.03 });
export const pcgrad = method('PCGrad', { method: 'pcgrad' });
export const bothOracle = bound('classifier + cloning, oracle labels', {
  method: 'classifier+cloning',
  labels: 'oracle',
});

/** The variants on which the conclusions are based, the baseline first. */
export const mainVariants: readonly StudyVariant[] = [
  grpo,
  classifierGraph,
  cloningGraph,
  bothGraph,
  bothShuffled,
  control('graph labels added to advantages', { method: 'label-advantages', labels: 'graph' }),
  moreEntropy,
  // One pass over twice as many episodes: equal gradient work, twice the environment steps.
  control('GRPO, twice the data', { groupsPerIteration: 20, numIterations: 1 }),
  bothOracle,
  method('classifier + cloning, demonstrations', { method: 'classifier+cloning', labels: 'demonstrations' }),
];

/** The other methods and label sources. */
export const otherVariants: readonly StudyVariant[] = [
  method('GiGPO', { method: 'gigpo' }),
  method('decoupled advantages', { method: 'decouple', decoupleLambda: 30 }),
  control('decoupled advantages, permuted', {
    ...{ method: 'decouple', decoupleLambda: 30, decouplePairs: 'permuted' },
  }),
  method('PPO', { method: 'ppo' }),
  method('graph advantages', { method: 'graph-advantages' }),
  method('a head per verb', { method: 'heads' }),
  pcgrad,
  method('GradVac', { method: 'gradvac' }),
  method('UPGrad', { method: 'upgrad' }),
  method('GRPO, churn penalty of weight 1', { churnCoef: 1 }),
  method('GRPO, churn penalty of weight 10', { churnCoef: 10 }),
  method('GRPO, Muon', { optimizer: 'muon' }),
  // A layer norm needs the smaller learning rate: docs/algorithms/layer-norm.md.
  control('GRPO, layer norm, learning rate 0.001', { layerNorm: true, learningRate: 1e-3 }),
  control('GRPO, learning rate 0.001', { learningRate: 1e-3 }),
  control('GRPO, hidden width 512', { hidden: 512 }),
  method('classifier, advantage labels', { method: 'classifier', labels: 'advantage' }),
  method('classifier + cloning, advantage labels', { method: 'classifier+cloning', labels: 'advantage' }),
  method('classifier of taken actions, graph labels', {
    method: 'classifier',
    labels: 'graph',
    classifierScope: 'taken',
  }),
  method('contrastive, graph labels', { method: 'contrastive', labels: 'graph' }),
  method('classifier + contrastive, graph labels', { method: 'classifier+contrastive', labels: 'graph' }),
  method('classifier + cloning, same-state comparison', { method: 'classifier+cloning', labels: 'anchor' }),
  method('classifier + cloning, replay critic', { method: 'classifier+cloning', labels: 'critic' }),
  method('classifier + cloning, counterfactual rollouts', { method: 'classifier+cloning', labels: 'counterfactual' }),
  method('classifier, demonstrations', { method: 'classifier', labels: 'demonstrations' }),
  control('cloning, demonstrations', { method: 'cloning', labels: 'demonstrations' }),
  control('graph labels instead of advantages', {
    ...{ method: 'label-advantages', labels: 'graph', labelAdvantages: 'instead' },
  }),
  bound('classifier, oracle labels', { method: 'classifier', labels: 'oracle' }),
];

const exploring = { method: 'classifier+cloning', labels: 'graph' } as const;

/** Ways to start without demonstrations, beside the variants above. */
export const exploringVariants: readonly StudyVariant[] = [
  method('GRPO, exploration bonus', { explorationBonus: 0.1 }),
  method('classifier + cloning, graph labels, exploration bonus', { ...exploring, explorationBonus: 0.1 }),
  method('classifier + cloning, graph labels, hindsight', { ...exploring, hindsight: true }),
  method('classifier + cloning, graph labels, hindsight and exploration bonus', {
    ...exploring,
    hindsight: true,
    explorationBonus: 0.1,
  }),
  control('classifier + cloning, shuffled graph labels, hindsight', {
    ...exploring,
    labels: 'shuffled',
    hindsight: true,
  }),
];

const options: { readonly [key: string]: string } = {
  env: '--env',
  method: '--method',
  labels: '--labels',
  iterations: '--iterations',
  coldStart: '--cold-start',
};

/** The command of one run; SEED is replaced by its seed. */
export function trainCommand(config: TrainInput): string {
  const words = Object.entries(config).map(([key, value]) =>
    key in options ? `${options[key]} ${shellWord(String(value))}` : `--set ${shellWord(`${key}=${value}`)}`,
  );
  return ['unbraid train', ...words, '--seed SEED'].join(' ');
}
