/** The ways to train that the results compare: what each does, and where its numbers and its lab are. */

export interface MethodRow {
  /** Name in the address. */
  readonly key: string;
  readonly title: string;
  /** What it does, in two sentences. */
  readonly what: string;
  /** Its name in the tables of household and crafting; absent: not measured there. */
  readonly games?: string;
  /** Its name in the table of the two states; absent: not measured there. */
  readonly states?: string;
  /** Method and labels of the lab; absent: the lab does not offer it. */
  readonly lab?: { readonly method: string; readonly labels?: string };
  /** What the row is for, where that is not plain. */
  readonly note?: string;
}

export interface RowGroup {
  readonly title: string;
  readonly rows: readonly MethodRow[];
}

export const groups: readonly RowGroup[] = [
  {
    title: 'Losses on labelled actions',
    rows: [
      {
        key: 'classifier+cloning',
        title: 'Classifier + cloning, graph labels',
        what: 'Actions on a best known path in a graph of all episodes are labelled good, known worse ones bad. The network learns to classify them, and the policy to take the good ones.',
        games: 'classifier + cloning, graph labels',
        lab: { method: 'classifier+cloning', labels: 'graph' },
      },
      {
        key: 'classifier',
        title: 'Classifier, graph labels',
        what: 'A second head on the same embedding learns to classify actions as good or bad. The policy gradient stays that of GRPO.',
        games: 'classifier, graph labels',
        lab: { method: 'classifier', labels: 'graph' },
      },
      {
        key: 'cloning',
        title: 'Cloning, graph labels (control)',
        what: 'The policy’s total probability of the actions labelled good is increased. It has the information of the labels and no classifier.',
        games: 'cloning, graph labels (control)',
        lab: { method: 'cloning', labels: 'graph' },
        note: 'It reaches two thirds of the gain on the household and four fifths on crafting: most of the gain is information.',
      },
      {
        key: 'label-advantages',
        title: 'Labels added to advantages (control)',
        what: 'The same graph labels are added to the advantage of the action taken, +1 or −1. No further loss is used.',
        games: 'graph labels added to advantages (control)',
        lab: { method: 'label-advantages', labels: 'graph' },
      },
      {
        key: 'contrastive',
        title: 'Contrastive loss, graph labels',
        what: 'Embeddings of actions with equal labels are drawn together, those with different labels apart. The labels are those of the graph.',
        games: 'contrastive, graph labels',
        lab: { method: 'contrastive', labels: 'graph' },
      },
      {
        key: 'anchor',
        title: 'Classifier + cloning, same-state comparison',
        what: 'An action is good if episodes that took it in a state returned more than others from that state. No graph is stored.',
        games: 'classifier + cloning, same-state comparison',
        lab: { method: 'classifier+cloning', labels: 'anchor' },
      },
      {
        key: 'critic',
        title: 'Classifier + cloning, replay critic',
        what: 'A second network learns returns from earlier rollouts. An action is good if it expects more of it than of the state.',
        games: 'classifier + cloning, replay critic',
        lab: { method: 'classifier+cloning', labels: 'critic' },
      },
      {
        key: 'counterfactual',
        title: 'Classifier + cloning, counterfactual rollouts',
        what: 'Actions are tried on copies of the environment, and their returns compared. It takes 2.7 times the environment steps of GRPO on the household.',
        games: 'classifier + cloning, counterfactual rollouts',
        lab: { method: 'classifier+cloning', labels: 'counterfactual' },
      },
      {
        key: 'demonstrations',
        title: 'Classifier + cloning, demonstrations',
        what: 'The demonstrated action is good, the others of its state are bad. The labels cover the demonstrated states alone.',
        games: 'classifier + cloning, demonstrations',
        lab: { method: 'classifier+cloning', labels: 'demonstrations' },
      },
      {
        key: 'advantage-labels',
        title: 'Classifier, advantage labels (the paper’s own case)',
        what: 'The classifier learns the sign of the advantage: actions of better episodes are good. The labels carry no more information than GRPO has.',
        ...{ games: 'classifier, advantage labels', states: 'classifier, advantage labels' },
        lab: { method: 'classifier', labels: 'advantage' },
      },
    ],
  },
  {
    title: 'Controls for labels and effort',
    rows: [
      {
        key: 'shuffled',
        title: 'Shuffled labels (control)',
        what: 'The same losses, with the labels permuted among the same actions. What is left is any effect of the losses without information.',
        ...{ games: 'classifier + cloning, shuffled graph labels (control)', states: 'classifier, shuffled labels' },
        lab: { method: 'classifier+cloning', labels: 'shuffled' },
        note: 'On games with cloning, in the two states with the classifier alone.',
      },
      {
        key: 'entropy',
        title: 'Six times the entropy bonus (control)',
        what: 'GRPO with a larger reward for undecided policies. It tests whether more exploration explains a gain.',
        games: 'GRPO, entropy bonus x 6 (control)',
      },
      {
        key: 'data',
        title: 'Twice the data (control)',
        what: 'GRPO with twice the episodes in each iteration. It tests whether more data explains a gain.',
        games: 'GRPO, twice the data (control)',
      },
      {
        key: 'oracle',
        title: 'Oracle labels (upper bound)',
        what: 'The labels come from the environment’s expert, which knows more than the agent can. They show how far better labels could go.',
        ...{ games: 'classifier + cloning, oracle labels (upper bound)', states: 'classifier, oracle labels' },
        lab: { method: 'classifier+cloning', labels: 'oracle' },
        note: 'On games with cloning, in the two states with the classifier alone.',
      },
    ],
  },
  {
    title: 'Coupling itself changed',
    rows: [
      {
        key: 'decouple',
        title: 'Decoupled advantages',
        what: 'The advantages are replaced by weights with which, to first order, each sample moves its own action and those of other samples less. All samples are kept, and no labels are used.',
        states: 'decoupled advantages',
        lab: { method: 'decouple' },
        note: 'No result on the larger games is committed yet. Its control with permuted pairs (decouplePairs=permuted) has none either.',
      },
      {
        key: 'data-removed',
        title: 'Other state’s data removed (comparison)',
        what: 'The samples of the frequent state are deleted. The wrong action no longer rises in the rare state, and the task is not learnt.',
        states: "GRPO, other state's data removed",
        note: 'It shows where the rise comes from. It is no way to train.',
      },
      {
        key: 'pcgrad',
        title: 'PCGrad',
        what: 'Each task has a gradient of its own. Where two of them oppose, each loses its part along the other.',
        ...{ games: 'PCGrad', states: 'PCGrad', lab: { method: 'pcgrad' } },
        note: 'In the two states it receives the states as separate tasks; on games, kinds of task.',
      },
      {
        key: 'gradvac',
        title: 'GradVac',
        what: 'As PCGrad, with a target for the cosine of each two tasks. The target is a running mean of the cosines seen.',
        ...{ games: 'GradVac', states: 'GradVac', lab: { method: 'gradvac' } },
      },
      {
        key: 'upgrad',
        title: 'UPGrad',
        what: 'Each task’s gradient is projected so that it opposes no other one. The step is the mean of the projections.',
        ...{ games: 'UPGrad', states: 'UPGrad', lab: { method: 'upgrad' } },
      },
    ],
  },
  {
    title: 'Other ways to train',
    rows: [
      {
        key: 'heads',
        title: 'A head per verb',
        what: 'Each verb has a last layer of its own, so that “take” and “open” share none. All layers below stay shared.',
        ...{ games: 'a head per verb', lab: { method: 'heads' } },
      },
      {
        key: 'gigpo',
        title: 'GiGPO',
        what: 'Steps from equal states are compared with each other, in addition to whole episodes. It needs no labels.',
        ...{ games: 'GiGPO', lab: { method: 'gigpo' } },
      },
      {
        key: 'ppo',
        title: 'PPO',
        what: 'A value network predicts the return of each state, and actions are compared with its prediction. There are no groups of episodes.',
        ...{ games: 'PPO', lab: { method: 'ppo' } },
      },
    ],
  },
];

export const allRows: readonly MethodRow[] = groups.flatMap(({ rows }) => rows);

/** The address of the lab with a row's settings beside GRPO. */
export function labLink({ method, labels }: NonNullable<MethodRow['lab']>, env: string): string {
  // In the two states, the results have the classifier without cloning.
  const measured = env === 'look-alike' ? method.replace('+cloning', '') : method;
  const query = new URLSearchParams({ env, method: measured, ...(labels !== undefined && { labels }), beside: 'grpo' });
  return `./lab/?${query}`;
}
