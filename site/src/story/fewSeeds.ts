/**
 * Ways to train that have too few seeds for an interval, with the values that their pages in docs/algorithms state. A
 * test compares them with these pages.
 */

export interface FewSeeds {
  readonly title: string;
  /** What it does, in two sentences. */
  readonly what: string;
  /** Page in docs/algorithms. */
  readonly page: string;
  /** Out-of-domain success on the household by seed, as the page writes it. */
  readonly values: readonly (readonly [condition: string, row: string, cells: readonly string[]])[];
  readonly finding: string;
  /** Method of the lab; absent: the lab does not offer it. */
  readonly lab?: { readonly method: string };
}

export const fewSeeds: readonly FewSeeds[] = [
  {
    title: 'Graph advantages',
    what: 'The value of each action in the experience graph is added to its advantage. It puts the information of graph labels into the policy gradient.',
    page: 'graph-advantages',
    values: [
      ['GRPO', 'GRPO', ['0.44', '0.27']],
      ['graph advantages', '`graph-advantages`, over actions', ['0.55', '0.22']],
      ['classifier + cloning, graph labels', 'classifier + cloning, graph labels', ['0.76', '0.43']],
    ],
    finding: 'Two seeds: higher in one, lower in the other.',
    lab: { method: 'graph-advantages' },
  },
  {
    title: 'Churn penalty',
    what: 'The change of the policy in states that an update does not train on is penalised. It suppresses helpful and harmful coupling alike.',
    page: 'churn',
    values: [
      ['GRPO', 'GRPO', ['0.31, 0.81, 0.68']],
      ['weight 10', '`churnCoef=10`', ['0.20, 0.60, 0.67']],
      ['weight 100', '`churnCoef=100`', ['0.11, 0.16, 0.28']],
    ],
    finding: 'Three seeds: lower churn came with lower success.',
  },
  {
    title: 'Hints in the observation',
    what: 'A token tells the policy where the classifier expects it to take a bad action. The control shows the token in states without regard to the policy.',
    page: 'hints',
    values: [
      ['classifier', 'classifier', ['0.75']],
      ['with hints', '`hint=classifier`', ['0.73', '−0.02 (0.08)']],
      ['with random hints (control)', '`hint=random`, `hintThreshold=0.3`', ['0.72', '−0.03 (0.08)']],
    ],
    finding: 'Six seeds: mean, difference and its standard error. No difference is shown.',
  },
  {
    title: 'Hindsight, without demonstrations',
    what: 'Failed episodes are labelled again under a goal that they did reach. Without demonstrations the graph has no other success to learn from.',
    page: 'no-demonstrations',
    values: [
      ['GRPO', 'GRPO', ['0.08', '0.03']],
      ['classifier + cloning, graph labels', 'classifier + cloning, graph labels', ['0.06', '0.08']],
      ['the same with hindsight', 'the same, `hindsight`', ['0.95', '0.68']],
      ['the same, shuffled labels (control)', 'the same, `hindsight`, shuffled labels (control)', ['0.10', '0.07']],
    ],
    finding: 'Two seeds: a large difference, which varies a lot between further seeds.',
  },
  {
    title: 'Muon',
    what: 'An optimiser that gives the step of each matrix nearly equal singular values. It tests whether the optimiser changes coupling.',
    page: 'muon',
    values: [
      ['AdamW', 'AdamW', ['0.31, 0.81, 0.68']],
      ['Muon', 'Muon', ['0.20, 0.07, 0.30']],
    ],
    finding: 'Three seeds: lower. Its learning rate was not tuned.',
  },
];
