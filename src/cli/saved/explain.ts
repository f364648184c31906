/** `unbraid coupling RUN --explain`: which training samples changed the probability of an action. */
import type { Split } from '../../env/environment.ts';
import type { Crew } from '../../parallel/crew.ts';
import type { Progress } from '../../train/run.ts';
import { usageError } from '../shared/arguments.ts';
import type { CommandShell } from '../shared/commandShell.ts';
import { wordWrap } from '../shared/help.ts';
import { count, table } from '../shared/print.ts';

/** A state that `--explain` can name. */
export interface ListedState {
  /** From 1 on. */
  readonly number: number;
  readonly state: string;
  readonly actions: readonly { readonly action: string; readonly probability: number }[];
}

/** A training sample and its part in the change of log π of the explained action. */
export interface NamedSample {
  readonly iteration: number;
  readonly episode: number;
  readonly step: number;
  readonly state: string;
  readonly action: string;
  readonly advantage: number;
  /** To first order the change of log π of the explained action by plain gradient steps on this sample, in nats. */
  readonly influence: number;
}

/** What `--explain STATE ACTION` prints with --json. */
export interface Explanation {
  readonly command: 'coupling';
  readonly run: string;
  readonly split: string;
  readonly metric: 'sgd';
  readonly explained: {
    readonly number: number;
    readonly state: string;
    readonly action: string;
    /** Iteration of the latest checkpoint, whose policy has this probability. */
    readonly iteration: number;
    readonly logProb: number;
    readonly probability: number;
  };
  readonly helped: readonly NamedSample[];
  readonly hindered: readonly NamedSample[];
  readonly checkpoints: readonly {
    readonly iteration: number;
    /** Samples of the iteration after the checkpoint. */
    readonly samples: number;
    /** log π of the explained action under the checkpoint. */
    readonly logProb: number;
    /** Sum of the influences of all samples. */
    readonly influence: number;
  }[];
}

/** What `--explain list` prints with --json. */
export interface StateList {
  readonly command: 'coupling';
  readonly run: string;
  readonly split: string;
  readonly iteration: number;
  readonly states: readonly ListedState[];
}

interface ExplainOptions {
  readonly split: Split;
  readonly crew: Crew;
  readonly allowExec?: true;
  readonly onProgress: (progress: Progress) => void;
  readonly signal: AbortSignal;
}

export interface ExplainEngine {
  readonly listStates: (directory: string, options: ExplainOptions) => Promise<StateList>;
  readonly explainAction: (
    directory: string,
    wanted: { readonly state: string; readonly action: string },
    options: ExplainOptions,
  ) => Promise<Explanation>;
}

const WIDTH = 100;

/** Number of rows of each table. */
const ROWS = 8;

/** @throws a usage error unless the words are `list`, or a state and an action */
export function checkExplain(words: readonly string[]): void {
  if (words.length === 2 || (words.length === 1 && words[0] === 'list')) return;
  throw usageError(
    `coupling: --explain must be list, or a state and an action, got ${words.length} ${words.length === 1 ? 'word' : 'words'}; quote both texts, and name the run before --explain`,
  );
}

function listText({ run, split, iteration, states }: StateList): string {
  const lines = states.flatMap(({ number, state, actions }) => [
    ...wordWrap(`${number}. ${state}`, WIDTH),
    ...actions.map(({ action, probability }) => `     ${probability.toFixed(3)}  ${action}`),
  ]);
  return [
    `States of ${run} at iteration ${iteration}, ${split}, with the probability of each action`,
    ...lines,
    `next       unbraid coupling ${run} --explain STATE ACTION`,
  ].join('\n');
}

/** The first samples as a table. Samples of one iteration with the same state and action are one row. */
function samplesTable(samples: readonly NamedSample[]): string {
  const groups = new Map<string, NamedSample[]>();
  for (const sample of samples) {
    const key = `${sample.iteration}\n${sample.state}\n${sample.action}`;
    groups.set(key, [...(groups.get(key) ?? []), sample]);
  }
  if (groups.size === 0) return '  none';
  const summed = [...groups.values()].map((group) => {
    return { group, influence: group.reduce((sum, sample) => sum + sample.influence, 0) };
  });
  summed.sort((a, b) => Math.abs(b.influence) - Math.abs(a.influence));
  const rows = summed.slice(0, ROWS).map(({ group, influence }) => {
    const [{ iteration, episode, step, state, action }] = group;
    const mean = group.reduce((sum, { advantage }) => sum + advantage, 0) / group.length;
    return [
      [...wordWrap(action, 60), ...wordWrap(state, 60).map((line) => `  ${line}`)].join('\n'),
      String(group.length),
      `${mean < 0 ? '−' : '+'}${Math.abs(mean).toFixed(2)}`,
      `${influence < 0 ? '−' : '+'}${Math.abs(influence).toPrecision(2)}`,
      `${iteration} / ${episode} / ${step}`,
    ];
  });
  return table(
    ['Action, and the state in which it was taken', 'samples', 'advantage', 'influence', 'iteration / episode / step'],
    rows,
  );
}

function explanationText(explanation: Explanation): string {
  const { run, explained, helped, hindered, checkpoints } = explanation;
  const { state, action, number, probability, iteration } = explained;
  const used = checkpoints.map((checkpoint) => checkpoint.iteration).join(', ');
  const total = checkpoints.reduce((sum, { samples }) => sum + samples, 0);
  return [
    `Explained: "${action}" in state ${number}: probability ${probability.toFixed(3)} at iteration ${iteration}`,
    ...wordWrap(state, WIDTH).map((line) => `  ${line}`),
    'Samples that made this action likelier',
    samplesTable(helped),
    'Samples that made this action less likely',
    samplesTable(hindered),
    ...wordWrap(
      `Influence: change of log π of the explained action, in nats to first order, by plain gradient steps on the policy loss of the sample (TracIn). AdamW takes other steps, so compare influences with each other. Used: the ${count(total)} samples of the iterations after checkpoint ${used}. A run with a higher keepCheckpoints keeps more of its checkpoints.`,
      WIDTH,
    ),
    `next       unbraid coupling ${run} --explain list`,
  ].join('\n');
}

/** The action of `coupling` with `--explain`. */
export async function explain(
  shell: CommandShell,
  engine: ExplainEngine,
  directory: string,
  words: readonly string[],
  { workers, ...options }: Pick<ExplainOptions, 'split' | 'allowExec'> & { readonly workers?: number },
): Promise<void> {
  await shell
    .withCrew(workers, (crew) =>
      shell.progress(directory, async (onProgress) => {
        const how = { ...options, crew, onProgress, signal: shell.signal };
        if (words.length === 1) {
          const listed = await engine.listStates(directory, how);
          return () => shell.finish(listed, listText(listed));
        }
        const [state, action] = words;
        const explanation = await engine.explainAction(directory, { state, action }, how);
        return () => shell.finish(explanation, explanationText(explanation));
      }),
    )
    .then((print) => print());
}
