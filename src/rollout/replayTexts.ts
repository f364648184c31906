/** The English texts of states of a rollout: its episodes are played again, with the same actions. */
import type { Environment } from '../env/environment.ts';
import type { Rollout } from './rollout.ts';

/** A state and its admissible actions in English. */
export interface StateText {
  readonly state: string;
  readonly actions: readonly string[];
}

/**
 * Plays the episodes of `wanted` again, each up to its last wanted step, and returns the texts of the wanted states by
 * their numbers.
 *
 * @param wanted numbers of states of the rollout
 * @throws Error if the environment lists another number of actions than in the rollout: it is not deterministic
 */
export async function replayTexts(
  environment: Environment,
  rollout: Rollout,
  wanted: Iterable<number>,
): Promise<Map<number, StateText>> {
  const { states, episode, step, taken, games } = rollout;
  const wantedOf = new Map<number, Set<number>>();
  for (const s of wanted) wantedOf.set(episode[s], (wantedOf.get(episode[s]) ?? new Set()).add(s));
  const stateAt = new Map<number, number>();
  for (let s = 0; s < states.states; s++) {
    if (wantedOf.has(episode[s])) stateAt.set(episode[s] * environment.spec.maxSteps + step[s], s);
  }
  const texts = new Map<number, StateText>();
  for (const [e, own] of wantedOf) {
    let left = own.size;
    await environment.reset(games[e]);
    for (let t = 0; left > 0; t++) {
      const s = stateAt.get(e * environment.spec.maxSteps + t) as number;
      if (own.has(s)) {
        const actions = environment.actionTexts();
        const count = states.rowOffsets[s + 1] - states.rowOffsets[s];
        if (actions.length !== count) {
          throw new Error(
            `replayTexts: step ${t} of episode ${e} must have ${count} actions as when it was first played, got ${actions.length}; check that environment ${environment.spec.name} is deterministic`,
          );
        }
        texts.set(s, { state: environment.observationText(), actions: [...actions] });
        left--;
      }
      if (left > 0) await environment.step(taken[s]);
    }
  }
  return texts;
}
