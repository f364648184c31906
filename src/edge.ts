/**
 * A saved policy in a host that forbids compiling bytes and has no threads and no files: it scores actions and takes single steps of
 * training from samples. Same bits as anywhere else. Nothing here reads a clock or a process, and
 * `openPolicyFrom` alone a URL.
 */
import type { Step } from './env/environment.ts';
import { index32 } from './kernels/address.ts';
import { Arena } from './kernels/arena.ts';
import type { Kernels } from './kernels/load.ts';
import { isModule, moduleFrom } from './kernels/moduleFrom.ts';
import type { InputShape } from './layers/batch.ts';
import { balancedWeights } from './objective/objective.ts';
import { blueprintFromJson } from './policy/blueprint.ts';
import { loadStates } from './policy/load.ts';
import { actionKey, batchCapacity, buildPolicy, finiteLogProbs, sample, takenLogProbs } from './policy/policy.ts';
import { decodeSafetensors, encodeSafetensors } from './record/safetensors.ts';
import { clearStates, createStateList, pushState } from './rollout/states.ts';
import { loadParameters, parameterTensors } from './train/checkpointing.ts';
import type { LossSet } from './train/shards.ts';
import { createLearner, type UpdateStats, update } from './train/update.ts';

/** States of a batch: little memory, and room for one state with hundreds of actions. */
const BATCH_STATES = 32;

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

export interface OpenedPolicy {
  /** Name and version of the environment whose states and actions it reads. */
  readonly environment: string;
  readonly shape: InputShape;
  /** f32[actions]: log-probability of each admissible action. */
  logProbs(state: State): Float32Array;
  /** f32[actions]: the classifier's probability that each admissible action is good; means nothing where no run trained a classifier. */
  goodProbs(state: State): Float32Array;
  /** Index of the most probable action; of equal ones the first. */
  greedy(state: State): number;
  /** Index and log-probability of action number `index` of the stream that `seed` names: the same pair draws the same. */
  sample(state: State, seed: number, index: number): { action: number; logProb: number };
  /** One AdamW update from a few samples; the moments last from call to call. */
  adapt(samples: readonly Sample[], settings?: AdaptSettings): UpdateStats;
  /** Bytes that `openPolicy` reads, with the present parameters. */
  save(): Uint8Array;
}

function checkSample({ state, action, advantage, good }: Sample, i: number): void {
  const count = state.info.admissibleActions.length;
  if (!(Number.isInteger(action) && action >= 0 && action < count)) {
    throw new RangeError(
      `adapt: samples[${i}].action must be the index of one of ${count} actions, got ${action}; use its place in admissibleActions`,
    );
  }
  if (advantage === undefined && good === undefined) {
    throw new Error(`adapt: samples[${i}] must have advantage or good, got neither; say how the action did`);
  }
  if (advantage !== undefined && !Number.isFinite(advantage)) {
    throw new RangeError(`adapt: samples[${i}].advantage must be finite, got ${advantage}; check the rewards`);
  }
}

/** 1 / count on the samples that `counts` holds of, 0 on the others. */
function shares(samples: readonly Sample[], counts: (sample: Sample) => boolean): Float32Array {
  const count = samples.filter(counts).length;
  return Float32Array.from(samples, (s) => (counts(s) ? 1 / count : 0));
}

/** How a policy is opened. */
export interface OpenOptions {
  /** Divides the action scores, as `temperature` in the run's config; default 1. */
  readonly temperature?: number;
}

/**
 * Opens a saved policy with a module that is at a URL, as `openPolicy` does; a load that failed is tried again at the next call.
 *
 * @throws also if the module cannot be loaded: the message names URL, HTTP status and content type
 */
export async function openPolicyFrom(
  url: URL | string,
  parameters: Uint8Array,
  options: OpenOptions = {},
): Promise<OpenedPolicy> {
  return openPolicy(await moduleFrom(url), parameters, options);
}

/**
 * Opens a saved policy.
 *
 * @param module `unbraid/edge.wasm`, or the larger `unbraid/unbraid.wasm`, compiled by the host; for its URL there is `openPolicyFrom`
 * @param parameters the bytes of a checkpoint's parameters.safetensors
 * @throws if the bytes are damaged, or hold no policy or one of another version
 */
export function openPolicy(
  module: WebAssembly.Module,
  parameters: Uint8Array,
  options: OpenOptions = {},
): OpenedPolicy {
  if (!isModule(module)) {
    throw new TypeError(
      `openPolicy: module must be a compiled WebAssembly.Module, got ${typeof module}; for a URL use: await openPolicyFrom(url, parameters)`,
    );
  }
  const { temperature = 1 } = options;
  if (!(Number.isFinite(temperature) && temperature > 0)) {
    throw new RangeError(
      `openPolicy: temperature must be a number > 0, got ${temperature}; 1 leaves the scores as they are`,
    );
  }
  const { tensors, metadata } = decodeSafetensors(parameters, { finite: true });
  if (metadata.blueprint === undefined) {
    throw new Error(
      "openPolicy: the file's header must hold a blueprint, got none; use parameters.safetensors of a run made by this version of unbraid",
    );
  }
  const blueprint = blueprintFromJson(metadata.blueprint);
  const { environment, shape } = blueprint;
  const memory = new WebAssembly.Memory({ initial: 16 });
  const kernels = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels;
  const policy = buildPolicy(new Arena(memory, kernels), blueprint, batchCapacity(shape, BATCH_STATES));
  loadParameters(policy, tensors);
  const learner = createLearner(policy);
  const { arena, network } = policy;
  const list = createStateList(shape);
  const one = [0];

  const show = (states: readonly State[]): void => {
    clearStates(list);
    for (const { observation, info } of states) pushState(list, observation, info.admissibleActions);
  };
  const logProbs = (state: State): Float32Array => {
    show([state]);
    loadStates(arena, network.batch, list, one, 0, 1);
    finiteLogProbs(policy, policy.weights, temperature);
    return arena.read(policy.logProbs, list.actions);
  };
  return {
    environment,
    shape,
    logProbs,
    goodProbs(state) {
      logProbs(state);
      const { value } = network.heads.classifier;
      return arena.read(value, list.actions).map((score) => arena.kernels.sigmoid1(score));
    },
    greedy(state) {
      const scores = logProbs(state);
      return scores.reduce((best, score, a) => (score > scores[best] ? a : best), 0);
    },
    sample(state, seed, index) {
      show([state]);
      sample(policy, list, one, 0, 1, actionKey(seed, 'edge', 0), [index], temperature);
      return { action: arena.i32[index32(policy.taken)], logProb: arena.f32[index32(policy.takenLogProb)] };
    },
    adapt(samples, settings = {}) {
      const { learningRate = 3e-3, classifierCoef = 0.5, cloningCoef = 0.1 } = settings;
      if (samples.length === 0) throw new RangeError('adapt: samples must not be empty, got []; give at least one');
      samples.forEach(checkSample);
      show(samples.map(({ state }) => state));
      const order = Int32Array.from(samples, (_, i) => i);
      const taken = Int32Array.from(samples, ({ action }) => action);
      const labels = new Int8Array(list.actions).fill(-1);
      samples.forEach(({ action, good }, i) => {
        if (good !== undefined) labels[list.rowOffsets[i] + action] = good ? 1 : 0;
      });
      const labelled = samples.filter(({ good }) => good !== undefined).length;
      const good = samples.filter((s) => s.good).length;
      const set: LossSet = {
        list,
        order,
        taken,
        oldLogProb: takenLogProbs(policy, policy.weights, list, order, taken, temperature),
        refLogProb: null,
        advantage: Float32Array.from(samples, ({ advantage = 0 }) => advantage),
        weight: shares(samples, ({ advantage }) => advantage !== undefined),
        cloningWeight: shares(samples, (s) => s.good === true),
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
      const adamw = { learningRate, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 };
      return update(learner, [set], null, adamw);
    },
    save: () => encodeSafetensors(parameterTensors(policy), metadata),
  };
}
