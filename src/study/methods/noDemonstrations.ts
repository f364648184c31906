/** What makes training start without demonstrations, where GRPO hardly ever succeeds? */
import { type ComparedTask, chosenStudy } from '../trained/chosenStudy.ts';
import { bothGraph, bothOracle, bothShuffled, cloningGraph } from '../trained/variants.ts';
import { bound, control, method, quickIterations, withKeys } from './measured.ts';

const bonus = [{ explorationBonus: 0.1 }, { explorationBonus: 0.03 }, { explorationBonus: 0.3 }];
const hindsight = { hindsight: true } as const;

const labels = method('labels', [bothGraph.config]);
const labelsBonus = method('labels, bonus', withKeys(bothGraph.config, bonus));
const labelsHindsight = method('labels, hindsight', [{ ...bothGraph.config, ...hindsight }]);
const labelsBoth = method('labels, hindsight and bonus', withKeys({ ...bothGraph.config, ...hindsight }, bonus));
const cloned = control('cloning alone, hindsight', [{ ...cloningGraph.config, ...hindsight }]);
const shuffled = control('shuffled labels, hindsight', [{ ...bothShuffled.config, ...hindsight }]);
const shuffledBoth = control(
  'shuffled labels, hindsight and bonus',
  withKeys({ ...bothShuffled.config, ...hindsight }, bonus),
  { as: labelsBoth.name },
);
const oracle = bound('oracle labels', [bothOracle.config]);

const arms = [
  method('GRPO', [{}]),
  method('GRPO, bonus', bonus),
  ...[labels, labelsBonus, labelsHindsight, labelsBoth],
  ...[cloned, shuffled, shuffledBoth, oracle],
];

type Domain = Pick<ComparedTask, 'id' | 'title' | 'config' | 'seconds'>;

const tasksIn = ({ id, title, config, seconds }: Domain): readonly ComparedTask[] => [
  { id, title, config, seconds, arms, further: [] },
  {
    ...{ id: `${id}-hindsight`, title: `${title}, compared with labels and hindsight` },
    ...{ config, seconds, arms: [labelsHindsight, labels, labelsBoth, cloned, shuffled, oracle], further: [] },
  },
];

export const noDemonstrations = chosenStudy({
  name: 'no-demonstrations',
  question: 'without demonstrations: do an exploration bonus, hindsight or both make graph labels work?',
  subject: 'Training without demonstrations',
  span: 1,
  tasksOf({ size }) {
    const cold = { coldStart: 0 };
    const config = size === 'quick' ? { ...cold, iterations: quickIterations } : cold;
    const seconds = size === 'quick' ? ([3, 4] as const) : ([6, 9] as const);
    const household = { id: 'household', title: 'household', config, seconds };
    if (size === 'quick') return tasksIn(household);
    const crafting = { id: 'crafting', title: 'crafting', config: { ...config, env: 'crafting' }, seconds };
    return [...tasksIn(household), ...tasksIn(crafting)];
  },
  notes: [
    'All runs have no cold start. Labels means classifier + cloning on the labels of the experience graph.',
    'Shuffled labels with the bonus have the weight that was chosen for labels, hindsight and bonus.',
    'Hindsight replays actions that were played. Replayed steps are not counted as environment steps.',
  ],
});
