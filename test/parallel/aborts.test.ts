import { getEventListeners } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { type Crew, openCrew, soloCrew } from '../../src/parallel/crew.ts';
import { type CheckpointFiles, packCheckpoint, unpackCheckpoint } from '../../src/record/checkpoint.ts';
import type { Progress } from '../../src/train/run.ts';
import { type TrainOptions, type TrainOutcome, train } from '../../src/train/trainer.ts';
import { spawnWorker } from '../../workers/spawn.node.ts';
import { gatherUnhandled } from '../unhandled.ts';

const unhandled = gatherUnhandled();

const lookAlike: Partial<Config> = {
  env: 'look-alike',
  policy: 'mlp',
  iterations: 4,
  groupsPerIteration: 2,
  numGenerations: 16,
  trainGames: 8,
  coldStart: 0,
  evalEpisodes: 2,
  couplingPairs: 4,
  checkpointEvery: 3,
  evalEvery: 2,
  couplingEvery: 2,
};

const household: Partial<Config> = {
  iterations: 2,
  groupsPerIteration: 2,
  numGenerations: 12,
  trainGames: 8,
  maxSteps: 12,
  coldStart: 8,
  coldStartUpdates: 2,
  coldStartBatch: 32,
  evalEpisodes: 1,
  couplingPairs: 4,
  counterfactualStates: 4,
  counterfactualRollouts: 1,
  criticUpdates: 4,
};

const crews: Record<string, Crew> = {};
beforeAll(async () => {
  crews['one thread'] = soloCrew();
  crews['2 threads, shared memory'] = await openCrew(spawnWorker, 2, { cores: null });
  crews['3 threads, shared memory'] = await openCrew(spawnWorker, 3, { cores: null });
  crews['2 threads, copies'] = await openCrew(spawnWorker, 2, { cores: null, copied: true });
});
afterAll(() => {
  for (const crew of Object.values(crews)) crew.close();
});
const crewNames = ['one thread', '2 threads, shared memory', '3 threads, shared memory', '2 threads, copies'];

interface Attempt {
  readonly outcome: TrainOutcome | null;
  readonly error: unknown;
  readonly events: readonly Progress[];
  /** Iterations of the lines of metrics and of the checkpoints. */
  readonly lines: readonly number[];
  readonly checkpoints: ReadonlyMap<number, CheckpointFiles>;
}

/** A run that `onEvent` can abort at each report of progress. */
async function attempt(
  config: Partial<Config>,
  options: TrainOptions,
  onEvent: (progress: Progress) => void = () => {},
): Promise<Attempt> {
  const events: Progress[] = [];
  const lines: number[] = [];
  const checkpoints = new Map<number, CheckpointFiles>();
  const hooks = {
    onMetrics: (iteration: number) => void lines.push(iteration),
    onCheckpoint: (checkpoint: Parameters<typeof packCheckpoint>[0]) =>
      void checkpoints.set(checkpoint.iteration, packCheckpoint(checkpoint)),
  };
  const onProgress = (progress: Progress): void => {
    events.push(progress);
    onEvent(progress);
  };
  try {
    const outcome = await train(config, { ...options, ...hooks, onProgress });
    return { outcome, error: null, events, lines, checkpoints };
  } catch (error) {
    return { outcome: null, error, events, lines, checkpoints };
  }
}

/** Resumes the run from the latest checkpoint, or starts it again where there is none. */
function resumed(config: Partial<Config>, { checkpoints }: Attempt, options: TrainOptions): Promise<TrainOutcome> {
  const newest = Math.max(...checkpoints.keys());
  const files = checkpoints.get(newest);
  return train(config, files ? { ...options, checkpoint: unpackCheckpoint(files, String(newest), 'none') } : options);
}

/** The first and the last report of each phase and the one before. */
function telling(events: readonly Progress[]): Progress[] {
  const begins = events.map(({ phase }, i) => phase !== events[i - 1]?.phase);
  return events.filter((_, i) => begins[i] || (begins[i + 1] ?? true) || (begins[i + 2] ?? true));
}

const isSame = (a: Progress, b: Progress): boolean =>
  a.phase === b.phase && a.done === b.done && a.envSteps === b.envSteps;

/** When the abort happens: in the report itself, or from the event loop, in the middle of the work that follows. */
const ways: Record<string, (abort: () => void) => void> = {
  'in the report': (abort) => abort(),
  'by the event loop': (abort) => void setImmediate(abort),
};

/** Aborts the run at one of its reports, and checks the checkpoint and the counts. */
async function abortAt(
  config: Partial<Config>,
  crew: Crew,
  at: Progress,
  how: string,
  whole: TrainOutcome,
): Promise<Attempt> {
  const controller = new AbortController();
  const { signal } = controller;
  let reached = false;
  const given = await attempt(config, { crew, signal }, (progress) => {
    if (reached || !isSame(progress, at)) return;
    reached = true;
    ways[how](() => controller.abort());
  });
  const place = `${how}: ${JSON.stringify(at)}`;
  // Where several threads evaluate, not every number of episodes is reported, and the event loop can deliver an abort
  // too late.
  if (given.outcome) expect([reached && how === 'in the report', given.outcome], place).toEqual([false, whole]);
  else expect([(given.error as Error).name, given.error], place).toEqual(['AbortError', signal.reason]);
  expect(getEventListeners(signal, 'abort'), place).toEqual([]);
  // Each finished iteration is in a checkpoint, and the next iteration has left no trace.
  if (given.lines.length > 0) expect(Math.max(...given.checkpoints.keys()), place).toBe(given.lines.at(-1));
  if (reached && at.phase === 'train') expect(given.lines.at(-1), place).toBe(at.done);
  return given;
}

const [one, two, three, copies] = crewNames;
const classifier: Partial<Config> = { ...household, coldStart: 0, method: 'classifier' };

describe('an abort at any report of progress is an AbortError, and the crew stays usable', () => {
  const cases: [string, string, Partial<Config>][] = [
    ...crewNames.map((name): [string, string, Partial<Config>] => ['look-alike', name, lookAlike]),
    ['ppo', two, { ...lookAlike, method: 'ppo', beta: 0.1 }],
    ['pcgrad', three, { ...lookAlike, method: 'pcgrad' }],
    ['decouple', two, { ...lookAlike, method: 'decouple' }],
    ['decouple', copies, { ...lookAlike, method: 'decouple' }],
    ['upgrad', copies, { ...lookAlike, method: 'upgrad' }],
    ['attention, classifier+cloning', two, { ...household, method: 'classifier+cloning', labels: 'graph' }],
    ['labels of a critic', three, { ...classifier, labels: 'critic' }],
    ['counterfactual labels', one, { ...classifier, labels: 'counterfactual' }],
    ['text', copies, { ...classifier, observation: 'text', vocabularyEpisodes: 2, iterations: 1 }],
  ];

  test.each(cases)('%s on %s', async (_, name, config) => {
    const crew = crews[name];
    const whole = await attempt(config, {});
    const { outcome } = whole;
    if (!outcome) throw whole.error;
    let last: Attempt | null = null;
    for (const [i, at] of telling(whole.events).entries()) {
      const how = Object.keys(ways)[i % 2];
      const given = await abortAt(config, crew, at, how, outcome);
      if (!given.outcome) last = given;
    }
    expect(last?.checkpoints.size).toBeGreaterThan(0);
    expect(await resumed(config, last as Attempt, { crew })).toEqual(outcome);
    expect(unhandled()).toEqual([]);
  });
});

test.each([two, three, copies])('after an abort no further iteration is trained on or counted: %s', async (name) => {
  // Few episodes, so that a worker that received them ahead can play all of them before the calling thread starts.
  const config = {
    ...lookAlike,
    iterations: 20,
    groupsPerIteration: 1,
    numGenerations: 4,
    evalEvery: 0,
    couplingEvery: 0,
  };
  const found: unknown[] = [];
  for (let time = 0; time < 12; time++) {
    const controller = new AbortController();
    const given = await attempt(config, { crew: crews[name], signal: controller.signal }, ({ phase, done }) => {
      if (phase === 'train' && done === 3) controller.abort();
    });
    found.push([(given.error as Error).name, given.lines, [...given.checkpoints.keys()]]);
  }
  expect(found).toEqual(found.map(() => ['AbortError', [0, 1, 2, 3], [0, 3]]));
});

test.each([false, true])(
  'a crew that is closed at once after an abort leaves no rejection unhandled: copied %s',
  async (copied) => {
    const config = { ...household, coldStart: 0 };
    for (const phase of ['vocabulary', 'coupling', 'evaluate', 'train']) {
      const crew = await openCrew(spawnWorker, 2, { cores: null, copied });
      const controller = new AbortController();
      const { signal } = controller;
      const given = await attempt(config, { crew, signal }, (progress) => {
        if (progress.phase === phase) controller.abort();
      });
      crew.close();
      expect([phase, (given.error as Error).name]).toEqual([phase, 'AbortError']);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(unhandled()).toEqual([]);
  },
);
