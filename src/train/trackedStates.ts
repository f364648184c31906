/** A fixed set of states whose action probabilities are recorded over a run. */
import type { Config } from '../config/config.ts';
import { actionDistributions } from '../engine/policy/distributions.ts';
import type { Policy } from '../engine/policy/policy.ts';
import { createStateList, inputShape, pushState, type StateList } from '../engine/states/stateList.ts';
import type { Environment } from '../env/environment.ts';
import { settled } from '../eventLoop.ts';
import { randomStream } from '../random.ts';
import type { TrackedState } from '../record/actionProbabilities.ts';

/** Number of states, and of recorded actions of each: they bound the size of the record. */
const STATES = 8;
const MOST_ACTIONS = 16;

export interface TrackedStates {
  readonly list: StateList;
  /** States and actions in words. */
  readonly states: readonly TrackedState[];
  /** For each state: indices of its recorded actions. */
  readonly actions: readonly (readonly number[])[];
}

/** The actions to record: those of the expert first, then the others in their order. */
function recorded(count: number, expert: readonly number[]): number[] {
  const others = Array.from({ length: count }, (_, a) => a).filter((a) => !expert.includes(a));
  return [...expert, ...others].slice(0, MOST_ACTIONS).sort((a, b) => a - b);
}

/**
 * Collects the states: in game number i the state after i steps, or the last one where the episode is shorter. The
 * games are in-domain and not among those of training and evaluation. The steps are those of the expert, or random ones
 * without an expert, so the states do not depend on the policy.
 *
 * @throws the signal's reason on abort
 */
export async function collectTrackedStates(
  environment: Environment,
  { seed }: Pick<Config, 'seed'>,
  signal: AbortSignal | undefined,
): Promise<TrackedStates> {
  const list = createStateList(inputShape(environment.spec), STATES);
  const first = 0x4000_0000 + randomStream(seed, 'tracked states/games').below(0x1000_0000);
  const states: TrackedState[] = [];
  const actions: number[][] = [];
  for (let game = 0; game < STATES; game++) {
    signal?.throwIfAborted();
    const random = randomStream(seed, 'tracked states/actions', game);
    let step = await settled(environment.reset({ seed: first + game, split: 'in-domain', rollout: 0 }), signal);
    for (let t = 0; ; t++) {
      const { admissibleActions } = step.info;
      const expert = environment.expertActions?.() ?? [];
      const texts = environment.actionTexts();
      const here = { observation: step.observation, admissibleActions, state: environment.observationText(), t };
      const next = expert.length > 0 ? expert[random.below(expert.length)] : random.below(admissibleActions.length);
      if (t < game) step = await settled(environment.step(next), signal);
      if (t < game && !step.terminated && !step.truncated) continue;
      pushState(list, here.observation, here.admissibleActions);
      const kept = recorded(admissibleActions.length, expert);
      actions.push(kept);
      const good = (a: number): boolean | null => (environment.expertActions ? expert.includes(a) : null);
      states.push({
        ...{ state: here.state, step: here.t },
        actions: kept.map((a) => ({ action: texts[a], good: good(a) })),
      });
      break;
    }
  }
  return { list, states, actions };
}

/** π(a|s) of the recorded actions, state after state, at the temperature of the run. */
export function trackedProbabilities(policy: Policy, tracked: TrackedStates, temperature: number): number[] {
  const order = tracked.states.map((_, s) => s);
  const { offsets, probabilities } = actionDistributions(policy, policy.weights, tracked.list, order, temperature);
  return tracked.actions.flatMap((kept, s) => kept.map((a) => probabilities[offsets[s] + a]));
}
