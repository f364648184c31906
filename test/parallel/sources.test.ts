import { expect, test } from 'vitest';
import { createArena, createSharedMemory } from '../../src/engine/kernels/arena.ts';
import { engineModule } from '../../src/engine/kernels/load.ts';
import type { LossSet } from '../../src/engine/learn/shards.ts';
import { createSources, receiveSets, type SetSource } from '../../src/parallel/sources.ts';
import { collectAll, sources as forms, policyFor, someGames } from '../rollout/shares.ts';

/** A set over a rollout; `seed` sets it apart from others of the same rollout. */
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

/** What a set's source holds, without the room that arrays of a rollout have left. */
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
  '%s, all arrays %s: a worker reads the source that was placed, on shared memory and in copies',
  async (form, full) => {
    const set = await setOf(form, 1, full);
    const [own, other] = await sharedArenas();
    for (const arena of [own, null]) {
      const sources = createSources(arena);
      const known = new Map<number, SetSource>();
      const sent = sources.ship([set]);
      other.refresh();
      const [[received]] = receiveSets(other, known, [sent], sources.keep());
      expect(contentOf(received)).toEqual(contentOf(set));
      expect(received.placed).toEqual(sources.placed(set).placed ?? undefined);
      // The second time nothing of it is sent.
      const [again] = sources.ship([set]);
      expect(again.source).toBeNull();
      expect(contentOf(receiveSets(other, known, [[again]], sources.keep())[0][0])).toEqual(contentOf(set));
    }
  },
);

test('the place of a source is used again when all that was sent is done, and not before', async () => {
  const [own, other] = await sharedArenas();
  const sources = createSources(own);
  // From long to short, so that no place has to grow.
  const sets = await Promise.all([5, 4, 3, 2, 1, 0].map((seed) => setOf('tokens', seed, true)));
  const views: SetSource[] = [];
  const places: number[] = [];
  let finish = (): void => {};
  for (const [k, set] of sets.entries()) {
    const known = new Map<number, SetSource>();
    const sent = sources.ship([set]);
    other.refresh();
    const [[view]] = receiveSets(other, known, [sent], sources.keep());
    views.push(view);
    places.push(view.placed?.rowOffsets ?? 0);
    // Two are kept, so that the first leaves with the third; its phase ends after the fourth was sent.
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
  expect(new Set(places.slice(0, 4)).size).toBe(4);
  expect(places[4]).toBe(places[0]);
  // Those that left with a failed phase are never given out again.
  expect(places.slice(0, 5)).not.toContain(places[5]);
});
