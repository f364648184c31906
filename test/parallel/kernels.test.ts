import { beforeAll, describe, expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import type { KernelChoice } from '../../src/engine/kernels/buildChoice.ts';
import { type Build, engineModule } from '../../src/engine/kernels/load.ts';
import { type Crew, openCrew, relaxedCrew, type SpawnWorker } from '../../src/parallel/crew.ts';
import { type KernelChoices, settledKernels, wideKernels } from '../../src/parallel/kernelChoices.ts';
import { train } from '../../src/train/trainer.ts';
import { spawnWorker } from '../../workers/spawn.node.ts';
import { type RecordedRun, recordedRun, resumedRun } from '../train/recordedRun.ts';

const changes: Partial<Config> = { method: 'classifier+cloning', iterations: 4, checkpointEvery: 1 };

/** The wide build without merged operations, which every runtime can run. */
const wide = async (build: Build): Promise<KernelChoice> => ({
  build: 'wide',
  buildReason: 'a test',
  module: await engineModule(build, 'wide'),
});

/** The wide build is chosen at border number `at`. */
async function chosenAt(at: number, build: Build, asked: Build[] = []): Promise<KernelChoices> {
  const choice = await wide(build);
  const narrow: KernelChoice = { build: 'narrow', buildReason: 'too early', module: null };
  return {
    atStart: async () => narrow,
    atBorder(kind) {
      asked.push(kind);
      return asked.length < at ? null : choice;
    },
  };
}

/** A run without what states its build. */
function bitsOf({ outcome: { build: _, buildReason: __, ...outcome }, ...records }: RecordedRun) {
  return { outcome, ...records };
}

/** Workers that record the calls that replace their kernels. */
function watched(calls: string[]): SpawnWorker {
  return (name) => {
    const handle = spawnWorker(name);
    const { attach, begin, collect, play, shards, updates, grams } = handle.api;
    const useModule: typeof handle.api.useModule = (module) => {
      calls.push(name);
      return handle.api.useModule(module);
    };
    return { ...handle, api: { attach, begin, useModule, collect, play, shards, updates, grams } };
  };
}

let narrow: RecordedRun;
beforeAll(async () => {
  narrow = await recordedRun(changes);
});

describe.each([
  [1, 'own', 'single'],
  [2, 'shared', 'threads'],
  [3, 'copied', 'single'],
] as const)('%i threads, memory %s', (size, memory, build) => {
  const open = async (kernels: KernelChoices, spawn = spawnWorker): Promise<Crew> =>
    openCrew(spawn, size, { copied: memory === 'copied', cores: null, kernels });

  test.each([1, 2, 3])('kernels that are replaced at border %i compute the same bits', async (at) => {
    const asked: Build[] = [];
    const calls: string[] = [];
    const crew = await open(await chosenAt(at, build, asked), watched(calls));
    try {
      const run = await recordedRun(changes, { crew });
      expect(bitsOf(run)).toEqual(bitsOf(narrow));
      expect(run.outcome).toMatchObject({ build: 'wide', buildReason: 'a test' });
      // No border after the last iteration, and no question once the wide build runs.
      expect(asked).toEqual(new Array(at).fill(build));
      expect(calls).toHaveLength(size - 1);
      // The next run of the crew starts as its choices say.
      expect((await train({ ...changes, iterations: 0 }, { crew })).build).toBe('narrow');
    } finally {
      crew.close();
    }
  });

  test('the wide build from the start computes the same bits, and so does a resumed run', async () => {
    const opened: Build[] = [];
    const kernels = wideKernels((kind) => {
      opened.push(kind);
      return wide(kind);
    });
    const crew = await open(kernels);
    try {
      const run = await recordedRun(changes, { crew });
      expect(bitsOf(run)).toEqual(bitsOf(narrow));
      const resumed = await resumedRun(changes, narrow.checkpoints, 2, { crew });
      expect(resumed.outcome).toEqual(run.outcome);
      expect([crew.build, crew.buildReason]).toEqual(['wide', 'a test']);
      expect(opened).toEqual([build]);
    } finally {
      crew.close();
    }
  });
});

test('a choice of the narrow build at a border replaces nothing, and states its reason', async () => {
  const slower: KernelChoice = { build: 'narrow', buildReason: 'slower', narrowMs: 1, wideMs: 2, module: null };
  const kernels: KernelChoices = { atStart: async () => slower, atBorder: () => slower };
  const crew = await openCrew(spawnWorker, 1, { kernels });
  const run = await recordedRun(changes, { crew });
  expect(bitsOf(run)).toEqual(bitsOf(narrow));
  expect(run.outcome).toMatchObject({ build: 'narrow', buildReason: 'slower' });
  expect(crew.choice).toEqual({ build: 'narrow', buildReason: 'slower', narrowMs: 1, wideMs: 2 });
});

test('relaxed arithmetic has a wide build of its own', async () => {
  const asked: Build[] = [];
  const run = async (kernels?: KernelChoices): Promise<RecordedRun> =>
    recordedRun(changes, { crew: relaxedCrew(undefined, kernels && { kernels }) });
  const [plain, replaced] = [await run(), await run(await chosenAt(1, 'relaxed', asked))];
  expect(asked).toEqual(['relaxed']);
  expect(replaced.outcome.receipt.arithmetic).toBe('relaxed');
  expect(bitsOf(replaced)).toEqual(bitsOf(plain));
});

test('a choice for modules of one kind leaves runs with another kind narrow', async () => {
  const kernels = settledKernels('threads', await wide('threads'));
  const { build, buildReason } = await train(
    { ...changes, iterations: 0 },
    { crew: await openCrew(spawnWorker, 1, { kernels }) },
  );
  expect([build, buildReason]).toEqual([
    'narrow',
    'the wide build was opened for threads modules, and the memory of this run needs another',
  ]);
});

test('a crew whose modules are given keeps them', async () => {
  const modules = { single: await engineModule() };
  const crew = await openCrew(spawnWorker, 1, { modules, wide: true });
  const { build, buildReason } = await train({ ...changes, iterations: 2 }, { crew });
  expect([build, buildReason]).toEqual([
    'narrow',
    'the module was given, and the wide build is read from beside the code',
  ]);
});

test('train and openCrew take wide: true; the outcome states the build, and the parameters are the same', async () => {
  const { parametersSha256, ...outcome } = await train({ ...changes, iterations: 1 }, { wide: true });
  const crew = await openCrew(spawnWorker, 2, { wide: true, cores: null });
  const inCrew = await train({ ...changes, iterations: 1 }, { crew });
  crew.close();
  const off = await train({ ...changes, iterations: 1 }, { wide: false });
  expect([outcome.build, outcome.buildReason]).toEqual([inCrew.build, inCrew.buildReason]);
  expect(off.build).toBe('narrow');
  expect([inCrew.parametersSha256, off.parametersSha256]).toEqual([parametersSha256, parametersSha256]);
});

test('wide must not be given beside a crew or a module, and must be true or false', async () => {
  const crew = await openCrew(spawnWorker, 1);
  await expect(train(changes, { wide: true, crew })).rejects.toThrow(
    new Error('train: wide must not be given beside a crew, got both; give wide to openCrew'),
  );
  await expect(train(changes, { wide: true, module: await engineModule() })).rejects.toThrow(
    new Error('train: wide must not be given beside module, got both; drop one of them'),
  );
  await expect(openCrew(spawnWorker, 1, { wide: 1 as never })).rejects.toThrow(
    new RangeError('openCrew: options.wide must be true or false, got 1; leave it out'),
  );
});
