/** What a caller gives to `unbraid/edge`, checked and read once before anything of the policy moves. */

import { checkKeys, checkPositive, checkSeed, isInteger, isPlainObject, refuse } from './check/values.ts';
import type { Kernels } from './engine/kernels/load.ts';
import type { Capacity } from './engine/layers/batch.ts';
import { pushGivenState, type StateList } from './engine/states/stateList.ts';
import { MOST_ACTIONS } from './env/limits.ts';

/** Most samples of one `adapt`. All their states together may have as many actions as one state. */
const MOST_SAMPLES = 1024;

/** What one state may take where batches of `capacity` grow for a state that needs more. */
export function mostOfState(capacity: Capacity): Capacity {
  const times = Math.ceil(MOST_ACTIONS / capacity.actions);
  return { ...capacity, actions: MOST_ACTIONS, actionFeatures: capacity.actionFeatures * times };
}

const sampleKeys = { state: true, action: true, advantage: true, good: true };

/** What of a sample trains the policy. */
export interface GivenSample {
  readonly action: number;
  readonly advantage: number | undefined;
  readonly good: boolean | undefined;
}

/**
 * The kernels of a module on `memory`.
 *
 * @throws RangeError if `module` is no compiled module of this package, or the host does not instantiate it
 */
export function givenKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  const advice =
    'give unbraid/edge.wasm or unbraid/unbraid.wasm, compiled by the host, or use openPolicyFrom with its URL';
  const rule = 'a WebAssembly.Module of this package';
  let exports: WebAssembly.Exports;
  try {
    // This also knows a module that another realm has compiled, where instanceof does not.
    WebAssembly.Module.exports(module);
  } catch {
    refuse('openPolicy', 'module', rule, module, advice);
  }
  try {
    exports = new WebAssembly.Instance(module, { env: { memory } }).exports;
  } catch (cause) {
    throw new RangeError(
      `openPolicy: module must be ${rule}, got one that does not start: ${(cause as Error).message}; ${advice}`,
      { cause },
    );
  }
  const missing = ['heapBase', 'sampleActions', 'adamw'].find((name) => typeof exports[name] !== 'function');
  if (missing) {
    throw new RangeError(`openPolicy: module must be ${rule}, got one without the function ${missing}; ${advice}`);
  }
  return exports as unknown as Kernels;
}

/**
 * Appends a state that takes at most `most`.
 *
 * @param caller in messages
 * @throws RangeError if it is no object, or as `pushState` does; the list is then as it was
 */
export function pushGiven(caller: string, list: StateList, state: unknown, most: Capacity): void {
  const advice = 'give { observation, info: { admissibleActions } } as reset and step do';
  if (typeof state !== 'object' || state === null) refuse(caller, 'state', 'an object', state, advice);
  const { observation, info } = state as { observation: never; info: { admissibleActions: never } | undefined | null };
  if (typeof info !== 'object' || info === null) refuse(caller, 'state.info', 'an object', info, advice);
  pushGivenState(caller, list, observation, info.admissibleActions, most);
}

/** @throws RangeError unless `seed` and `index` name a number of a random stream */
export function checkDraw(seed: unknown, index: unknown): void {
  checkSeed('sample', seed);
  if (!isInteger(index, 0, 0xffff_ffff)) {
    refuse('sample', 'index', 'an integer in [0, 2^32)', index, 'count the draws of a seed from 0');
  }
}

/** @throws RangeError or Error unless `settings` are as the config of a run would have them */
export function givenSettings(settings: unknown): {
  readonly learningRate: number;
  readonly classifierCoef: number;
  readonly cloningCoef: number;
} {
  const defaults = { learningRate: 3e-3, classifierCoef: 0.5, cloningCoef: 0.1 };
  checkKeys('adapt', 'settings', settings, defaults);
  const given = Object.entries(settings as object).filter(([, value]) => value !== undefined);
  for (const [key, value] of given) {
    checkPositive('adapt', `settings.${key}`, value, false, 'leave it out for the default of a run');
  }
  return { ...defaults, ...Object.fromEntries(given) };
}

function givenSample(list: StateList, i: number, sample: unknown, most: Capacity): GivenSample {
  const name = `samples[${i}]`;
  const advice = 'give { state, action, advantage } or { state, action, good }';
  if (!isPlainObject(sample)) refuse('adapt', name, 'a plain object', sample, advice);
  checkKeys('adapt', name, sample, sampleKeys);
  const { state, action, advantage, good } = sample;
  pushGiven(`adapt: ${name}`, list, state, most);
  const count = list.actions - list.rowOffsets[i];
  if (!isInteger(action, 0, count - 1)) {
    const rule = `the index of one of ${count} actions`;
    refuse('adapt', `${name}.action`, rule, action, 'use its place in admissibleActions');
  }
  if (advantage === undefined && good === undefined) {
    throw new RangeError(`adapt: ${name} must have advantage or good, got neither; say how the action did`);
  }
  if (advantage !== undefined && !(Number.isFinite(advantage) && Number.isFinite(Math.fround(advantage as number)))) {
    const rule = Number.isFinite(advantage) ? 'in the range of 32-bit floats' : 'finite';
    refuse('adapt', `${name}.advantage`, rule, advantage, 'check the rewards');
  }
  if (good !== undefined && typeof good !== 'boolean') {
    refuse('adapt', `${name}.good`, 'true or false', good, 'leave it out where nobody knows');
  }
  return { action, advantage: advantage as number | undefined, good };
}

/**
 * The samples of an `adapt`, with their states in `list`, which is empty before.
 *
 * @throws RangeError or Error naming the sample and its key that is wrong, missing or unknown
 */
export function givenSamples(list: StateList, samples: unknown, most: Capacity): GivenSample[] {
  const advice = 'call adapt more often';
  if (!Array.isArray(samples)) refuse('adapt', 'samples', 'an array', samples, 'give at least one sample');
  if (samples.length === 0) throw new RangeError('adapt: samples must not be empty, got []; give at least one');
  if (samples.length > MOST_SAMPLES) refuse('adapt', 'samples', `at most ${MOST_SAMPLES} samples`, samples, advice);
  const given: GivenSample[] = [];
  for (let i = 0; i < samples.length; i++) {
    given.push(givenSample(list, i, samples[i], most));
    if (list.actions > most.actions) {
      const got = `more at samples[${i}]`;
      throw new RangeError(`adapt: samples must have at most ${most.actions} actions together, got ${got}; ${advice}`);
    }
  }
  return given;
}
