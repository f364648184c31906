import { getEventListeners } from 'node:events';
import { beforeAll, describe, expect, test } from 'vitest';
import { resolveConfig } from '../../src/config/config.ts';
import { measureCoupling } from '../../src/coupling/measure.ts';
import { collectSamplePairs } from '../../src/coupling/samplePairStates.ts';
import { createArena } from '../../src/engine/kernels/createArena.ts';
import { createPolicy, type Policy } from '../../src/engine/policy/policy.ts';
import type { TextEnvironment, TextStep } from '../../src/env/environment.ts';
import { createLookAlike } from '../../src/env/lookAlike.ts';
import { unlessAborted } from '../../src/eventLoop.ts';
import { branch, requireCopies } from '../../src/rollout/branch.ts';
import { collect } from '../../src/rollout/collect.ts';
import { evaluate } from '../../src/rollout/success.ts';
import { runDanger } from '../../src/study/danger/danger.ts';
import { replay } from '../../src/train/replay.ts';
import { train } from '../../src/train/trainer.ts';
import { rooms } from '../env/text/rooms.ts';
import { gatherUnhandled } from '../unhandled.ts';

const unhandled = gatherUnhandled();

const config = {
  env: 'look-alike',
  policy: 'mlp',
  iterations: 1,
  coldStart: 0,
  groupsPerIteration: 1,
  numGenerations: 4,
  evalEpisodes: 2,
  couplingPairs: 2,
} as const;
const bankOptions = { seed: 1, split: 'in-domain', pairs: 2, graphDiscount: 0.9, graphMaxEdges: 100 } as const;
const games = { seed: 1, split: 'train', episodes: 3, trainGames: 2, temperature: 1 } as const;

let policy: Policy;
beforeAll(async () => {
  const sizes = { tokenWidth: 6, matchWidth: 4, hidden: 16, embedding: 8, blocks: 0, heads: 2, logitScale: 1 };
  policy = createPolicy(await createArena(), createLookAlike().spec, { policy: 'mlp', ...sizes });
  policy.network.initialise(policy.weights, 4);
  policy.network.prepare(policy.weights);
});

/** All that takes a signal. */
const calls: Record<string, (signal: AbortSignal, onWork: () => void) => Promise<unknown>> = {
  train: (signal, onProgress) => train(config, { signal, onProgress }),
  replay: (signal, onProgress) => replay(resolveConfig(config), { signal, onProgress }),
  evaluate: (signal, onEpisode) => evaluate(policy, [createLookAlike()], { ...games, signal, onEpisode }),
  collectSamplePairs(signal, onWork) {
    const environment = createLookAlike();
    const watched = {
      ...environment,
      reset: (...given: Parameters<typeof environment.reset>) => {
        onWork();
        return environment.reset(...given);
      },
    };
    return collectSamplePairs(policy, [watched], { ...bankOptions, signal });
  },
  async measureCoupling(signal, onWork) {
    const bank = await collectSamplePairs(policy, [createLookAlike()], bankOptions);
    if (!bank) throw new Error('look-alike states have pairs of all classes');
    const describeSample = (): string => {
      onWork();
      return '';
    };
    return measureCoupling(policy, bank, { describe: describeSample, signal });
  },
  runDanger: (signal, onProgress) => runDanger({ starts: [0.4], seeds: 1, iterations: 10, signal, onProgress }),
};

describe.each(Object.entries(calls))('%s', (_, call) => {
  test('with a signal that is aborted rejects before anything starts, with an AbortError or the reason given', async () => {
    let works = 0;
    const rejected = (signal: AbortSignal): Promise<unknown> =>
      call(signal, () => works++).catch((error: unknown) => error);
    expect(await rejected(AbortSignal.abort())).toMatchObject({ name: 'AbortError' });
    const reason = { mine: true };
    expect(await rejected(AbortSignal.abort(reason))).toBe(reason);
    expect(works).toBe(0);
  });

  test('rejects with an AbortError on an abort during its last report, too', async () => {
    let reports = 0;
    await call(new AbortController().signal, () => reports++);
    const controller = new AbortController();
    let left = reports;
    const aborted = call(controller.signal, () => {
      if (--left === 0) controller.abort();
    });
    await expect(aborted).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('leaves no listener on the signal', async () => {
    const { signal } = new AbortController();
    for (let run = 0; run < 3; run++) await call(signal, () => {});
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    expect(unhandled()).toEqual([]);
  });
});

const never = new Promise<never>(() => {});
const reason = new DOMException('enough', 'AbortError');

describe('an abort ends the wait for an environment that does not answer', () => {
  /** A program whose environments answer `most` times. */
  function silentAfter(most: number) {
    let answers = 0;
    let closed = 0;
    const slow = (answer: TextStep): Promise<TextStep> => (answers++ < most ? Promise.resolve(answer) : never);
    const create = (): TextEnvironment => {
      const { reset, step } = rooms();
      return rooms({
        reset: (game) => slow(reset(game) as TextStep),
        step: (action) => slow(step(action) as TextStep),
      });
    };
    const openBridge = async (): Promise<{ create: typeof create; close(): Promise<void> }> => ({
      create,
      close: async () => void closed++,
    });
    return { openBridge, answers: () => answers, closed: () => closed };
  }

  const { env: _, policy: __, ...rest } = config;
  const text = { ...rest, env: 'rooms', vocabularyEpisodes: 5 };
  let whole: number;
  beforeAll(async () => {
    const { openBridge, answers } = silentAfter(Number.POSITIVE_INFINITY);
    await train(text, { openBridge });
    whole = answers();
  });

  // From the first text for the vocabulary to the last evaluation.
  test.each([0, 0.05, 0.2, 0.4, 0.6, 0.8, 0.99])('after %d of its answers', async (share) => {
    const { openBridge, answers, closed } = silentAfter(Math.floor(share * whole));
    const controller = new AbortController();
    const { signal } = controller;
    const run = train(text, { openBridge, signal });
    const timer = setInterval(() => {
      if (answers() > share * whole) controller.abort(reason);
    }, 5);
    await expect(run).rejects.toBe(reason);
    clearInterval(timer);
    expect([closed(), getEventListeners(signal, 'abort')]).toEqual([1, []]);
  });

  test('a bridge that opens after the abort is closed', async () => {
    const controller = new AbortController();
    let closed = 0;
    let open: () => void = () => {};
    const opening = new Promise<void>((resolve) => {
      open = resolve;
    });
    const openBridge = async () => {
      await opening;
      return { create: rooms, close: async () => void closed++ };
    };
    const run = train({ env: 'rooms' }, { openBridge, signal: controller.signal });
    controller.abort();
    await expect(run).rejects.toBe(controller.signal.reason);
    open();
    await new Promise((resolve) => setImmediate(resolve));
    expect(closed).toBe(1);
  });

  test('branch, in the steps that lead to its states and in those tried there', async () => {
    const environment = createLookAlike();
    const key = [1, 2] as const;
    const rollout = await collect(policy, [environment], [{ seed: 1, split: 'train', rollout: 0 }], {
      key,
      temperature: 1,
    });
    const copy = requireCopies(environment);
    for (const silent of ['reset', 'clone'] as const) {
      const controller = new AbortController();
      const stuck: typeof copy = {
        ...copy,
        reset: silent === 'reset' ? () => never : copy.reset,
        clone: () => stuck,
        step: () => never,
      };
      const { signal } = controller;
      const options = { key, repeats: 1, temperature: 1, discount: 1, signal };
      const tried = branch(policy, stuck, rollout, Int32Array.of(0), options);
      setImmediate(() => controller.abort(reason));
      await expect(tried).rejects.toBe(reason);
    }
  });
});

test('unlessAborted gives what comes first, and leaves no listener and no unhandled rejection', async () => {
  const { signal } = new AbortController();
  expect(await unlessAborted(Promise.resolve(3), signal)).toBe(3);
  await expect(unlessAborted(Promise.reject(new Error('broken')), signal)).rejects.toThrow('broken');
  expect(getEventListeners(signal, 'abort')).toEqual([]);
  const controller = new AbortController();
  let fail: (error: Error) => void = () => {};
  const late = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const waiting = unlessAborted(late, controller.signal);
  controller.abort();
  await expect(waiting).rejects.toBe(controller.signal.reason);
  await expect(unlessAborted(Promise.reject(new Error('later')), controller.signal)).rejects.toBe(
    controller.signal.reason,
  );
  fail(new Error('nobody waits for this'));
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect([getEventListeners(controller.signal, 'abort'), unhandled()]).toEqual([[], []]);
});
