/** Links to settings that show something: for a class, or as a start. */

export interface LabPreset {
  readonly name: string;
  /** What to watch for, in a sentence. */
  readonly watch: string;
  /** The query of its address. */
  readonly query: string;
}

export const presets: readonly LabPreset[] = [
  {
    name: 'The danger zone',
    watch: 'The good-bad cosine starts near 1. The agent becomes good in both states only while it falls.',
    query: 'env=look-alike&method=grpo&iterations=40&speed=4',
  },
  {
    name: 'Coupling taken away',
    watch:
      'GRPO beside decoupled advantages, from one seed. Compare how far bad actions rise in the first ten iterations, and what decoupling costs in success.',
    query: 'env=look-alike&method=grpo&beside=decouple&iterations=40&speed=4',
  },
  {
    name: 'Labels and their control',
    watch:
      'Classifier and cloning with labels of the experience graph, beside the same labels shuffled. A gain counts as far as it is larger than that of the shuffled labels.',
    query:
      'env=household&method=classifier%2Bcloning&labels=graph&beside=classifier%2Bcloning&besideLabels=shuffled&iterations=60',
  },
  {
    name: 'An upper bound',
    watch: 'Labels of the experience graph beside those of the expert, which no agent has.',
    query:
      'env=crafting&method=classifier%2Bcloning&labels=graph&beside=classifier%2Bcloning&besideLabels=oracle&iterations=60',
  },
  {
    name: 'Gradient surgery',
    watch:
      'GRPO beside PCGrad, which projects conflicting gradients of tasks. Compare the success on games that neither has seen.',
    query: 'env=crafting&method=grpo&beside=pcgrad&iterations=60',
  },
  {
    name: 'A start from nothing',
    watch:
      'The bandit without demonstrations: every state pushes all others, and learning is slow. Add 60 demonstrations and start again.',
    query: 'env=bandit&method=grpo&demonstrations=0&iterations=120',
  },
];
