import { expect, test } from 'vitest';
import { createArena } from '../../src/engine/kernels/createArena.ts';
import { engineModule } from '../../src/engine/kernels/load.ts';
import { createSharedMemory } from '../../src/engine/kernels/sharedMemory.ts';
import type { LossSet } from '../../src/engine/learn/shards.ts';
import { createSources, receiveSets, type SetSource } from '../../src/parallel/sources.ts';
import { collectAll, sources as forms, policyFor, someGames } from '../rollout/shares.ts';

/** A set over a rollout; `seed` makes it different from other sets of the same rollout. */
async function setOf(form: string, seed: number, full: boolean): Promise<LossSet> {
  const source = await forms.find(([name]) => name === form)?.[2]();
  if (!source) throw new Error(`no source ${form}`);
  const policy = await policyFor(source.create());
  const { states: list, taken, logProb } = await collectAll(source, policy, someGames(3 + seed));
  const numbers = (factor: number): Float32Array =>
    Float32Array.from({ length: list.states }, (_, s) => s * factor + seed);
  return {
    list,
    order: Int32Array.of(1, 0),
    taken,
    oldLogProb: logProb,
    refLogProb: full ? numbers(2) : null,
    advantage: numbers(3),
    weight: Float32Array.of(0.5, 0.5),
    cloningWeight: null,
    valueTarget: full ? numbers(5) : undefined,
    oldValue: full ? numbers(7) : undefined,
    labels: full ? Int8Array.from({ length: list.actions }, (_, row) => (row % 3) - 1) : null,
    repeats: full ? Int32Array.from({ length: list.states }, (_, s) => s >> 1) : null,
    settings: {
      epsilon: 1,
      epsilonHigh: 1,
      beta: 0,
      entropyCoef: 0,
      temperature: 1,
      cloningCoef: 0,
      goodWeight: 0,
      badWeight: 0,
    },
  };
}

/** The content of a set's source, without the unused ends of a rollout's arrays. */
function contentOf({ list, ...set }: LossSet | SetSource) {
  const { states, actions, stateOffsets, actionOffsets } = list;
  return {
    rowOffsets: [...list.rowOffsets.slice(0, states + 1)],
    stateOffsets: [...stateOffsets.slice(0, states + 1)],
    actionOffsets: [...actionOffsets.slice(0, actions + 1)],
    stateFeatures: [...list.stateFeatures.slice(0, stateOffsets[states])],
    actionFeatures: [...list.actionFeatures.slice(0, actionOffsets[actions])],
    vectors: [...list.vectors.slice(0, states * list.shape.vectorWidth)],
    taken: [...set.taken.slice(0, states)],
    oldLogProb: [...set.oldLogProb.slice(0, states)],
    refLogProb: set.refLogProb && [...set.refLogProb],
    advantage: [...set.advantage],
    valueTarget: set.valueTarget && [...set.valueTarget],
    oldValue: set.oldValue && [...set.oldValue],
    labels: set.labels && [...set.labels],
    repeats: set.repeats && [...set.repeats],
  };
}

async function sharedArenas() {
  const memory = createSharedMemory();
  const module = await engineModule('threads');
  return [await createArena(module, memory), await createArena(module, memory)] as const;
}

test.each([
  ['tokens', true],
  ['tokens', false],
  ['vectors', true],
] as const)(
  '%s, all arrays %s: a worker reads the source that was sent, on shared memory and in copies',
  async (form, full) => {
    const set = await setOf(form, 1, full);
    const [own, other] = await sharedArenas();
    for (const arena of [own, null]) {
      const sources = createSources(arena);
      const known = new Map<number, SetSource>();
      const sent = sources.send([set]);
      other.refresh();
      const [[received]] = receiveSets(other, known, [sent], sources.keep());
      expect(contentOf(received)).toEqual(contentOf(set));
      expect(received.placed).toEqual(sources.placed(set).placed ?? undefined);
      // The second time the source is not sent.
      const [again] = sources.send([set]);
      expect(again.source).toBeNull();
      expect(contentOf(receiveSets(other, known, [[again]], sources.keep())[0][0])).toEqual(contentOf(set));
    }
  },
);

test('the memory of a source is reused once everything sent is finished, and not before', async () => {
  const [own, other] = await sharedArenas();
  const sources = createSources(own);
  // From long to short, so that no array has to grow.
  const sets = await Promise.all([5, 4, 3, 2, 1, 0].map((seed) => setOf('tokens', seed, true)));
  const views: SetSource[] = [];
  const addresses: number[] = [];
  let finish = (): void => {};
  for (const [k, set] of sets.entries()) {
    const known = new Map<number, SetSource>();
    const sent = sources.send([set]);
    other.refresh();
    const [[view]] = receiveSets(other, known, [sent], sources.keep());
    views.push(view);
    addresses.push(view.placed?.rowOffsets ?? 0);
    // Two sources are kept, so the third one drops the first. The phase of the third ends after the fourth is sent.
    if (k === 2)
      sources.reuse(
        new Promise((resolve) => {
          finish = () => resolve(null);
        }),
      );
    else sources.reuse(Promise.reject(new Error('a worker failed')));
    if (k === 3) {
      for (const [i, seen] of views.entries()) expect(contentOf(seen)).toEqual(contentOf(sets[i]));
      finish();
    }
    await Promise.resolve();
    await Promise.resolve();
  }
  expect(new Set(addresses.slice(0, 4)).size).toBe(4);
  expect(addresses[4]).toBe(addresses[0]);
  // The memory of sources dropped in a failed phase is never reused.
  expect(addresses.slice(0, 5)).not.toContain(addresses[5]);
});
