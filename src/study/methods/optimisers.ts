/** Churn, width, layer norm, Muon, a classifier in the cold start, hints: what changes, and what labels gain then. */
import type { Arm } from '../trained/chosen.ts';
import { type ComparedTask, chosenStudy } from '../trained/chosenStudy.ts';
import { equalSuccessCosine } from '../trained/measures.ts';
import type { TrainInput } from '../trained/trainJob.ts';
import { bothGraph, classifierGraph } from '../trained/variants.ts';
import { control, learningRates, measured, method, quickIterations, withKeys } from './measured.ts';

interface Network {
  readonly name: string;
  readonly grid: readonly TrainInput[];
  /** How many times as long a run takes as with the default network. */
  readonly cost: number;
}

/** Both widths of the network, in the proportion of the defaults. */
const width = (hidden: number): readonly TrainInput[] => withKeys({ hidden, embedding: hidden / 2 }, learningRates);

const narrow: Network = { name: 'width 32', grid: width(32), cost: 1 };
const wider: Network = { name: 'width 128', grid: width(128), cost: 2 };
const widest: Network = { name: 'width 512', grid: width(512), cost: 10 };
const layerNorm: Network = { name: 'layer norm', grid: withKeys({ layerNorm: true }, learningRates), cost: 1 };
const muon: Network = {
  name: 'Muon',
  grid: withKeys({ optimizer: 'muon' }, [
    {},
    { muonLearningRate: 1e-3 },
    { muonLearningRate: 1e-2 },
    { muonLearningRate: 3e-2 },
  ]),
  cost: 1.5,
};
const tuned: Network = { name: 'chosen learning rate', grid: learningRates, cost: 1 };

/** The share of states with a hint that runs of docs/algorithms/hints.md had at the start is 0.41, at the end 0.30. */
const HINT_SHARE = 0.35;

const grpo = method('GRPO', [{}]);
const coldClassifier = { coldStartClassifier: true } as const;
const hint = { hint: 'classifier' } as const;

const churnWeights: readonly TrainInput[] = [1, 3, 10, 30].map((churnCoef) => ({ churnCoef }));

const hintArms: readonly Arm[] = [
  method('classifier', [classifierGraph.config]),
  method('classifier, also in the cold start', [{ ...classifierGraph.config, ...coldClassifier }]),
  method('classifier, hints', [{ ...classifierGraph.config, ...hint }]),
  method('classifier, hints, also in the cold start', [{ ...classifierGraph.config, ...hint, ...coldClassifier }]),
  control('classifier, random hints', [{ ...classifierGraph.config, hint: 'random', hintThreshold: HINT_SHARE }]),
  method('GRPO', [{}], { against: null }),
  method('GRPO, classifier in the cold start', [coldClassifier], { against: 'GRPO' }),
];

interface Domain extends Pick<ComparedTask, 'id' | 'title' | 'config'> {
  /** Approximate seconds of a run with the default network. */
  readonly run: number;
}

function tasksIn({ id, title, config, run }: Domain): readonly ComparedTask[] {
  const base = { config, seconds: [run, 1.3 * run] as const };
  const plain = ({ name, grid, cost }: Network, more: Partial<Arm> = {}): Arm => ({
    ...method(`GRPO, ${name}`, grid, { seconds: cost * run }),
    ...more,
  });
  /** Its optimiser and network are those that were chosen for GRPO, so that the two differ in the labels alone. */
  const labelled = ({ name, grid, cost }: Network): Arm =>
    method(`labels, ${name}`, withKeys(bothGraph.config, grid), {
      ...{ as: `GRPO, ${name}`, against: `GRPO, ${name}`, seconds: 1.2 * cost * run },
    });
  return [
    {
      ...{ id, title, ...base, further: [equalSuccessCosine] },
      arms: [
        grpo,
        plain(tuned, { role: 'control' }),
        method('GRPO, churn penalty of weight 10', [{ churnCoef: 10 }]),
        method('GRPO, churn penalty, chosen weight', churnWeights),
        ...[narrow, wider, widest, layerNorm, muon].map((network) => plain(network)),
      ],
    },
    {
      ...{ id: `${id}-labels`, title: `${title}, labels on each network and optimiser`, ...base },
      ...{ over: 'GRPO of the same network and optimiser', further: [equalSuccessCosine] },
      arms: [
        grpo,
        method('labels', [bothGraph.config]),
        ...[narrow, widest, layerNorm, muon].flatMap((network) => [
          plain(network, { against: null }),
          labelled(network),
        ]),
      ],
    },
    {
      ...{ id: `${id}-hints`, title: `${title}, classifier beyond the objective`, ...base },
      ...{ over: 'the arm without it', further: [], arms: hintArms },
    },
  ];
}

export const optimisers = chosenStudy({
  name: 'optimisers',
  question: 'do churn penalty, width, layer norm, Muon, a classifier in the cold start or hints change the result?',
  subject: 'Optimisers, networks and hints',
  span: 0.5,
  tasksOf({ size }) {
    const household = { id: 'household', title: 'household' };
    if (size === 'quick')
      return tasksIn({ ...household, config: { ...measured, iterations: quickIterations }, run: 3 });
    return [
      ...tasksIn({ ...household, config: measured, run: 8 }),
      ...tasksIn({ id: 'crafting', title: 'crafting', config: { ...measured, env: 'crafting' }, run: 7 }),
    ];
  },
  notes: [
    'Labels means classifier + cloning on the labels of the experience graph. On each network and optimiser it has the learning rate that was chosen for GRPO there, and is compared with GRPO there.',
    'The cosine falls as success rises, so it is compared at equal in-domain success, as in the study of matched success. Gradients of different networks have different lengths and parameters; the cosine does not depend on their length.',
    'One arm has a fixed weight of the churn penalty, because the choice by success can end at a weight that hardly changes the updates.',
  ],
});
