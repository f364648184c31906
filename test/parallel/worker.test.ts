import { beforeAll, describe, expect, test } from 'vitest';
import { resolveConfig } from '../../src/config/config.ts';
import type { Arena } from '../../src/engine/kernels/arena.ts';
import { createArena } from '../../src/engine/kernels/createArena.ts';
import { engineModule } from '../../src/engine/kernels/load.ts';
import { createSharedMemory } from '../../src/engine/kernels/sharedMemory.ts';
import { createPolicy, type Policy } from '../../src/engine/policy/policy.ts';
import { createLookAlike } from '../../src/env/lookAlike.ts';
import { openEnvironments } from '../../src/env/registry.ts';
import { type Crew, openCrew, type SpawnWorker } from '../../src/parallel/crew.ts';
import { openSpread, type Spread } from '../../src/parallel/spread.ts';
import { startGeneration } from '../../src/parallel/workCounter.ts';
import { createWorkerApi, type PlayJob, type RunSetup, type WorkerApi } from '../../src/parallel/worker.ts';
import type { GameChoice } from '../../src/rollout/rollout.ts';
import { gatherUnhandled } from '../unhandled.ts';

const unhandled = gatherUnhandled();

const config = resolveConfig({ env: 'look-alike', policy: 'mlp', hidden: 16 });
const { spec } = createLookAlike();
const games = Array.from({ length: 32 }, (_, seed): GameChoice => ({ seed, split: 'train', rollout: 0 }));

let arena: Arena;
let policy: Policy;
let counter: number;
let setup: RunSetup;
let api: WorkerApi;
beforeAll(async () => {
  arena = await createArena(await engineModule('threads'), createSharedMemory());
  policy = createPolicy(arena, spec, { ...config, logitScale: 1 });
  policy.network.initialise(policy.weights, 2);
  policy.network.prepare(policy.weights);
  counter = arena.floats(1);
  const shared = { memory: arena.memory, weights: policy.weights };
  setup = { config, spec, vocabulary: null, plays: true, shared, custom: { environment: null, policy: null } };
  api = createWorkerApi();
  await api.begin(setup);
});

const jobOf = (generation: number): PlayJob => ({
  ...{ weights: null, games, chunks: 4, slots: 4, options: { key: [1, 2], temperature: 1 } },
  take: { counter, generation },
});

describe('a generation of the work counter that is over', () => {
  test('stops the episodes between two steps: unfinished chunks are not returned', async () => {
    startGeneration(arena.i32, counter >>> 2, 1);
    const whole = await api.play(jobOf(1));
    expect(whole.map(([chunk]) => chunk)).toEqual([0, 1, 2, 3]);
    startGeneration(arena.i32, counter >>> 2, 2);
    const stopped = api.play(jobOf(2));
    // The first steps are taken while promises settle.
    for (let i = 0; i < 6; i++) await Promise.resolve();
    expect(arena.i32[counter >>> 2] & 0xfff).toBe(1);
    startGeneration(arena.i32, counter >>> 2, 3);
    expect(await stopped).toEqual([]);
    expect(await api.collect({ ...jobOf(2), slots: games.length })).toEqual([]);
    // The next generation returns the same results as an uninterrupted one.
    expect(await api.play(jobOf(3))).toEqual(whole);
  });

  test('stops Gram matrices: their rows are not returned', async () => {
    startGeneration(arena.i32, counter >>> 2, 4);
    const [[, rollout]] = await api.collect({ ...jobOf(4), chunks: 1, slots: games.length });
    const left = { list: rollout.states, states: [0, 1, 2], taken: [0, 1, 0] };
    const pieces = [{ left, right: null, rows: [0, 3] as const }];
    expect(await api.grams({ weights: null, pieces, parts: true, during: { counter, generation: 3 } })).toEqual([]);
    const grams = await api.grams({ weights: null, pieces, parts: true, during: { counter, generation: 4 } });
    expect(grams.map(({ rows, columns }) => [rows, columns])).toEqual([[3, 3]]);
    expect(await api.grams({ weights: null, pieces, parts: true, during: null })).toEqual(grams);
    const [{ total, byParameter }] = await api.grams({ weights: null, pieces, parts: false, during: null });
    expect([total, byParameter.size]).toEqual([grams[0].total, 0]);
  });
});

test('calls are executed in the order in which they arrive: a call waits until its run has begun', async () => {
  startGeneration(arena.i32, counter >>> 2, 5);
  const late = createWorkerApi();
  const begin = late.begin(setup);
  const played = late.play(jobOf(5));
  await begin;
  expect((await played).length).toBe(4);
});

describe('an abort', () => {
  /**
   * Workers on this thread that start each call 20 ms late, and record each call and the length of its result in
   * `recorded`.
   */
  function slowWorkers(recorded: string[]): SpawnWorker {
    return () => {
      const own = createWorkerApi();
      const late =
        <J extends unknown[], T extends unknown[]>(name: string, call: (...job: J) => Promise<T>) =>
        async (...job: J): Promise<T> => {
          recorded.push(name);
          await new Promise((resolve) => setTimeout(resolve, 20));
          const done = await call(...job);
          recorded.push(`${name}: ${done.length}`);
          return done;
        };
      const { attach, begin, useModule, collect, play, shards, updates, grams } = own;
      const slow = { collect: late('collect', collect), play: late('play', play), grams: late('grams', grams) };
      return {
        api: { attach, begin, useModule, shards, updates, ...slow },
        ended: new Promise(() => {}),
        terminate() {},
      };
    };
  }

  /** A run on slow workers. */
  async function slowRun(
    copied: boolean,
    recorded: string[],
    signal: AbortSignal,
  ): Promise<{ crew: Crew; spread: Spread }> {
    const crew = await openCrew(slowWorkers(recorded), 2, { copied, cores: null });
    const pool = await openEnvironments(config, null);
    const mine = createPolicy(await crew.arena(), spec, { ...config, logitScale: 1 });
    mine.network.initialise(mine.weights, 2);
    mine.network.prepare(mine.weights);
    const environments = games.map(() => pool.create());
    return { crew, spread: await openSpread(crew, mine, config, pool, environments, signal) };
  }

  test.each([false, true])(
    'rejects without waiting for workers, and workers claim no further chunk: copied %s',
    async (copied) => {
      const recorded: string[] = [];
      const controller = new AbortController();
      const { signal } = controller;
      const { crew, spread } = await slowRun(copied, recorded, signal);
      const options = { key: [1, 2], temperature: 1, signal } as const;
      const playing = spread.play(games, { ...options, onEpisode: () => controller.abort() });
      await expect(playing).rejects.toMatchObject({ name: 'AbortError' });
      for (const phase of [
        () => spread.play(games, options),
        () => spread.collect({ games, options }),
        () => spread.grams([]),
      ]) {
        await expect(phase()).rejects.toBe(signal.reason);
      }
      expect(recorded).toEqual(['play']);
      await new Promise((resolve) => setTimeout(resolve, 40));
      // On copies a worker plays the chunk that it has received.
      expect(recorded).toEqual(['play', copied ? 'play: 1' : 'play: 0']);
      spread.close();
      crew.close();
    },
  );

  test.each([false, true])(
    'during a measurement, followed by the close of the crew, leaves no unhandled rejection: copied %s',
    async (copied) => {
      const controller = new AbortController();
      const { crew, spread } = await slowRun(copied, [], controller.signal);
      startGeneration(arena.i32, counter >>> 2, 6);
      const [[, rollout]] = await api.collect({ ...jobOf(6), chunks: 1, slots: games.length });
      const left = { list: rollout.states, states: [0, 1, 2], taken: [0, 1, 0] };
      const requests = Array.from({ length: 4 }, () => ({ left, right: null }));
      // The calling thread fails at its first piece, while the worker computes its own.
      const measuring = spread.grams(requests, async () => {
        controller.abort();
        controller.signal.throwIfAborted();
      });
      await expect(measuring).rejects.toMatchObject({ name: 'AbortError' });
      crew.close();
      await new Promise((resolve) => setTimeout(resolve, 40));
      expect(unhandled()).toEqual([]);
    },
  );
});
