import { expect, test } from 'vitest';
import { createLossInputs } from '../../src/engine/learn/objective.ts';
import { type LossSet, planShards, shardsIn } from '../../src/engine/learn/shards.ts';
import { updatesHere } from '../../src/engine/learn/updatePhase.ts';
import { collectAll, policyFor, someGames, sources } from '../rollout/shares.ts';

test.each([
  ['tokens', 16],
  ['vectors', 16],
  ['text', 1],
] as const)(
  '%s: on one thread a turn of the event loop comes after updates of 256 states times %i',
  async (form, worth) => {
    const source = await sources.find(([name]) => name === form)?.[2]();
    if (!source) throw new Error(`no source ${form}`);
    const policy = await policyFor(source.create());
    const { states: list } = await collectAll(source, policy, someGames(2));
    const zeros = new Float32Array(list.states);
    const coefs = { cloningCoef: 0, goodWeight: 0, badWeight: 0 };
    const set: LossSet = {
      list,
      // All states differ: there are no repeats.
      order: Int32Array.from({ length: 64 }, (_, i) => i % list.states),
      taken: new Int32Array(list.states),
      oldLogProb: zeros,
      refLogProb: null,
      advantage: zeros,
      weight: new Float32Array(64),
      cloningWeight: null,
      labels: null,
      repeats: null,
      settings: { epsilon: 0.2, epsilonHigh: 0.2, beta: 0, entropyCoef: 0, temperature: 1, ...coefs },
    };
    const updates = 4 * worth;
    const phase = updatesHere(
      Array.from({ length: updates }, () => [set]),
      policy,
    );
    const { arena, network } = policy;
    const shards = shardsIn([planShards(set, policy)]);
    const vectors = shards.map(() => arena.floats(network.vectorSize));
    const sums = shards.map(() => arena.reserve(128));
    const work = {
      ...{ engine: { policy, inputs: createLossInputs(policy, null) }, shards, sums, whole: 0 },
      ...{ reserve: () => vectors, first: () => {} },
    };
    let turns = 0;
    setImmediate(() => turns++);
    for (let update = 1; update <= updates; update++) {
      expect(turns).toBe(0);
      await phase.gradient(work);
    }
    expect(turns).toBe(1);
  },
);
