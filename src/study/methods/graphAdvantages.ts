/** Which way uses the labels of the experience graph best: classifier, cloning, both, or advantages? */
import { type ComparedTask, chosenStudy } from '../trained/chosenStudy.ts';
import { equalSteps } from '../trained/measures.ts';
import { bothGraph, classifierGraph, cloningGraph } from '../trained/variants.ts';
import { control, learningRates, measured, method, quickIterations, withKeys } from './measured.ts';

/** A third, one, and three times the default weight; the default first. */
const bothGrid = [{}, { classifierCoef: 0.15, cloningCoef: 0.03 }, { classifierCoef: 1.5, cloningCoef: 0.3 }];

const advantages = withKeys({ method: 'graph-advantages' }, [
  {},
  { graphAdvantagesCoef: 0.3 },
  { graphAdvantagesCoef: 3 },
]);

const both = method('classifier + cloning', withKeys(bothGraph.config, bothGrid));
const shuffled = control(
  'classifier + cloning, shuffled labels',
  withKeys({ ...bothGraph.config, labels: 'shuffled' }, bothGrid),
  { as: both.name },
);

/** The ways in which the graph enters the update. */
const routes = [
  method('classifier', withKeys(classifierGraph.config, [{}, { classifierCoef: 0.15 }, { classifierCoef: 1.5 }])),
  method('cloning', withKeys(cloningGraph.config, [{}, { cloningCoef: 0.03 }, { cloningCoef: 0.3 }])),
  method('graph advantages', advantages),
  method('graph advantages over steps', withKeys({ graphAdvantagesOver: 'steps' }, advantages)),
];

const arms = [method('GRPO', [{}]), both, ...routes, shuffled, control('GRPO, chosen learning rate', learningRates)];

type Domain = Pick<ComparedTask, 'id' | 'title' | 'config' | 'seconds'>;

const tasksIn = ({ id, title, config, seconds }: Domain): readonly ComparedTask[] => [
  { id, title, config, seconds, arms, further: [equalSteps] },
  {
    ...{ id: `${id}-routes`, title: `${title}, the ways compared with each other` },
    ...{ config, seconds, arms: [both, ...routes], further: [equalSteps] },
  },
];

export const graphAdvantages = chosenStudy({
  name: 'graph-advantages',
  question: 'same experience graph: through a classifier, cloning, both, or graph advantages?',
  subject: 'Ways to use the experience graph',
  span: 0.5,
  tasksOf({ size }) {
    const config = size === 'quick' ? { ...measured, iterations: quickIterations } : measured;
    const seconds = size === 'quick' ? ([4, 4] as const) : ([8, 9] as const);
    const household = { id: 'household', title: 'household', config, seconds };
    if (size === 'quick') return tasksIn(household);
    const crafting = { id: 'crafting', title: 'crafting', config: { ...config, env: 'crafting' }, seconds };
    return [...tasksIn(household), ...tasksIn(crafting)];
  },
  notes: [
    'All ways have the same rule for the graph, the same games and the same iterations. The graph of a run contains the episodes of that run, so its labels depend on the way as well.',
    'At equal environment steps, both runs of a seed are read at the number of steps that the shorter one has at its end, on straight lines between evaluations every 20 iterations.',
    'Shuffled labels have the weights that were chosen for classifier + cloning. Graph advantages have no such control.',
  ],
});
