/**
 * The danger-zone experiment. There are two similar states s and s'. State s' is rare, and its bad action starts with a
 * given probability. The experiment measures whether training on s increases the probability of the bad action in s'.
 *
 * Two conditions show what causes it. "Other state's data removed" trains on the samples of s' alone: the bad action
 * does not rise, and the task is not learnt. `decouple` keeps all samples and takes away, to first order, what they do
 * to each other's log-probabilities.
 */

import { checkKeys } from '../../check/values.ts';
import { createArena } from '../../engine/kernels/createArena.ts';
import type { ModuleSource } from '../../engine/kernels/moduleFrom.ts';
import { createLearner, type Learner } from '../../engine/learn/update.ts';
import { createPolicy } from '../../engine/policy/policy.ts';
import { createLookAlike } from '../../env/lookAlike.ts';
import { yieldToEventLoop } from '../../eventLoop.ts';
import type { DangerRecord } from '../../record/dangerRecord.ts';
import { type DangerOptions, dangerExperiment, optionKeys } from './experiment.ts';
import { type Condition, type Followed, follow, type StatesLearner } from './follow.ts';
import { experimentRecord } from './measurements.ts';
import { CLONED, softStart } from './softStart.ts';
import { createTwoStates, type TwoStates } from './twoStates.ts';

const policyConfig = {
  policy: 'mlp',
  tokenWidth: 8,
  matchWidth: 1,
  hidden: 32,
  embedding: 16,
  blocks: 0,
  heads: 1,
  logitScale: 3,
} as const;

/**
 * Measures p(bad | s') over training from each start, and the mean return after it: for GRPO with the samples of both
 * states, for GRPO with the other state's data removed, for GRPO with `decouple`, and for the given method.
 *
 * Equal options return bitwise identical records in every runtime. All conditions of one start and seed begin with the
 * same weights and play the same games.
 *
 * @returns for each start and condition: a row (highest and last mean over seeds, mean return) and a curve of
 *   [iteration, mean, low, high], where low and high are the ends of the 95% interval, limited to [0, 1]
 * @throws RangeError that names the invalid option; the signal's reason on abort
 */
export async function runDanger(options: DangerOptions = {}): Promise<DangerRecord> {
  checkKeys('runDanger', 'options', options, optionKeys);
  const experiment = dangerExperiment(options);
  const { rho, preset, starts, seeds, arms: conditions, iterations } = experiment;
  const { onProgress, signal } = options;
  signal?.throwIfAborted();
  const learner = await dangerLearner(options.module);
  const total = seeds.length * starts.length * conditions.length;
  let done = 0;
  const onCondition = (): void => onProgress?.(++done, total);
  const followed: Followed[][] = [];
  for (const seed of seeds) {
    const twoStates = { ...createTwoStates(rho, seed, CLONED), preset };
    for (const start of starts) {
      followed.push(await followConditions(learner, twoStates, start, conditions, iterations, onCondition, signal));
    }
  }
  return experimentRecord(experiment, followed);
}

/** Creates a learner of the experiment's policy with its own memory. */
export async function dangerLearner(module?: ModuleSource): Promise<StatesLearner> {
  const policy = createPolicy(await createArena(module), createLookAlike().spec, policyConfig);
  return { ...createLearner(policy), stateGradients: policy.arena.floats(2 * policy.network.size) };
}

/**
 * Measures p(bad | s') for one start and seed. All conditions begin with the same weights and play the same games.
 *
 * @returns p(bad | s') over training and the return after it, by condition
 */
export async function followConditions(
  learner: StatesLearner,
  twoStates: TwoStates,
  start: number,
  conditions: readonly Condition[],
  iterations: number,
  onCondition: () => void = () => {},
  signal?: AbortSignal,
): Promise<Followed[]> {
  const { arena, weights } = learner.policy;
  softStart(learner, twoStates, start);
  const begun = copyWeights(learner);
  const byCondition: Followed[] = [];
  for (const condition of conditions) {
    arena.write(weights, begun);
    byCondition.push(await follow(learner, twoStates, condition, iterations, signal));
    onCondition();
    await yieldToEventLoop();
    signal?.throwIfAborted();
  }
  return byCondition;
}

function copyWeights({ policy }: Learner): Float32Array {
  return policy.arena.read(policy.weights, policy.network.vectorSize);
}
