/**
 * Gradient surgery: the policy gradient of an update is combined from the gradients of tasks that may conflict. Entropy
 * bonus, KL penalty and the losses of labels and values belong to no task: their gradient is added to the combined one.
 */

import type { Config } from '../config/config.ts';
import { type Surgery, surgeryOf } from '../config/method.ts';
import { gradVac } from '../coupling/remedies/gradVac.ts';
import { pcGrad } from '../coupling/remedies/pcGrad.ts';
import { taskOrders } from '../coupling/remedies/tasks.ts';
import { upGrad } from '../coupling/remedies/upGrad.ts';
import { matmulScratchBytes } from '../engine/kernels/arena.ts';
import type { LossSums } from '../engine/learn/objective.ts';
import type { LossSet } from '../engine/learn/shards.ts';
import type { OpenDial } from '../engine/learn/stepScale.ts';
import {
  type AdamwSettings,
  finiteNorm,
  gradientOn,
  type Learner,
  takeStep,
  type UpdateStats,
} from '../engine/learn/update.ts';
import type { UpdatePhase } from '../engine/learn/updatePhase.ts';
import type { Environment } from '../env/environment.ts';
import type { GameChoice, Rollout } from '../rollout/rollout.ts';
import type { UpdateTask } from './minibatch.ts';

/** State of gradient surgery in a run. */
export interface Surgeon {
  readonly surgery: Surgery;
  readonly seed: number;
  /** Weight of the latest cosine in GradVac's moving targets. */
  readonly beta: number;
  /** Number of tasks, and the task of each game by its seed; null: the sign of the advantage decides. */
  readonly tasks: number;
  readonly taskOfGame: ReadonlyMap<number, number> | null;
  /** f32[tasks of one update, network.size]: the tasks' gradients. */
  readonly vectors: number;
}

/** GradVac stores a target for each pair of tasks, so the number of tasks is bounded. */
const MOST_TASKS = 1000;

/** Numbers the kinds of tasks in the order of the games. If the environment names no kinds, each game is a task. */
function numberTasks(environment: Environment, games: readonly GameChoice[]): Map<number, number> {
  const numbers = new Map<string, number>();
  const taskOfGame = new Map<number, number>();
  for (const game of games) {
    const name = environment.taskOf?.(game) ?? `${game.seed}`;
    if (!numbers.has(name)) numbers.set(name, numbers.size);
    taskOfGame.set(game.seed, numbers.get(name) as number);
  }
  return taskOfGame;
}

/**
 * The surgery state of a run, or null if its method has none. Allocates GradVac's targets in the learner.
 *
 * @throws if GradVac would store targets of too many pairs of tasks
 */
export function createSurgeon(
  config: Config,
  learner: Learner,
  environment: Environment,
  games: readonly GameChoice[],
): Surgeon | null {
  const surgery = surgeryOf(config.method);
  if (surgery === null) return null;
  const taskOfGame = config.conflictTasks === 'sign' ? null : numberTasks(environment, games);
  const tasks = taskOfGame === null ? 2 : new Set(taskOfGame.values()).size;
  if (surgery === 'gradvac') {
    if (tasks > MOST_TASKS) {
      throw new Error(
        `createSurgeon: gradvac must have at most ${MOST_TASKS} tasks, got ${tasks}; set conflictTasks to "sign", lower trainGames or take pcgrad`,
      );
    }
    learner.targets = new Float64Array(tasks * tasks);
  }
  const { arena, network } = learner.policy;
  const most = Math.min(tasks, taskOfGame === null ? 2 : config.groupsPerIteration);
  const vectors = arena.floats(most * network.size);
  return { surgery, seed: config.seed, beta: config.gradvacBeta, tasks, taskOfGame, vectors };
}

/** The task of each state of a rollout: i32[states]. */
export function tasksOf({ taskOfGame }: Surgeon, rollout: Rollout, advantage: Float32Array): Int32Array {
  const { states, episode, games } = rollout;
  return Int32Array.from({ length: states.states }, (_, s) => {
    if (taskOfGame === null) return advantage[s] < 0 ? 1 : 0;
    return taskOfGame.get(games[episode[s]].seed) as number;
  });
}

/** One update in rounds: one for the surrogate loss of each of its tasks, then one for all other losses. */
export interface Operation {
  readonly parts: readonly { readonly task: number; readonly set: LossSet }[];
  readonly rest: UpdateTask | null;
}

/**
 * The loss of a task is its surrogate alone. The entropy gradients of all tasks have the same direction: surgery would
 * keep them unchanged and reduce the surrogates, so that the entropy bonus dominates and the policy becomes uniform.
 */
const surrogateAlone = { beta: 0, entropyCoef: 0, cloningCoef: 0, goodWeight: 0, badWeight: 0, valueCoef: 0 };

/** Partitions an update, whose first set is of a rollout, by the tasks of the rollout's states. */
export function cutByTask({ sets, contrastive }: UpdateTask, tasks: Int32Array): Operation {
  const [own, ...others] = sets;
  const { order, weight, settings } = own;
  const places = new Map<number, number[]>();
  order.forEach((s, i) => {
    const found = places.get(tasks[s]);
    if (found) found.push(i);
    else places.set(tasks[s], [i]);
  });
  const parts = [...places]
    .sort(([a], [b]) => a - b)
    .map(([task, of]) => ({
      task,
      set: {
        ...own,
        order: Int32Array.from(of, (i) => order[i]),
        weight: Float32Array.from(of, (i) => weight[i]),
        cloningWeight: null,
        valueWeight: undefined,
        settings: { ...settings, ...surrogateAlone },
      },
    }));
  const { beta, entropyCoef, cloningCoef, goodWeight, badWeight, valueCoef = 0 } = settings;
  const hasOtherLosses = [beta, entropyCoef, cloningCoef, goodWeight, badWeight, valueCoef].some((coef) => coef > 0);
  const restSets = hasOtherLosses ? [{ ...own, advantage: new Float32Array(own.advantage.length) }, ...others] : others;
  const rest = restSets.length > 0 || contrastive ? { sets: restSets, contrastive } : null;
  return { parts, rest };
}

/** The sets of the rounds, in their order. */
export function roundsOf({ parts, rest }: Operation): LossSet[][] {
  return [...parts.map(({ set }) => [set]), ...(rest ? [[...rest.sets]] : [])];
}

/** Dot products of the first n task gradients: f64[n, n]. */
function gramOf({ policy: { arena, network } }: Learner, vectors: number, n: number): Float64Array {
  const { size } = network;
  const mark = arena.mark();
  const k = arena.floats(n * n);
  const scratch = arena.reserve(matmulScratchBytes(256, n));
  arena.kernels.matmulNT(n, n, size, vectors, size, vectors, size, k, n, 0, 0, 0, scratch);
  const gram = Float64Array.from(arena.read(k, n * n));
  arena.release(mark);
  return gram;
}

/** Weights of the gradients of `tasks`: 1 / n each where no gradients conflict. Updates GradVac's targets. */
function weightsOf(surgeon: Surgeon, learner: Learner, gram: Float64Array, tasks: readonly number[]): Float64Array {
  const n = tasks.length;
  if (surgeon.surgery === 'upgrad') return upGrad(gram);
  const orders = taskOrders(n, surgeon.seed, learner.updates);
  if (surgeon.surgery === 'pcgrad') return pcGrad(gram, orders);
  const at = (i: number): number => tasks[Math.floor(i / n)] * surgeon.tasks + tasks[i % n];
  const { weights, targets } = gradVac(
    gram,
    orders,
    gram.map((_, i) => learner.targets[at(i)]),
    surgeon.beta,
  );
  targets.forEach((target, i) => {
    learner.targets[at(i)] = target;
  });
  return weights;
}

/** Share of the pairs of tasks whose gradients have a negative dot product. */
function conflictShare(gram: Float64Array, n: number): number {
  let against = 0;
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) if (gram[i * n + j] < 0) against++;
  return n < 2 ? 0 : against / ((n * (n - 1)) / 2);
}

function addedSums(rounds: readonly LossSums[]): LossSums {
  const keys = Object.keys(rounds[0]) as (keyof LossSums)[];
  const sums = keys.map((key) => [key, rounds.reduce((sum, round) => sum + round[key], 0)]);
  return Object.fromEntries(sums) as LossSums;
}

/** Statistics of an update, and the share of pairs of tasks in conflict. */
export interface OperationStats extends UpdateStats {
  readonly conflicts: number;
}

/**
 * Takes one AdamW step along the combined task gradients plus the gradient of all other losses. The next updates of the
 * phase must be the rounds of this update. Where no gradients conflict, the step equals the step without surgery: the
 * task gradients are parts of a sum, so the weights of a mean are multiplied by n.
 *
 * @throws as `update` does
 */
export async function operateOn(
  phase: UpdatePhase,
  learner: Learner,
  surgeon: Surgeon,
  operation: Operation,
  adamw: AdamwSettings,
  dial: OpenDial | null = null,
): Promise<OperationStats> {
  const { arena, network } = learner.policy;
  const { kernels } = arena;
  const { size } = network;
  const { parts, rest } = operation;
  const n = parts.length;
  const sums: LossSums[] = [];
  for (let i = 0; i < n; i++) {
    sums.push(await gradientOn(phase, learner, null));
    finiteNorm(learner, sums[i]);
    arena.copy(surgeon.vectors + i * size * 4, learner.gradients[0], size * 4);
  }
  // Entropy and the change of the policy were measured in the rounds of the tasks.
  if (rest) sums.push({ ...(await gradientOn(phase, learner, rest.contrastive)), entropy: 0, approxKl: 0 });
  else arena.zero(learner.gradients[0], size * 4);
  const gram = gramOf(learner, surgeon.vectors, n);
  const tasks = parts.map(({ task }) => task);
  weightsOf(surgeon, learner, gram, tasks).forEach((weight, i) => {
    kernels.addScaled(size, n * weight, surgeon.vectors + i * size * 4, learner.gradients[0], 1);
  });
  const stats = takeStep(learner, addedSums(sums), adamw, dial);
  return { ...stats, conflicts: conflictShare(gram, n) };
}
