/**
 * Distributes the shards of the updates of a phase over the threads. Shards are summed as a tree; the thread that
 * completes the second operand of a sum computes that sum.
 */
import { index32, index64 } from '../engine/kernels/address.ts';
import { addShard, planAhead, type ShardBuffers, type ShardPlan } from '../engine/learn/shards.ts';
import { pausesOf, type UpdatePhase, type Updates, updatesHere } from '../engine/learn/updatePhase.ts';
import type { Policy } from '../engine/policy/policy.ts';
import { yieldToEventLoop } from '../eventLoop.ts';
import type { Crew, RunCalls } from './crew.ts';
import { createSources } from './sources.ts';
import { BOARD_BYTES, type PublishedUpdate, publishUpdate, spinCountOf, waitUntilSet } from './updateBoard.ts';
import { claim, everyNth, nextGeneration } from './workCounter.ts';
import type { Weights } from './workerUpdates.ts';

/** The phase that workers start by themselves after a phase of updates. */
interface NextPhase {
  /** Sends the phase to the workers, while they have shards to compute. */
  announce(): void;
  /** Called when the weights are those of the last update. */
  start(): void;
}

function countShards(plans: readonly ShardPlan[]): number {
  return plans.reduce((sum, plan) => sum + plan.ends.length, 0);
}

/**
 * Returns the function that starts a phase of updates in one run.
 *
 * @param weights returns a copy of the weights for workers that have a memory of their own
 */
export function openUpdates(
  crew: Crew,
  workers: RunCalls,
  policy: Policy,
  weights: () => Weights,
): (updates: Updates, next: NextPhase | null) => UpdatePhase {
  if (crew.size === 1) return (updates) => updatesHere(updates, policy);
  return crew.memory === 'shared'
    ? updatesOnBoard(crew, workers, policy)
    : updatesByMessage(crew, workers, policy, weights);
}

/** Phases of updates on shared memory: workers receive one message per phase and read each update from the board. */
function updatesOnBoard(
  { size }: Crew,
  workers: RunCalls,
  policy: Policy,
): (updates: Updates, next: NextPhase | null) => UpdatePhase {
  const { arena } = policy;
  const sources = createSources(arena);
  const board = arena.reserve(BOARD_BYTES);
  const at = index32(board);
  const spinCount = spinCountOf(size);
  const pause = pausesOf(policy);
  let table = { address: 0, shards: 0 };
  let lastJob = 0;
  let generation = 0;

  /** Writes the addresses of each shard's results for the workers. */
  const writeTable = ({ gradients, sums }: ShardBuffers, shards: number): number => {
    if (table.shards < shards) table = { address: arena.floats(2 * shards), shards };
    for (let n = 0; n < shards; n++) {
      arena.i32[index32(table.address) + n] = gradients[n];
      arena.i32[index32(table.address) + shards + n] = sums[n];
    }
    return table.address;
  };
  const publish = (published: PublishedUpdate): void => {
    generation = nextGeneration(generation);
    publishUpdate(arena.i32, at, generation, published);
  };

  return (updates, next) => {
    const job = ++lastJob;
    const message = { sets: updates.map(sources.send), keep: sources.keep(), board, job, generation, spinCount };
    let failure: Error | null = null;
    const done = workers.call('gradients', (api) => api.updates(message));
    done.catch((error: Error) => {
      failure ??= error;
    });
    sources.reuse(done);
    const plansOf = planAhead(
      updates.map((sets) => sets.map(sources.placed)),
      policy,
    );
    let update = 0;
    return {
      plans: () => plansOf(update),
      async shards(room, shards, own) {
        const { counters } = room;
        publish({ job, update, shards, table: writeTable(room, shards), counters });
        if (update === 0) next?.announce();
        own.first();
        const plans = plansOf(update++);
        const states = plans.reduce((sum, { entries }) => sum + entries.states.length, 0);
        const ofSets = countShards(plans);
        const take = (): number => claim(arena.i32, at, generation, ofSets);
        for (let n = take(); n >= 0; n = take()) own.compute(n);
        if (update < updates.length) plansOf(update);
        await waitUntilSet(arena.i32, index32(counters), spinCount, () => failure);
        // If this thread never waited, the event loop has not run. Yield, so that worker errors and Ctrl-C are handled.
        if (update === updates.length) await yieldToEventLoop();
        else await pause(states);
      },
      end() {
        next?.start();
        publish({ job: 0, update: 0, shards: 0, table: 0, counters: 0 });
      },
    };
  };
}

/** Phases of updates where each worker has a memory of its own: one message and one reply per worker and update. */
function updatesByMessage(
  { size }: Crew,
  workers: RunCalls,
  policy: Policy,
  weights: () => Weights,
): (updates: Updates) => UpdatePhase {
  const { arena, network } = policy;
  const sources = createSources(null);
  return (updates) => {
    const plansOf = planAhead(updates, policy);
    let update = 0;
    return {
      plans: () => plansOf(update),
      async shards(room, shards, own) {
        const message = { weights: weights(), sets: sources.send(updates[update]), keep: sources.keep() };
        const ofSets = countShards(plansOf(update++));
        const replies = workers.call('gradients', (api, k) =>
          api.shards({ ...message, numbers: everyNth(ofSets, k, size) }),
        );
        own.first();
        for (const n of everyNth(ofSets, 0, size)) own.compute(n);
        for (const { shard, gradient, sums } of (await replies).flat()) {
          arena.write(room.gradients[shard], gradient);
          arena.f64.set(sums, index64(room.sums[shard]));
          addShard(network, room, shard, shards);
        }
      },
      end: () => {},
    };
  };
}
