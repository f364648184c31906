/** The updates of a phase, one after another, and what computes their shards. `src/parallel/updates.ts` assigns the shards to several threads. */
import { type Pause, pauses } from '../../eventLoop.ts';
import type { Policy } from '../policy/policy.ts';
import { type LossSet, planAhead, type ShardPlan, type ShardRoom, shardsIn, statesOf } from './shards.ts';

/** What the calling thread does itself: something of its own before it takes shards, and shard number n. */
export interface OwnWork {
  readonly first: () => void;
  readonly compute: (n: number) => void;
}

/** Updates one after another; between them the calling thread changes the weights. */
export interface UpdatePhase {
  /** The plans of the next update's sets. */
  plans(): readonly ShardPlan[];
  /** Computes and sums the shards of the next update; `count` includes those that `own.first` computes. */
  shards(room: ShardRoom, count: number, own: OwnWork): Promise<void>;
  /** To be called even where an update has failed: workers wait for the next one until then. */
  end(): void;
}

export type Updates = readonly (readonly LossSet[])[];

/** A turn between updates costs tens of microseconds. What is not read from texts takes about a sixteenth of the time for a state. */
export function pausesOf({ network }: Policy): Pause {
  const pause = pauses();
  const worth = network.batch.shape.layout === 'sequence' ? 1 : 1 / 16;
  return (states) => pause(states * worth);
}

/** A phase of one thread. */
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
