/**
 * Consecutive updates of a phase and the computation of their shards. `src/parallel/updates.ts` assigns the shards to
 * several threads.
 */
import { type Pause, pauses } from '../../eventLoop.ts';
import type { Policy } from '../policy/policy.ts';
import { type LossSet, planAhead, type ShardBuffers, type ShardPlan, shardsIn, statesOf } from './shards.ts';

/** Work of the calling thread: `first` runs before it computes shards, and `compute` computes shard number n. */
export interface OwnWork {
  readonly first: () => void;
  readonly compute: (n: number) => void;
}

/** Consecutive updates. Between them, the calling thread changes the weights. */
export interface UpdatePhase {
  /** The plans of the sets of the next update. */
  plans(): readonly ShardPlan[];
  /** Computes and sums the shards of the next update. `count` includes the shards that `own.first` computes. */
  shards(buffers: ShardBuffers, count: number, own: OwnWork): Promise<void>;
  /** Call it even if an update has failed: workers wait for the next update until then. */
  end(): void;
}

export type Updates = readonly (readonly LossSet[])[];

/**
 * A yield to the event loop between updates costs tens of microseconds. A state that is not text takes about a
 * sixteenth of the time of a text state.
 */
export function pausesOf({ network }: Policy): Pause {
  const pause = pauses();
  const worth = network.batch.shape.layout === 'sequence' ? 1 : 1 / 16;
  return (states) => pause(states * worth);
}

/** Runs the updates of a phase on one thread. */
export function updatesHere(updates: Updates, policy: Policy): UpdatePhase {
  const plansOf = planAhead(updates, policy);
  const pause = pausesOf(policy);
  let update = 0;
  return {
    plans: () => plansOf(update),
    async shards(_, __, own) {
      own.first();
      const shards = shardsIn(plansOf(update++));
      for (let n = 0; n < shards.length; n++) {
        own.compute(n);
        await pause(statesOf(shards[n]));
      }
    },
    end: () => {},
  };
}
