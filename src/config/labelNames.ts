/** The names of label sources: the config table, help texts and the sources themselves use the same list. */

/** Sources that label rollouts. */
export const rolloutSources = ['advantage', 'anchor', 'graph', 'critic', 'counterfactual', 'oracle'] as const;

export type RolloutSource = (typeof rolloutSources)[number];

/** All sources: the information that each one uses, in one line. */
export const labelTable = [
  { name: 'advantage', meaning: 'return of the episode relative to its group; labels the action taken' },
  { name: 'anchor', meaning: 'returns of the actions that were taken in equal states' },
  { name: 'graph', meaning: 'transitions of all episodes of a training game so far (default)' },
  { name: 'critic', meaning: 'a second network that learns the returns of the actions taken' },
  { name: 'counterfactual', meaning: 'each candidate action, tried on copies of the environment' },
  { name: 'demonstrations', meaning: 'the actions that the expert demonstrated; needs an expert and coldStart > 0' },
  {
    name: 'oracle',
    meaning: "the environment's expert: uses task knowledge that an agent does not have; an upper bound",
  },
  { name: 'shuffled', meaning: 'the labels of shuffledSource, permuted: a control' },
] as const satisfies readonly { readonly name: string; readonly meaning: string }[];

/** The names of all sources, in the order of the table. */
export const labelSources = labelTable.map(({ name }) => name);

export type LabelSourceName = (typeof labelSources)[number];
