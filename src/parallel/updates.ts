/** The updates of a phase: their shards are spread over the threads, each sum made by whichever finds both sides in. */
import { index32, index64 } from '../engine/kernels/address.ts';
import { addShard, planAhead, type ShardBuffers, type ShardPlan } from '../engine/learn/shards.ts';
import { pausesOf, type UpdatePhase, type Updates, updatesHere } from '../engine/learn/updatePhase.ts';
import type { Policy } from '../engine/policy/policy.ts';
import { turn } from '../eventLoop.ts';
import type { Crew, RunCalls } from './crew.ts';
import { createSources } from './sources.ts';
import { BOARD_BYTES, looksOf, type Post, post, untilSet } from './updateBoard.ts';
import { claim, everyNth, nextRound } from './workCounter.ts';
import type { Weights } from './workerUpdates.ts';

/** What workers do after a phase of updates by themselves. */
interface Sequel {
  /** Tells them, while they have shards to compute. */
  announce(): void;
  /** Called when the weights are those of the last update. */
  open(): void;
}

function countShards(plans: readonly ShardPlan[]): number {
  return plans.reduce((sum, plan) => sum + plan.ends.length, 0);
}

/** Gives what begins the phases of updates of one run. @param weights a copy for workers that keep one */
export function openUpdates(
  crew: Crew,
  workers: RunCalls,
  policy: Policy,
  weights: () => Weights,
): (updates: Updates, sequel: Sequel | null) => UpdatePhase {
  const { arena, network } = policy;
  const { size } = crew;
  if (size === 1) return (updates) => updatesHere(updates, policy);
  const sources = createSources(crew.memory === 'shared' ? arena : null);
  const board = arena.reserve(BOARD_BYTES);
  const looks = looksOf(size);
  let table = { address: 0, shards: 0 };
  let job = 0;
  let round = 0;
  const pause = pausesOf(policy);

  /** Where each shard goes, as workers read it. */
  const writeTable = ({ gradients, sums }: ShardBuffers, shards: number): number => {
    if (table.shards < shards) table = { address: arena.floats(2 * shards), shards };
    for (let n = 0; n < shards; n++) {
      arena.i32[index32(table.address) + n] = gradients[n];
      arena.i32[index32(table.address) + shards + n] = sums[n];
    }
    return table.address;
  };

  const updatesOnBoard = (updates: Updates, sequel: Sequel | null): UpdatePhase => {
    const mine = ++job;
    const at = index32(board);
    const message = { sets: updates.map(sources.ship), keep: sources.keep(), board, job: mine, round, looks };
    let failure: Error | null = null;
    const done = workers.call('gradients', (seat) => seat.updates(message));
    done.catch((error: Error) => {
      failure ??= error;
    });
    sources.reuse(done);
    const plansOf = planAhead(
      updates.map((sets) => sets.map(sources.placed)),
      policy,
    );
    let update = 0;
    const open = (posted: Post): void => {
      round = nextRound(round);
      post(arena.i32, at, round, posted);
    };
    return {
      plans: () => plansOf(update),
      async shards(room, shards, own) {
        const { counters } = room;
        open({ job: mine, update, shards, table: writeTable(room, shards), counters });
        if (update === 0) sequel?.announce();
        own.first();
        const plans = plansOf(update++);
        const states = plans.reduce((sum, { entries }) => sum + entries.states.length, 0);
        const ofSets = countShards(plans);
        const next = (): number => claim(arena.i32, at, round, ofSets);
        for (let n = next(); n >= 0; n = next()) own.compute(n);
        if (update < updates.length) plansOf(update);
        await untilSet(arena.i32, index32(counters), looks, () => failure);
        // Where this thread never had to wait, nothing that a worker or a signal had to say has been heard yet.
        if (update === updates.length) await turn();
        else await pause(states);
      },
      end() {
        sequel?.open();
        open({ job: 0, update: 0, shards: 0, table: 0, counters: 0 });
      },
    };
  };

  const updatesByMessage = (updates: Updates): UpdatePhase => {
    const plansOf = planAhead(updates, policy);
    let update = 0;
    return {
      plans: () => plansOf(update),
      async shards(room, shards, own) {
        const message = { weights: weights(), sets: sources.ship(updates[update]), keep: sources.keep() };
        const ofSets = countShards(plansOf(update++));
        const replies = workers.call('gradients', (seat, k) =>
          seat.shards({ ...message, numbers: everyNth(ofSets, k, size) }),
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

  return crew.memory === 'shared' ? updatesOnBoard : updatesByMessage;
}
