import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { trainIn } from '../../src/cli/train/trainRun.ts';
import { type Config, resolveConfig } from '../../src/config/config.ts';
import { type Crew, openCrew, type SpawnWorker, soloCrew } from '../../src/parallel/crew.ts';
import type { CheckpointFiles } from '../../src/record/checkpoint.ts';
import { packCheckpoint } from '../../src/record/checkpoint.ts';
import { train } from '../../src/train/trainer.ts';
import { handleOf } from '../../workers/handle.node.ts';
import { spawnWorker } from '../../workers/spawn.node.ts';
import { recordedRun, resumedRun, small } from '../train/recordedRun.ts';
import type { Fault } from './dyingWorker.ts';

/** Threads started by a test. */
const started: Worker[] = [];

/** The last of `size - 1` workers has the fault. */
function dying(size: number, fault: Fault): SpawnWorker {
  return (name) => {
    const mine = name === `unbraid worker ${size}`;
    const options = { name, workerData: mine ? fault : null, stderr: true };
    const worker = new Worker(new URL('./dyingWorker.ts', import.meta.url), options);
    started.push(worker);
    return handleOf(worker);
  };
}

/** Waits until all threads of a closed crew have exited. */
async function allEnded(): Promise<void> {
  for (const worker of started) if (worker.threadId !== -1) await once(worker, 'exit');
  expect(started.map((worker) => worker.threadId)).toEqual(started.map(() => -1));
  started.length = 0;
}

const advice = 'the latest checkpoint is valid; resume with: unbraid train --resume DIR';

const changes: Partial<Config> = {
  ...small,
  method: 'classifier+cloning',
  labels: 'graph',
  // Short episodes, in several chunks of games in each phase.
  maxSteps: 12,
  numGenerations: 8,
  evalEpisodes: 12,
  graphMaxEdges: 40,
  iterations: 2,
  checkpointEvery: 1,
  evalEvery: 1,
  couplingEvery: 1,
  couplingPairs: 8,
};

const trainFolder = trainIn('0.1.0');

function trainHere(directory: string, resume: boolean, crew: Crew): ReturnType<typeof trainFolder> {
  const { signal } = new AbortController();
  return trainFolder(resolveConfig(changes), { directory, resume, crew, onProgress: () => {}, signal });
}

const readText = (directory: string, name: string): string => readFileSync(join(directory, name), 'utf8');

describe('a worker that exits', () => {
  let folder = '';
  let uninterrupted: Awaited<ReturnType<typeof trainFolder>>;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'unbraid-faults-'));
    uninterrupted = await trainHere(join(folder, 'uninterrupted'), false, soloCrew());
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  afterEach(allEnded);

  // On copies: 10 updates of the cold start and 6 per iteration. On shared memory: one message for each phase of
  // updates. 3 splits. A measurement needs all workers, so it detects an earlier worker exit.
  const phases = (shared: boolean): [string, Fault['method'], number, string][] => [
    ['start', 'begin', 1, ''],
    ['rollouts', 'collect', 2, 'iteration 2: '],
    ['gradients', shared ? 'updates' : 'shards', shared ? 3 : 18, 'iteration 2: '],
    ['evaluation', 'play', 5, 'iteration 1: '],
    ['coupling', 'grams', 3, 'iteration 2: '],
  ];

  describe.each(['shared', 'copied'] as const)('memory %s', (memory) => {
    /** Resumes the runs of all phases: its worker starts once. */
    let rest: Crew;
    beforeAll(async () => {
      rest = await openCrew(spawnWorker, 2, { copied: memory === 'copied', cores: null });
    });
    afterAll(() => rest.close());

    test.each(phases(memory === 'shared'))(
      'in phase %s: the run stops with an error, and resumes bitwise identical',
      async (phase, method, call, place) => {
        const directory = join(folder, `${memory}-${phase}`);
        const size = 3;
        const crew = await openCrew(dying(size, { method, call, kind: 'exit' }), size, {
          copied: memory === 'copied',
          cores: null,
        });
        expect(crew.memory).toBe(memory);
        try {
          await expect(trainHere(directory, false, crew)).rejects.toThrow(
            new Error(
              `${place}worker 3 of 3 failed in phase "${phase}": the thread ended with exit code 7; ${phase === 'start' ? 'the run has not started; start it again' : advice}`,
            ),
          );
        } finally {
          crew.close();
        }
        if (phase === 'start') {
          expect(existsSync(directory)).toBe(false);
          return;
        }
        const { wallMs: _, workers: __, ...resumed } = await trainHere(directory, true, rest);
        expect(uninterrupted).toMatchObject(resumed);
        for (const name of ['metrics.jsonl', 'coupling-end.json']) {
          expect(readText(directory, name).replaceAll(`${memory}-${phase}`, 'uninterrupted')).toBe(
            readText(join(folder, 'uninterrupted'), name),
          );
        }
      },
    );
  });
});

describe('the error contains the reason that the runtime reports', () => {
  afterEach(allEnded);
  // A full JavaScript heap is not tested: Node then ends the worker or aborts the whole process, including the test
  // runner.
  const cases: [string, Fault, string][] = [
    ['an uncaught error', { method: 'shards', call: 2, kind: 'throw' }, 'a fault in the worker'],
    [
      'a full memory: the call rejects and the thread keeps running',
      { method: 'begin', call: 1, kind: 'arena' },
      'Arena.reserve: cannot allocate ',
    ],
  ];
  test.each(cases)('%s', async (_, fault, reason) => {
    const crew = await openCrew(dying(2, fault), 2, { copied: true, cores: null });
    const phase = fault.method === 'begin' ? 'start' : 'gradients';
    await expect(train(small, { crew })).rejects.toThrow(`worker 2 of 2 failed in phase "${phase}": ${reason}`);
    if (fault.kind === 'arena') expect(started.map(({ threadId }) => threadId > 0)).toEqual([true]);
    crew.close();
  });
});

test('a worker exits in the first update of an iteration: the run resumes from an older checkpoint, bitwise identical', async () => {
  const config: Partial<Config> = { ...changes, evalEvery: 0, couplingEvery: 0, checkpointEvery: 20, iterations: 4 };
  const uninterrupted = await recordedRun(config);
  const checkpoints = new Map<number, CheckpointFiles>();
  const crew = await openCrew(dying(2, { method: 'shards', call: 10 + 6 * 2 + 1, kind: 'exit' }), 2, {
    copied: true,
    cores: null,
  });
  const hooks = {
    onCheckpoint: (checkpoint: Parameters<typeof packCheckpoint>[0]) =>
      void checkpoints.set(checkpoint.iteration, packCheckpoint(checkpoint)),
  };
  await expect(train(config, { crew, ...hooks })).rejects.toThrow('worker 2 of 2 failed in phase "gradients"');
  crew.close();
  await allEnded();
  // The labels include the third iteration by then; the policy does not.
  expect([...checkpoints.keys()]).toEqual([0]);
  expect((await resumedRun(config, checkpoints, 0)).outcome).toEqual(uninterrupted.outcome);
});

test('a worker exits with episodes that it received during updates: the run stops, and resumes bitwise identical', async () => {
  const config: Partial<Config> = { ...changes, evalEvery: 0, couplingEvery: 0, iterations: 4 };
  const uninterrupted = await recordedRun(config);
  const checkpoints = new Map<number, CheckpointFiles>();
  const crew = await openCrew(dying(2, { method: 'collect', call: 2, kind: 'exit' }), 2, { cores: null });
  const hooks = {
    onCheckpoint: (checkpoint: Parameters<typeof packCheckpoint>[0]) =>
      void checkpoints.set(checkpoint.iteration, packCheckpoint(checkpoint)),
  };
  // The calling thread can have played all episodes itself. The last matrix needs the worker.
  await expect(train(config, { crew, ...hooks })).rejects.toThrow(
    /^iteration [2-4]: worker 2 of 2 failed in phase "rollouts": the thread ended with exit code 7; the latest checkpoint is valid/,
  );
  crew.close();
  await allEnded();
  const last = Math.max(...checkpoints.keys());
  expect(last).toBeGreaterThan(0);
  expect((await resumedRun(config, checkpoints, last)).outcome).toEqual(uninterrupted.outcome);
});

test('workers receive the next episodes during updates, unless an evaluation comes first', async () => {
  const received: string[] = [];
  const spawn: SpawnWorker = (name) => {
    const handle = spawnWorker(name);
    const { attach, begin, useModule, play, grams, shards } = handle.api;
    const api: typeof handle.api = {
      ...{ attach, begin, useModule, play, grams, shards },
      collect(job) {
        received.push('collect');
        return handle.api.collect(job);
      },
      updates(job) {
        received.push('updates');
        return handle.api.updates(job);
      },
    };
    return { ...handle, api };
  };
  const crew = await openCrew(spawn, 2, { cores: null });
  const hooks = { onMetrics: () => void received.push('metrics') };
  await train({ ...changes, coldStart: 0, couplingEvery: 0, evalEvery: 2, iterations: 4 }, { crew, ...hooks });
  crew.close();
  const two = ['collect', 'updates', 'collect', 'metrics', 'updates', 'metrics'];
  expect(received).toEqual(['metrics', ...two, ...two]);
});

test('a worker that exits after its reply is detected at the next call', async () => {
  let calls = 0;
  const spawn: SpawnWorker = (name) => {
    const handle = spawnWorker(name);
    const shards: typeof handle.api.shards = async (job) => {
      const reply = await handle.api.shards(job);
      if (++calls === 3) handle.terminate();
      return reply;
    };
    const { attach, begin, useModule, collect, play, grams, updates } = handle.api;
    return { ...handle, api: { attach, begin, useModule, collect, play, grams, shards, updates } };
  };
  const crew = await openCrew(spawn, 2, { copied: true, cores: null });
  await expect(train(small, { crew })).rejects.toThrow(
    new Error(`worker 2 of 2 failed in phase "gradients": the thread ended with exit code 1; ${advice}`),
  );
  crew.close();
});

test.each([0, 3, 10, 30])(
  'a worker that is terminated %i ms into the updates on shared memory stops the run',
  async (ms) => {
    const spawn: SpawnWorker = (name) => {
      const handle = spawnWorker(name);
      const { attach, begin, useModule, collect, play, grams, shards } = handle.api;
      const updates: typeof handle.api.updates = (job) => {
        setTimeout(() => handle.terminate(), ms);
        return handle.api.updates(job);
      };
      return { ...handle, api: { attach, begin, useModule, collect, play, grams, shards, updates } };
    };
    const crew = await openCrew(spawn, 2, { cores: null });
    await expect(train({ ...small, coldStartUpdates: 100 }, { crew })).rejects.toThrow(
      // The timer can fire as late as in the first iteration.
      /^(iteration \d+: )?worker 2 of 2 failed in phase "[a-z]+": the thread ended with exit code 1; the latest checkpoint is valid/,
    );
    crew.close();
  },
);

test('a script that does not load', async () => {
  const spawn: SpawnWorker = () => handleOf(new Worker(new URL('./nowhere.ts', import.meta.url)));
  await expect(openCrew(spawn, 3, { cores: null })).rejects.toThrow(
    /^openCrew: 2 workers must start, but one failed: Cannot find module .*nowhere\.ts/,
  );
});
