/**
 * A saved policy in a runtime that forbids compiling bytes and has no threads and no files: it scores actions and takes
 * single steps of training from samples. Same bits as anywhere else. Nothing here reads a clock or an environment
 * variable, and `openPolicyFrom` alone a URL.
 *
 * @module unbraid/edge
 */

import { checkKeys, checkPositive, refuse } from './check/values.ts';
import {
  checkDraw,
  type GivenSample,
  givenKernels,
  givenSamples,
  givenSettings,
  mostOfState,
  pushGiven,
} from './edgeInputs.ts';
import { index32 } from './engine/kernels/address.ts';
import { Arena } from './engine/kernels/arena.ts';
import { moduleFrom } from './engine/kernels/moduleFrom.ts';
import type { Capacity, InputShape } from './engine/layers/batch.ts';
import { balancedWeights } from './engine/learn/objective.ts';
import type { LossSet } from './engine/learn/shards.ts';
import { type Learner, learnerWith, type UpdateStats, update } from './engine/learn/update.ts';
import { type Blueprint, blueprintFromJson } from './engine/policy/blueprint.ts';
import { checkParameters, loadParameters, parameterTensors } from './engine/policy/parameters.ts';
import {
  actionKey,
  batchCapacity,
  buildPolicy,
  finiteLogProbs,
  type Policy,
  policySize,
  sample,
  takenLogProbs,
} from './engine/policy/policy.ts';
import { loadStates } from './engine/states/loadBatch.ts';
import { clearStates, createStateList, type StateList } from './engine/states/stateList.ts';
import type { Step } from './env/environment.ts';
import { decodeSafetensors, encodeSafetensors, type SafetensorsFile } from './record/safetensors.ts';

/** States of a batch: little memory, and room for one state with hundreds of actions. */
const BATCH_STATES = 32;

/** Most memory of a policy without the gradients of `adapt`: a hostile file must not request all of the memory. */
const MOST_MEBIBYTES = 1024;

/** An environment's step has all of it. */
export type State = Pick<Step, 'observation' | 'info'>;

/** What is known of one action in one state: how much better than expected it did, whether it was good, or both. */
export interface Sample {
  readonly state: State;
  /** Index in `state.info.admissibleActions`. */
  readonly action: number;
  /** Above 0: more of it; below 0: less of it. */
  readonly advantage?: number;
  /** Trains the classifier; a good action is also cloned. */
  readonly good?: boolean;
}

/** As in a run's config, with its defaults. */
export interface AdaptSettings {
  readonly learningRate?: number;
  readonly classifierCoef?: number;
  readonly cloningCoef?: number;
}

/** How a saved policy is opened. */
export interface EdgeOptions {
  /** Divides the logits; a number > 0, default 1. */
  readonly temperature?: number;
}

/**
 * A policy that scores and draws actions and learns single steps. Every method checks its arguments before it changes
 * anything.
 */
export interface OpenedPolicy {
  /** Name and version of the environment whose states and actions it reads. */
  readonly environment: string;
  readonly shape: InputShape;
  /** f32[actions]: log-probability of each admissible action. */
  logProbs(state: State): Float32Array;
  /**
   * f32[actions]: the classifier's probability that each admissible action is good; means nothing where no run trained
   * a classifier.
   */
  goodProbs(state: State): Float32Array;
  /** Index of the most probable action; of equal ones the first. */
  greedy(state: State): number;
  /**
   * Index and log-probability of action number `index` of the stream that `seed` names: the same pair draws the same.
   */
  sample(state: State, seed: number, index: number): { action: number; logProb: number };
  /** One AdamW update from a few samples; the moments last from call to call. */
  adapt(samples: readonly Sample[], settings?: AdaptSettings): UpdateStats;
  /** Bytes that `openPolicy` reads, with the present parameters. */
  save(): Uint8Array<ArrayBuffer>;
}

/** 1 / count on the samples that `counts` holds of, 0 on the others. */
function shares(samples: readonly GivenSample[], counts: (sample: GivenSample) => boolean): Float32Array {
  const count = samples.filter(counts).length;
  return Float32Array.from(samples, (s) => (counts(s) ? 1 / count : 0));
}

const optionKeys = { temperature: true } satisfies Record<keyof EdgeOptions, true>;

/** The losses of one step of `adapt` on samples whose states are in `list`. */
function adaptSet(
  policy: Policy,
  list: StateList,
  given: readonly GivenSample[],
  settings: { readonly classifierCoef: number; readonly cloningCoef: number; readonly temperature: number },
): LossSet {
  const { classifierCoef, cloningCoef, temperature } = settings;
  const order = Int32Array.from(given, (_, i) => i);
  const taken = Int32Array.from(given, ({ action }) => action);
  const labels = new Int8Array(list.actions).fill(-1);
  given.forEach(({ action, good }, i) => {
    if (good !== undefined) labels[list.rowOffsets[i] + action] = good ? 1 : 0;
  });
  const labelled = given.filter(({ good }) => good !== undefined).length;
  const good = given.filter((sample) => sample.good).length;
  return {
    list,
    order,
    taken,
    oldLogProb: takenLogProbs(policy, policy.weights, list, order, taken, temperature),
    refLogProb: null,
    advantage: Float32Array.from(given, ({ advantage = 0 }) => advantage),
    weight: shares(given, ({ advantage }) => advantage !== undefined),
    cloningWeight: shares(given, (sample) => sample.good === true),
    labels,
    repeats: null,
    settings: {
      epsilon: 0.2,
      epsilonHigh: 0.2,
      beta: 0,
      entropyCoef: 0,
      temperature,
      cloningCoef,
      ...balancedWeights(good, labelled, classifierCoef),
    },
  };
}

/**
 * The blueprint in the header of a policy's file, once it is known that the file's tensors are its parameters and that
 * it fits a memory.
 */
function readBlueprint({ tensors, metadata }: SafetensorsFile): { blueprint: Blueprint; capacity: Capacity } {
  if (metadata.blueprint === undefined) {
    throw new Error(
      "openPolicy: the file's header must hold a blueprint, got none; use parameters.safetensors of a run made by this version of unbraid",
    );
  }
  const blueprint = blueprintFromJson(metadata.blueprint);
  if (blueprint.config.hinted) {
    throw new Error('openPolicy: the policy must act without hints, got one with them; train it with hint "off"');
  }
  const capacity = batchCapacity(blueprint.shape, BATCH_STATES);
  const { parameters, bytes } = policySize(blueprint, capacity);
  checkParameters(parameters, tensors);
  const mebibytes = Math.ceil(bytes / 2 ** 20);
  if (mebibytes > MOST_MEBIBYTES) {
    throw new RangeError(
      `openPolicy: a policy must take at most ${MOST_MEBIBYTES} MiB of memory, got ${mebibytes} MiB; train one with smaller layers or a smaller vocabulary`,
    );
  }
  return { blueprint, capacity };
}

/**
 * Takes back everything that a step has changed.
 *
 * @returns puts parameters, moments and counters back as they are now
 */
function remember(learner: Learner): () => void {
  const { policy, firstMoment, secondMoment, updates, beta1Power, beta2Power } = learner;
  const { arena, network, weights } = policy;
  const vectors = [weights, firstMoment, secondMoment].map((at) => [at, arena.read(at, network.size)] as const);
  return () => {
    for (const [at, values] of vectors) arena.write(at, values);
    Object.assign(learner, { updates, beta1Power, beta2Power });
    network.prepare(weights);
  };
}

/**
 * Opens a saved policy with a module that is at a URL, as `openPolicy` does; a load that failed is tried again at the
 * next call.
 *
 * @throws also if the module cannot be loaded: the message names URL, HTTP status and content type
 */
export async function openPolicyFrom(
  url: URL | string,
  parameters: Uint8Array,
  options: EdgeOptions = {},
): Promise<OpenedPolicy> {
  return openPolicy(await moduleFrom(url), parameters, options);
}

/**
 * Opens a saved policy. A method that throws leaves the policy as it was, and it can be used further.
 *
 * @param module `unbraid/edge.wasm`, or the larger `unbraid/unbraid.wasm`, compiled by the host
 * @param parameters the bytes of a checkpoint's parameters.safetensors
 * @param options.temperature divides the action scores, as `temperature` in the run's config; default 1
 * @throws if an argument is not what it should be, the bytes are damaged, or they hold no policy, one of another
 *   version, or one that takes more than 1 GiB of memory
 */
export function openPolicy(
  module: WebAssembly.Module,
  parameters: Uint8Array,
  options: EdgeOptions = {},
): OpenedPolicy {
  checkKeys('openPolicy', 'options', options, optionKeys);
  const { temperature = 1 } = options;
  checkPositive('openPolicy', 'temperature', temperature, true, '1 leaves the scores as they are');
  if (!(parameters instanceof Uint8Array)) {
    refuse('openPolicy', 'parameters', 'a Uint8Array', parameters, 'give the bytes of parameters.safetensors');
  }
  const memory = new WebAssembly.Memory({ initial: 16 });
  const kernels = givenKernels(module, memory);
  const { tensors, metadata } = decodeSafetensors(parameters, { finite: true });
  const { blueprint, capacity } = readBlueprint({ tensors, metadata });
  const { environment } = blueprint;
  const shape = Object.freeze({ ...blueprint.shape });
  const policy = buildPolicy(new Arena(memory, kernels), { ...blueprint, shape }, capacity);
  loadParameters(policy, tensors);
  const learner = learnerWith(policy, null);
  const { arena, network } = policy;
  const list = createStateList(shape, 1);
  const most = mostOfState(capacity);
  const one = [0];

  const show = (caller: string, state: State): void => {
    clearStates(list);
    pushGiven(caller, list, state, most);
  };
  const score = (caller: string, state: State): Float32Array => {
    show(caller, state);
    loadStates(arena, network.batch, list, one, 0, 1);
    finiteLogProbs(policy, policy.weights, temperature);
    return arena.read(policy.logProbs, list.actions);
  };
  return {
    environment,
    shape,
    logProbs: (state) => score('logProbs', state),
    goodProbs(state) {
      score('goodProbs', state);
      const { value } = network.heads.classifier;
      return arena.read(value, list.actions).map((logit) => arena.kernels.sigmoid1(logit));
    },
    greedy(state) {
      const scores = score('greedy', state);
      return scores.reduce((best, logProb, a) => (logProb > scores[best] ? a : best), 0);
    },
    sample(state, seed, index) {
      checkDraw(seed, index);
      show('sample', state);
      sample(policy, list, one, 0, 1, actionKey(seed, 'edge', 0), [index], temperature);
      return { action: arena.i32[index32(policy.taken)], logProb: arena.f32[index32(policy.takenLogProb)] };
    },
    adapt(samples, settings = {}) {
      const { learningRate, classifierCoef, cloningCoef } = givenSettings(settings);
      clearStates(list);
      const given = givenSamples(list, samples, most);
      const set = adaptSet(policy, list, given, { classifierCoef, cloningCoef, temperature });
      const adamw = { learningRate, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 };
      const restore = remember(learner);
      try {
        const stats = update(learner, [set], null, adamw);
        // A step may give finite weights that no longer score: this throws then.
        takenLogProbs(policy, policy.weights, list, set.order, set.taken, temperature);
        return stats;
      } catch (cause) {
        const finite = Number.isFinite(kernels.sumOfSquares(policy.weights, network.size));
        restore();
        const reason = finite
          ? (cause as Error).message
          : `the weights must be finite after the step, got others with learningRate ${learningRate}; lower it`;
        throw new Error(`adapt: ${reason}; the policy is as it was`, { cause });
      }
    },
    save: () => encodeSafetensors(parameterTensors(policy), metadata),
  };
}
