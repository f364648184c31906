/** Measurements of the updates of one iteration, made with the key `diagnostics`. None of them changes a parameter. */
import type { Config } from '../config/config.ts';
import { stateWeights } from '../engine/learn/objective.ts';
import type { LossSet } from '../engine/learn/shards.ts';
import { gradientOn, type Learner } from '../engine/learn/update.ts';
import { actionDistributions, type Distributions, divergences } from '../engine/policy/distributions.ts';
import type { Spread } from '../parallel/spread.ts';
import type { Rollout } from '../rollout/rollout.ts';
import { signalToNoise } from '../statistics/signalToNoise.ts';
import { actionRates } from './actionRates.ts';
import { type PreparedRollout, permutation, type UpdateTask } from './minibatch.ts';

/** Largest number of states of an iteration on which churn is measured. */
const CHURN_STATES = 256;

/** The policy loss alone of the states of each group, with the weights that they have in the whole batch. */
export function groupSets(
  { rollout, maxSteps }: PreparedRollout,
  { sets: [own] }: UpdateTask,
  config: Config,
): LossSet[] {
  const { numGenerations, groupsPerIteration } = config;
  // Over the whole batch, bnpo and dapo both average over its steps.
  const lossType = config.lossType === 'bnpo' ? 'dapo' : config.lossType;
  const states = Array.from({ length: rollout.states.states }, (_, s) => s);
  return Array.from({ length: groupsPerIteration }, (_, group) => {
    const order = Int32Array.from(states.filter((s) => Math.floor(rollout.episode[s] / numGenerations) === group));
    const weight = new Float32Array(order.length);
    stateWeights(lossType, rollout.episode, rollout.lengths, maxSteps, 1, order, weight);
    const off = { beta: 0, entropyCoef: 0, cloningCoef: 0, goodWeight: 0, badWeight: 0, valueCoef: 0 };
    return {
      ...own,
      order,
      weight,
      cloningWeight: null,
      valueWeight: undefined,
      settings: { ...own.settings, ...off },
    };
  });
}

/** Signal-to-noise ratio of the gradients of loss sets under the present weights; see `signalToNoise`. */
export async function gradientSignal(
  learner: Learner,
  spread: Pick<Spread, 'updates'>,
  sets: readonly LossSet[],
): Promise<number | null> {
  const { arena, network } = learner.policy;
  const sum = new Float64Array(network.size);
  let squaredNorms = 0;
  const phase = spread.updates(
    sets.map((set) => [set]),
    null,
  );
  try {
    for (let group = 0; group < sets.length; group++) {
      await gradientOn(phase, learner, null);
      const gradient = arena.read(learner.gradients[0], network.size);
      for (let p = 0; p < gradient.length; p++) {
        sum[p] += gradient[p];
        squaredNorms += gradient[p] * gradient[p];
      }
    }
  } finally {
    phase.end();
  }
  const n = sets.length;
  let squaredNormOfSum = 0;
  for (const x of sum) squaredNormOfSum += x * x;
  return signalToNoise(squaredNorms, squaredNormOfSum / (n * n), n);
}

/** Up to `CHURN_STATES` of the distinct states of a rollout, in their order. */
function churnStates({ states, first }: Rollout, seed: number, iteration: number): Int32Array {
  const distinct: number[] = [];
  for (let s = 0; s < states.states; s++) if (first[s] === s) distinct.push(s);
  const chosen = permutation(distinct.length, seed, 'diagnostics/churn', iteration).subarray(0, CHURN_STATES);
  return Int32Array.from(chosen, (i) => distinct[i]).sort();
}

/** Measures the change of the policy by each update on states outside its minibatch. */
function createChurn(learner: Learner, rollout: Rollout, { seed, temperature }: Config, iteration: number) {
  const { policy } = learner;
  const chosen = churnStates(rollout, seed, iteration);
  const present = (): Distributions => actionDistributions(policy, policy.weights, rollout.states, chosen, temperature);
  let before = present();
  let [sum, updates] = [0, 0];
  return {
    /** Call it after an update on the states `order`. */
    afterUpdate(order: Int32Array): void {
      const inside = new Set(Array.from(order, (s) => rollout.first[s]));
      const after = present();
      const kl = divergences(before, after).filter((_, i) => !inside.has(chosen[i]));
      before = after;
      if (kl.length === 0) return;
      sum += kl.reduce((total, x) => total + x, 0) / kl.length;
      updates++;
    },
    /** Mean over the updates; null where no state was outside a minibatch. */
    mean: (): number | null => (updates === 0 ? null : sum / updates),
  };
}

export interface UpdateDiagnostics {
  /** Call it after each update, with its task. */
  afterUpdate(task: UpdateTask): void;
  /** The metrics of the iteration, after its last update. */
  metrics(): Record<string, number>;
}

/** Starts the measurements of iteration number `iteration`, before its first update. */
export async function openUpdateDiagnostics(
  learner: Learner,
  spread: Pick<Spread, 'updates'>,
  prepared: PreparedRollout,
  tasks: readonly UpdateTask[],
  config: Config,
  iteration: number,
): Promise<UpdateDiagnostics> {
  const { rollout } = prepared;
  const { repeated, repeatedInState, noEffect } = actionRates(rollout);
  const signal = await gradientSignal(learner, spread, groupSets(prepared, tasks[0], config));
  const churn = createChurn(learner, rollout, config, iteration);
  return {
    afterUpdate: ({ sets }) => churn.afterUpdate(sets[0].order),
    metrics() {
      const values = {
        'gradient/signal_to_noise': signal,
        'churn/kl': churn.mean(),
        'actions/repeated': repeated,
        'actions/repeated_in_state': repeatedInState,
        'actions/no_effect': noEffect,
      };
      const measured: Record<string, number> = {};
      for (const [key, value] of Object.entries(values)) if (value !== null) measured[key] = value;
      return measured;
    },
  };
}
