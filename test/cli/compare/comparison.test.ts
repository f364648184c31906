import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { planOf } from '../../../src/cli/compare/comparePlan.ts';
import {
  type ComparisonPlan,
  parseVariants,
  plannedRuns,
  runComparison,
  variantConfig,
} from '../../../src/cli/compare/comparison.ts';
import type { Trainer } from '../../../src/cli/compare/threadTrainer.ts';
import { trainRuns } from '../../../src/cli/compare/trainRuns.ts';
import type { ProgressBoard } from '../../../src/cli/shared/progress.ts';
import { commandKernels } from '../../../src/cli/width/commandKernels.ts';
import { resolveConfig } from '../../../src/config/config.ts';
import { type Crew, soloCrew } from '../../../src/parallel/crew.ts';
import { createRun } from '../../../src/record/run.node.ts';
import type { RunResult } from '../../../src/record/schemas.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'unbraid-comparison-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

type OnTrain = (folder: string, resume: boolean, signal: AbortSignal) => unknown;

/** What trainers wrote on stderr and how they were opened and closed. */
interface Told {
  readonly notes: string[];
  /** Shown of `all runs`: iterations done, and in all. */
  readonly all: [number, number][];
  /** Threads of each trainer opened. */
  readonly opened: number[];
  closed: number;
}

/** A comparison of two variants over a trainer whose runs take these ms in turn. */
async function compareWith(
  given: Partial<ComparisonPlan>,
  runMs: readonly number[],
  onTrain: OnTrain = () => undefined,
  signal = new AbortController().signal,
  workers = 1,
  told: Told = { notes: [], all: [], opened: [], closed: 0 },
): ReturnType<typeof runComparison> {
  let ms = 0;
  let runs = 0;
  const train: Trainer['train'] = async (config, { directory: folder, resume, onProgress, signal: ending }) => {
    await onTrain(folder.slice(directory.length + 1), resume, ending);
    onProgress({ phase: 'train', done: config.iterations, total: config.iterations, envSteps: 0, success: null });
    ms += runMs[runs++ % runMs.length];
    if (!resume) createRun(folder, { config: { ...config }, versions: {}, keepCheckpoints: 1 }).close();
    writeFileSync(join(folder, 'result.json'), '{}');
    return {} as RunResult;
  };
  const plan: ComparisonPlan = {
    preset: 'custom',
    variants: parseVariants('grpo;cloning'),
    seeds: [1, 2, 3, 4],
    shared: { iterations: 2 },
    directory,
    budgetMs: null,
    ...given,
  };
  const board: ProgressBoard = {
    open: (name) => ({
      update: ({ done, total }) => name === 'all runs' && told.all.push([done, total]),
      close() {},
    }),
    close() {},
  };
  const shell = {
    signal,
    kernels: commandKernels('off'),
    note: (text: string) => told.notes.push(text),
    progressOfMany: <T>(work: (shown: ProgressBoard) => Promise<T>) => work(board),
    withCrew: <T>(_: number | undefined, work: (crew: Crew) => Promise<T>) => work(soloCrew()),
  };
  const openTrainer = (threads: number): Trainer => {
    told.opened.push(threads);
    return { train, close: () => void told.closed++ };
  };
  return runComparison(plan, (left, onEnd) =>
    trainRuns(left, plan.budgetMs, { train, openTrainer, shell, workers, now: () => ms }, onEnd),
  );
}

describe('parseVariants', () => {
  test('methods in canonical form, graph labels unless given, controls and upper bounds marked', () => {
    const variants = parseVariants(
      'grpo; cloning+classifier ;cloning:graph;classifier+cloning:shuffled;classifier:oracle;gigpo;pcgrad+gigpo+classifier;label-advantages;graph-advantages;classifier+graph-advantages',
    );
    expect(variants.map((v) => [v.name, v.method, v.labels, v.control, v.upperBound])).toEqual([
      ['GRPO', 'grpo', 'none', false, false],
      ['GRPO + classifier + cloning, graph labels', 'classifier+cloning', 'graph', false, false],
      ['GRPO + cloning, graph labels', 'cloning', 'graph', true, false],
      ['GRPO + classifier + cloning, shuffled labels', 'classifier+cloning', 'shuffled', true, false],
      ['GRPO + classifier, oracle labels', 'classifier', 'oracle', false, true],
      ['GiGPO', 'gigpo', 'none', false, false],
      ['GiGPO + classifier + PCGrad, graph labels', 'gigpo+classifier+pcgrad', 'graph', false, false],
      ['GRPO + label advantages, graph labels', 'label-advantages', 'graph', true, false],
      ['GRPO + graph advantages', 'graph-advantages', 'none', false, false],
      ['GRPO + graph advantages + classifier, graph labels', 'graph-advantages+classifier', 'graph', false, false],
    ]);
  });

  test('config keys of a variant stand in its name, its runs and its config', () => {
    const text =
      'grpo;grpo@optimizer=muon,muonMomentum=0.9;decouple@decouplePairs=permuted;decouple:oracle@decouplePairs=labelled';
    const variants = parseVariants(text);
    expect(variants.map((v) => [v.name, v.labels, v.control, v.upperBound, v.settings])).toEqual([
      ['GRPO', 'none', false, false, undefined],
      ['GRPO, optimizer muon, muonMomentum 0.9', 'none', false, false, { optimizer: 'muon', muonMomentum: 0.9 }],
      ['GRPO + decoupled advantages, decouplePairs permuted', 'none', true, false, { decouplePairs: 'permuted' }],
      [
        'GRPO + decoupled advantages, oracle labels, decouplePairs labelled',
        ...['oracle', false, true, { decouplePairs: 'labelled' }],
      ],
    ]);
    const shared = { iterations: 7 };
    const plan: ComparisonPlan = { preset: 'custom', variants, seeds: [3], shared, directory, budgetMs: null };
    const [plain, muon, , labelled] = variants.map((variant) => variantConfig(plan, variant, 3));
    expect([plain.optimizer, muon.optimizer, muon.muonMomentum, muon.iterations]).toEqual(['adamw', 'muon', 0.9, 7]);
    expect([labelled.decouplePairs, labelled.labels]).toEqual(['labelled', 'oracle']);
    expect(plannedRuns(plan).map(({ name }) => name)).toEqual([
      'grpo-s3',
      'grpo-optimizer-muon-muonMomentum-0.9-s3',
      'decouple-decouplePairs-permuted-s3',
      'decouple-oracle-decouplePairs-labelled-s3',
    ]);
  });

  test.each([
    [
      'grpo@seed=2',
      'variants: a setting must not be method, labels, seed, env, got "seed" in "grpo@seed=2"; write method:labels@key=value, and give --seeds and --env',
    ],
    [
      'grpo@hidden',
      'variants: settings must be key=value, joined by commas, each key once, got "hidden" in "grpo@hidden"; It must look like key=value.',
    ],
    [
      'decouple:graph@decouplePairs=all',
      'variants: decouple must be given without labels, which it does not use, got "decouple:graph@decouplePairs=all"; drop ":graph"',
    ],
    [
      'grpo:graph',
      'variants: grpo must be given without labels, which it does not use, got "grpo:graph"; drop ":graph"',
    ],
    [
      'upgrad+gigpo:oracle',
      'variants: gigpo+upgrad must be given without labels, which it does not use, got "upgrad+gigpo:oracle"; drop ":oracle"',
    ],
    ['classifier:graph:x', 'variants: an entry must be method or method:labels, got "classifier:graph:x"'],
    [
      'cloning;grpo+cloning:graph',
      'variants: each variant must be given once, got "GRPO + cloning, graph labels" twice; keep one',
    ],
    [
      'dapo',
      'config: method must be one or more of grpo, gigpo, ppo, graph-advantages, classifier, contrastive, cloning, label-advantages, decouple, pcgrad, gradvac, upgrad, heads, each once, joined by +, got "dapo"',
    ],
    [
      'cloning:',
      'config: labels must be one of advantage, anchor, graph, critic, counterfactual, demonstrations, oracle, shuffled, custom, got ""',
    ],
  ])('refuses "%s"', (text, message) => {
    expect(() => parseVariants(text)).toThrow(new Error(message));
  });
});

describe('the time budget', () => {
  test('no seed is begun that would not fit, by the longest round so far', async () => {
    // Rounds of 30 s and 50 s: after 80 s another 50 s fit into 130 s but not into 129 s.
    const runMs = [10_000, 20_000, 40_000, 10_000];
    const short = await compareWith({ budgetMs: 129_000, seeds: [5, 6, 7] }, runMs);
    expect(short.error).toBe(null);
    expect(short.record.note).toBe('2 seeds each: completed 2 of 3 seeds within the time limit of 2.15 min');
    expect(short.record.variants.map((variant) => variant.runs)).toEqual([
      ['grpo-s5', 'grpo-s6'],
      ['cloning-graph-s5', 'cloning-graph-s6'],
    ]);
    rmSync(directory, { recursive: true });
    const long = await compareWith({ budgetMs: 130_000, seeds: [5, 6, 7] }, runMs);
    expect(long.record.note).toBe('3 seeds each');
  });

  test('a short round does not make the next one short', async () => {
    // Rounds of 50 s and 30 s.
    const { record } = await compareWith({ budgetMs: 129_000, seeds: [5, 6, 7] }, [40_000, 10_000, 10_000, 20_000]);
    expect(record.note).toBe('2 seeds each: completed 2 of 3 seeds within the time limit of 2.15 min');
  });

  test('the preset has a time limit; seeds given with --seeds have none unless --minutes is given', () => {
    const options = { preset: 'quick', out: 'x' } as const;
    expect(planOf(options)).toMatchObject({ preset: 'quick', seeds: [1, 2, 3], budgetMs: 138_000 });
    expect(planOf({ ...options, seeds: [7] })).toMatchObject({ seeds: [7], budgetMs: null });
    expect(planOf({ ...options, seeds: [7], minutes: 2 })).toMatchObject({ seeds: [7], budgetMs: 120_000 });
    expect(planOf({ ...options, variants: 'grpo' })).toMatchObject({ preset: 'custom', shared: {} });
    expect(planOf({ ...options, env: 'bandit', set: new Map([['beta', 0.1]]) }).shared).toEqual({
      env: 'bandit',
      beta: 0.1,
      iterations: 120,
      evalEvery: 40,
      evalEpisodes: 200,
      couplingEvery: 40,
    });
  });

  test('the first seed always runs, and without a budget all do', async () => {
    expect((await compareWith({ budgetMs: 0 }, [1000])).record.note).toBe(
      '1 seed each: completed 1 of 4 seeds within the time limit of 0 min',
    );
    expect((await compareWith({}, [1e9])).record.note).toBe('4 seeds each');
  });
});

describe('going on in the same folder', () => {
  test('finished runs are kept, unfinished ones resumed, those without a checkpoint, too', async () => {
    await compareWith({ seeds: [1] }, [1]);
    const config = { ...resolveConfig({ iterations: 2, method: 'grpo', seed: 2 }) };
    const half = createRun(join(directory, 'grpo-s2'), { config, versions: {}, keepCheckpoints: 1 });
    const head = { numerics: 1, configSha256: '', environment: '', vocabularySha256: null };
    const chain = { head, links: [], open: [] };
    half.saveCheckpoint({ iteration: 0, parameters: [], state: [], counters: {}, chain });
    half.close();
    const cloning = { ...config, method: 'cloning' };
    createRun(join(directory, 'cloning-graph-s2'), { config: cloning, versions: {}, keepCheckpoints: 1 }).close();
    const trained: [string, boolean][] = [];
    const { record } = await compareWith({ seeds: [1, 2] }, [1], (folder, resume) => trained.push([folder, resume]));
    expect(trained).toEqual([
      ['grpo-s2', true],
      ['cloning-graph-s2', true],
    ]);
    expect(record.variants.map((variant) => variant.runs.length)).toEqual([2, 2]);
  });

  test('a run with another config is rejected', async () => {
    await compareWith({ seeds: [1] }, [1]);
    const { error } = await compareWith({ seeds: [1], shared: { iterations: 3 } }, [1]);
    expect(error).toEqual(
      new Error(`compare: ${join(directory, 'grpo-s1')} contains a run with another config; choose another --out`),
    );
  });
});

test('a run that fails ends the comparison; compare.json holds what is finished', async () => {
  const { record, error } = await compareWith({}, [1], (folder) => {
    if (folder === 'grpo-s2') throw new Error('environment: ended');
  });
  expect(error).toEqual(new Error('grpo-s2: environment: ended'));
  expect(record.note).toBe('stopped after 2 runs');
  const written = JSON.parse(readFileSync(join(directory, 'compare.json'), 'utf8'));
  expect(written).toEqual(record);
  expect(written.variants.map((variant: { runs: string[] }) => variant.runs)).toEqual([
    ['grpo-s1'],
    ['cloning-graph-s1'],
  ]);
});

test('a run during which Ctrl-C came is not counted, even if the trainer returns as if all were well', async () => {
  const controller = new AbortController();
  const onTrain = (folder: string): void => {
    if (folder === 'cloning-graph-s1') controller.abort();
  };
  const { record, error } = await compareWith({}, [1], onTrain, controller.signal);
  expect((error as Error).name).toBe('AbortError');
  expect(record.variants.map((variant) => variant.runs)).toEqual([['grpo-s1']]);
});

describe('several runs at a time', () => {
  const told = (): Told => ({ notes: [], all: [], opened: [], closed: 0 });
  const never = new AbortController().signal;

  /** Settles when the run is aborted, as a trainer does between two steps. */
  const untilEnded = (signal: AbortSignal): Promise<never> =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

  test('runs begin in their order and the record has that of the seeds, whichever ends first', async () => {
    const seen = told();
    const begun: string[] = [];
    const ends = new Map<string, () => void>();
    const onTrain = async (folder: string): Promise<void> => {
      begun.push(folder);
      // The first run ends after all others.
      if (begun.length === 1) await new Promise<void>((resolve) => ends.set(folder, resolve));
      if (begun.length === 8) ends.get('grpo-s1')?.();
    };
    const { record, error } = await compareWith({ shared: { iterations: 5 } }, [1], onTrain, never, 2, seen);
    expect(error).toBe(null);
    expect(begun).toEqual([1, 2, 3, 4].flatMap((seed) => [`grpo-s${seed}`, `cloning-graph-s${seed}`]));
    expect(record.variants.map(({ runs }) => runs)).toEqual([
      ['grpo-s1', 'grpo-s2', 'grpo-s3', 'grpo-s4'],
      ['cloning-graph-s1', 'cloning-graph-s2', 'cloning-graph-s3', 'cloning-graph-s4'],
    ]);
    expect([seen.notes, seen.opened, seen.closed]).toEqual([['2 runs at the same time, 1 thread each'], [1, 1], 2]);
    expect([seen.all[0], seen.all.at(-1)]).toEqual([
      [0, 40],
      [40, 40],
    ]);
  });

  test('there are at most as many trainers as runs, and the threads are divided among them', async () => {
    const seen = told();
    await compareWith({ seeds: [1] }, [1], undefined, never, 5, seen);
    expect([seen.notes, seen.opened]).toEqual([['2 runs at the same time, 2 threads each'], [2, 2]]);
    rmSync(join(directory, 'grpo-s1'), { recursive: true });
    const one = told();
    await compareWith({ seeds: [1] }, [1], undefined, never, 5, one);
    expect([one.notes, one.opened, one.all]).toEqual([[], [], []]);
  });

  test('a run that fails ends those beside it; what is finished is kept, no other run begins', async () => {
    const seen = told();
    const begun: string[] = [];
    const ended: string[] = [];
    const onTrain: OnTrain = async (folder, _, signal) => {
      begun.push(folder);
      if (folder === 'grpo-s2') await untilEnded(signal).finally(() => ended.push(folder));
      if (folder === 'cloning-graph-s2') throw new Error('environment: ended');
    };
    const { record, error } = await compareWith({}, [1], onTrain, never, 2, seen);
    expect(error).toEqual(new Error('cloning-graph-s2: environment: ended'));
    expect([record.note, record.variants.map(({ runs }) => runs)]).toEqual([
      'stopped after 2 runs',
      [['grpo-s1'], ['cloning-graph-s1']],
    ]);
    expect([begun.length, ended, seen.closed]).toEqual([4, ['grpo-s2'], 2]);
  });

  test('Ctrl-C ends all runs, and the error is its own', async () => {
    const controller = new AbortController();
    const ended: string[] = [];
    const onTrain: OnTrain = async (folder, _, signal) => {
      if (folder === 'cloning-graph-s1') controller.abort();
      if (!signal.aborted) await untilEnded(signal).finally(() => ended.push(folder));
    };
    const { record, error } = await compareWith({}, [1], onTrain, controller.signal, 2);
    expect([(error as Error).name, record.variants, ended]).toEqual(['AbortError', [], ['grpo-s1']]);
  });

  test('resumed runs count from their checkpoint, runs without time do not count', async () => {
    const config = { ...resolveConfig({ iterations: 10, method: 'grpo', seed: 1 }) };
    const half = createRun(join(directory, 'grpo-s1'), { config, versions: {}, keepCheckpoints: 1 });
    const chain = {
      head: { numerics: 1, configSha256: '', environment: '', vocabularySha256: null },
      links: [],
      open: [],
    };
    half.saveCheckpoint({ iteration: 4, parameters: [], state: [], counters: {}, chain });
    half.close();
    const seen = told();
    const plan = { seeds: [1, 2], shared: { iterations: 10 }, budgetMs: 0 };
    const { record } = await compareWith(plan, [1000], undefined, never, 1, seen);
    expect([record.note, seen.all[0], seen.all.at(-1)]).toEqual([
      '1 seed each: completed 1 of 2 seeds within the time limit of 0 min',
      [0, 36],
      [16, 36],
    ]);
  });
});
