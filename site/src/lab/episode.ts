/** An episode of a policy in words. */
import type { Policy } from 'unbraid';
import type { Environment, Split } from 'unbraid/env';
import { actionLogProbs, clearStates, createStateList, inputShape, loadStates, pushState } from 'unbraid/learn';
import { needText } from './samples.ts';

/** A step of an episode in words. */
export interface PlayedStep {
  readonly observation: string;
  /** Likeliest first. */
  readonly actions: readonly {
    readonly text: string;
    readonly probability: number;
    readonly taken: boolean;
    /** Whether the expert would take it. */
    readonly right: boolean;
  }[];
  /** Reward of the action that was taken. */
  readonly reward: number;
}

/** Steps of an episode that are shown. */
const mostSteps = 60;

/** Plays a game with the likeliest actions. */
export async function playGame(
  policy: Policy,
  environment: Environment,
  game: number,
  split: Split,
): Promise<PlayedStep[]> {
  const { arena, network, logProbs } = policy;
  const { spec } = environment;
  const list = createStateList(inputShape(spec), 1);
  const steps: PlayedStep[] = [];
  let step = await environment.reset({ seed: game, split });
  while (steps.length < mostSteps && !step.terminated && !step.truncated) {
    clearStates(list);
    pushState(list, step.observation, step.info.admissibleActions);
    loadStates(arena, network.batch, list, [0], 0, 1);
    actionLogProbs(policy);
    const logProb = arena.read(logProbs, list.actions);
    const taken = logProb.indexOf(Math.max(...logProb));
    const expert = environment.expertActions?.() ?? [];
    const observation =
      spec.form === 'vector'
        ? `State ${steps.length + 1} of ${spec.maxSteps}: ${needText(spec.name, expert)}.`
        : environment.observationText();
    const actions = environment.actionTexts().map((text, a) => {
      return { text, probability: Math.exp(logProb[a]), taken: a === taken, right: expert.includes(a) };
    });
    step = await environment.step(taken);
    actions.sort((a, b) => b.probability - a.probability);
    steps.push({ observation, actions, reward: step.reward });
  }
  return steps;
}
