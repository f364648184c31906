/** Crews in runtimes with little memory, and runs with more threads than 32-bit addresses allow. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { createProgram, crewText, type Host, runProgram } from '../../src/cli/shared/commandShell.ts';
import { addTrainCommand } from '../../src/cli/train/command.ts';
import { trainIn } from '../../src/cli/train/trainRun.ts';
import { type Config, resolveConfig } from '../../src/config/config.ts';
import { index32 } from '../../src/engine/kernels/address.ts';
import type { Arena } from '../../src/engine/kernels/arena.ts';
import { createArena } from '../../src/engine/kernels/createArena.ts';
import { createSharedMemory, openSharedMemory } from '../../src/engine/kernels/sharedMemory.ts';
import { openEnvironments } from '../../src/env/registry.ts';
import { type CrewOptions, openCrew, relaxedCrew } from '../../src/parallel/crew.ts';
import { ADDRESS_SPACE, memoryNeed, needOf, threadsIn } from '../../src/parallel/need.ts';
import { createWorkerApi } from '../../src/parallel/worker.ts';
import { type TrainOutcome, train } from '../../src/train/trainer.ts';
import { spawnWorker } from '../../workers/spawn.node.ts';

const MiB = 2 ** 20;
const PAGE = 65_536;
const refusal = 'WebAssembly.Memory(): could not allocate memory';
const short: Partial<Config> = {
  method: 'classifier+cloning',
  iterations: 1,
  coldStartUpdates: 2,
  groupsPerIteration: 2,
  evalEpisodes: 4,
  couplingPairs: 4,
};

/**
 * Replaces WebAssembly.Memory: shared memories of up to `shared` pages (0: none), and unshared ones if `own`. Returns
 * the requested maxima.
 */
function hostWith({ shared, own = true }: { shared: number; own?: boolean }): number[] {
  const asked: number[] = [];
  const Memory = WebAssembly.Memory;
  const Small = class extends Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      if (descriptor.shared) asked.push(descriptor.maximum as number);
      if (descriptor.shared ? (descriptor.maximum as number) > shared : !own) throw new RangeError(refusal);
      super(descriptor);
    }
  };
  vi.spyOn(WebAssembly, 'Memory').mockImplementation(Small);
  return asked;
}
afterEach(() => vi.restoreAllMocks());

/**
 * Runs `short` on a crew opened for `size` threads. Returns the outcome and the text about the crew, before and after
 * the run.
 */
async function trained(size: number, options: CrewOptions = {}): Promise<{ run: TrainOutcome; said: string[] }> {
  const crew = await openCrew(spawnWorker, size, { cores: null, ...options });
  const opened = crewText(crew);
  try {
    const run = await train(short, { crew });
    return { run, said: [opened, crewText(crew)] };
  } finally {
    crew.close();
  }
}

describe('a shared memory', () => {
  test('has 4 GiB where the runtime allocates it', () => {
    const asked = hostWith({ shared: 65_536 });
    expect(openSharedMemory(100 * MiB, 50 * MiB).bytes).toBe(ADDRESS_SPACE);
    expect(asked).toEqual([65_536]);
  });

  test('otherwise has the wanted size, or less in steps of a quarter, down to the least size', () => {
    const asked = hostWith({ shared: 1000 });
    const { memory, bytes } = openSharedMemory(100 * MiB, 20 * MiB);
    expect(asked).toEqual([65_536, 1600, 1200, 900]);
    expect(bytes).toBe(900 * PAGE);
    memory.grow(900 - 16);
    expect(() => memory.grow(1)).toThrow(RangeError);
    asked.length = 0;
    expect(() => openSharedMemory(100 * MiB, 70 * MiB)).toThrow(new RangeError(refusal));
    expect(asked).toEqual([65_536, 1600, 1200, 1120]);
  });

  test('of any size is found below 4 GiB; a refused one is an error that states the next step', () => {
    for (const most of [40_000, 9000, 1024, 100, 16]) {
      const asked = hostWith({ shared: most });
      expect(createSharedMemory().buffer.byteLength).toBe(16 * PAGE);
      // At least three quarters of the available size, or of one step above it.
      expect(asked.at(-1)).toBeGreaterThanOrEqual(Math.max(16, Math.floor(most * 0.7)));
      vi.restoreAllMocks();
    }
    hostWith({ shared: 0 });
    expect(createSharedMemory).toThrow(
      new RangeError(
        `createSharedMemory: the runtime must provide shared memory of 1 MiB, got ${refusal}; use one thread`,
      ),
    );
  });
});

describe('a crew in a runtime with little memory', () => {
  let expected: string;
  let need: (threads: number) => number;
  beforeAll(async () => {
    expected = (await train(short)).parametersSha256;
    need = (await needOf(resolveConfig(short))) as typeof need;
  });

  test('runs with as many threads as the allocated memory can hold', async () => {
    const pages = Math.ceil(need(3) / PAGE);
    const asked = hostWith({ shared: pages });
    const { run, said } = await trained(5);
    expect(run.parametersSha256).toBe(expected);
    const held = (asked.at(-1) as number) * PAGE;
    const threads = threadsIn(held, need, 5);
    expect([2, 3]).toContain(threads);
    expect(said).toEqual([
      '5 threads on one shared memory',
      `${threads} threads on one shared memory: 5 threads need about ${Math.ceil(need(5) / MiB)} MiB of memory, and a shared memory holds ${Math.ceil(held / MiB)} MiB`,
    ]);
  });

  test('runs with one thread where the runtime cannot allocate memory for two', async () => {
    hostWith({ shared: Math.floor(need(2) / PAGE) - 1 });
    const { run, said } = await trained(3);
    expect(run.parametersSha256).toBe(expected);
    expect(said).toEqual([
      '3 threads on one shared memory',
      `1 thread: two threads need about ${Math.ceil(need(2) / MiB)} MiB of shared memory, which this runtime cannot allocate: ${refusal}`,
    ]);
  });

  test('has one thread and no worker where the runtime has no shared memory', async () => {
    hostWith({ shared: 0 });
    const { run, said } = await trained(3);
    expect(run.parametersSha256).toBe(expected);
    expect(said).toEqual(Array(2).fill(`1 thread: this runtime cannot allocate shared memory: ${refusal}`));
  });

  test('uses all threads again where a later run needs less', async () => {
    const small: Partial<Config> = { ...short, policy: 'mlp', method: 'grpo' };
    hostWith({ shared: Math.ceil(need(2) / PAGE) + 64 });
    const crew = await openCrew(spawnWorker, 4, { cores: null });
    try {
      await train(short, { crew });
      expect(crew.size).toBeLessThan(4);
      await train(small, { crew });
      expect([crew.size, crew.reason]).toEqual([4, 'the host shares memory between threads']);
    } finally {
      crew.close();
    }
  });

  test('reports an error where the memory is too small for one thread', async () => {
    hostWith({ shared: 0, own: false });
    const message = `createArena: the runtime must provide a memory of 1 MiB, got ${refusal}; close other programs or pages`;
    await expect(createArena()).rejects.toThrow(new RangeError(message));
    await expect(train(short)).rejects.toThrow(new RangeError(message));
  });
});

describe('more threads than a memory of 4 GiB holds', () => {
  const wide: Partial<Config> = { tokenWidth: 256, matchWidth: 256, hidden: 1024, couplingPairs: 2 };

  test('are not started where the config is known', async () => {
    const started: string[] = [];
    const spawn: typeof spawnWorker = (name) => {
      started.push(name);
      return { api: createWorkerApi(), ended: new Promise(() => {}), terminate: () => {} };
    };
    const need = (await needOf(resolveConfig(wide))) as (threads: number) => number;
    const fit = threadsIn(ADDRESS_SPACE, need, 1000);
    expect(need(fit)).toBeLessThanOrEqual(ADDRESS_SPACE);
    expect(need(fit + 1)).toBeGreaterThan(ADDRESS_SPACE);
    expect(fit).toBeGreaterThanOrEqual(7);
    const crew = await openCrew(spawn, 50, { cores: null, config: wide });
    crew.close();
    expect(started).toHaveLength(fit - 1);
    expect(crewText(crew)).toBe(
      `${fit} threads on one shared memory: 50 threads need about ${Math.ceil(need(50) / MiB)} MiB of memory, and a shared memory holds 4096 MiB`,
    );
  });

  test('no worker starts where two threads do not fit; copies are not limited', async () => {
    const huge: Partial<Config> = { tokenWidth: 1024, matchWidth: 1024, hidden: 8192 };
    const crew = await openCrew(spawnWorker, 2, { cores: null, config: huge });
    expect([crew.size, crew.memory]).toEqual([1, 'own']);
    expect(crew.reason).toMatch(/^2 threads need about \d+ MiB of memory, and a shared memory holds 4096 MiB$/);
    const copies = await openCrew(spawnWorker, 2, { cores: null, config: huge, copied: true });
    copies.close();
    expect([copies.size, copies.memory]).toEqual([2, 'copied']);
  });
});

describe('the command', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'unbraid-memory-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  test('opens a crew for the config of its run, and prints the number of threads again where it is smaller', async () => {
    let stderr = '';
    const opened: unknown[] = [];
    const host: Host = {
      stdout: { write: () => true },
      stderr: { write: (text: string) => (stderr += text) },
      env: {},
      signal: new AbortController().signal,
      cores: 5,
      openCrew(size, kernels, config) {
        opened.push([size, config?.groupsPerIteration]);
        return openCrew(spawnWorker, size, { cores: null, kernels, ...(config && { config }) });
      },
    };
    const program = createProgram(host, '0.0.0');
    addTrainCommand(program, host, async () => ({ train: trainIn('0.0.0'), relaxedCrew: async () => relaxedCrew() }));
    const settings = Object.entries({ groupsPerIteration: 2, evalEpisodes: 4, couplingPairs: 4 });
    const given = settings.flatMap(([key, value]) => ['--set', `${key}=${value}`]);
    hostWith({ shared: 1600 });
    const out = join(directory, 'run');
    const args = ['train', '--iterations', '1', '--cold-start', '0', ...given, '--out', out, '--json'];
    expect(await runProgram(program, args, host)).toBe(0);
    expect(opened).toEqual([[5, 2]]);
    const [first, second] = stderr.split('\n').filter((line) => /^\d+ threads?\b/.test(line));
    expect(first).toBe('5 threads on one shared memory');
    expect(second).toMatch(
      /^[1-4] threads? on one shared memory: 5 threads need about \d+ MiB of memory, and a shared memory holds \d+ MiB$/,
    );
    const { workers } = JSON.parse(readFileSync(join(out, 'result.json'), 'utf8'));
    expect(second).toBe(crewText({ ...workers, size: workers.count }));
  });
});

describe('the estimated memory of a run', () => {
  test.each<Partial<Config>>([
    {},
    { couplingPairs: 120, labels: 'critic', method: 'classifier' },
    { policy: 'mlp', method: 'ppo+contrastive', beta: 0.1 },
    { env: 'crafting', observation: 'text', blocks: 1 },
    { tokenWidth: 96, hidden: 512, groupsPerIteration: 2, numGenerations: 2, coldStart: 0, couplingPairs: 8 },
  ])('is between once and three times the memory in use: %j', async (changes) => {
    const config = resolveConfig({ iterations: 1, evalEpisodes: 8, coldStartUpdates: 2, ...changes });
    const pool = await openEnvironments(config, null);
    const need = memoryNeed(pool.create().spec, config);
    const crew = await openCrew(spawnWorker, 3, { cores: null });
    const open = crew.arena.bind(crew);
    let arena: Arena | null = null;
    crew.arena = async (...given) => {
      arena = await open(...given);
      return arena;
    };
    await train(config, { crew });
    crew.close();
    const { i32, kernels } = arena as unknown as Arena;
    // The number of pages that threads have reserved is stored after the constants.
    const taken = (1 + i32[index32(Math.ceil(kernels.heapBase() / 64) * 64)]) * PAGE;
    expect(need(3)).toBeGreaterThan(taken);
    expect(need(3)).toBeLessThan(3 * taken);
  });
});
