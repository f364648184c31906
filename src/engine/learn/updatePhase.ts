/**
 * Consecutive updates of a phase and the computation of their shards. `src/parallel/updates.ts` assigns the shards to
 * several threads.
 */
import { type Pause, pauses, runWithPauses } from '../../eventLoop.ts';
import type { Policy } from '../policy/policy.ts';
import { type GradientWork, sumShards } from './gradientWork.ts';
import { type LossSet, planAhead, type ShardPlan } from './shards.ts';

/** Consecutive updates. Between them, the calling thread changes the weights. */
export interface UpdatePhase {
  /** The plans of the sets of the next update. */
  plans(): readonly ShardPlan[];
  /** Computes the gradient of the next update, whose plans are those of `plans`. */
  gradient(work: GradientWork): Promise<void>;
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
    async gradient(work) {
      update++;
      await runWithPauses(sumShards(work), pause);
    },
    end: () => {},
  };
}
