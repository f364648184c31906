/** Converts a learner to tensors and counters, and restores it from them bit by bit. */
import type { CouplingSummary } from '../coupling/measure.ts';
import type { LabelSource } from '../credit/labels/labels.ts';
import type { Learner } from '../engine/learn/update.ts';
import { blueprintToJson } from '../engine/policy/blueprint.ts';
import { loadParameters, parameterTensors } from '../engine/policy/parameters.ts';
import type { Checkpoint } from '../record/checkpoint.ts';
import type { JsonRecord } from '../record/json.ts';
import type { NamedTensor } from '../record/safetensors.ts';
import { type Experience, restoreExperience } from './experience.ts';
import { type Normalizers, restoreNormalizers } from './normalizers.ts';

/** The counters of a checkpoint's state.json. */
export interface Counters {
  readonly envSteps: number;
  readonly updates: number;
  readonly beta1Power: number;
  readonly beta2Power: number;
  readonly couplingStart: CouplingSummary;
}

/**
 * What a run remembers besides its learner, as tensors by name: of its labels, of its normalisers, and its experience
 * graphs where the label source does not save them.
 */
export interface Memory {
  readonly labels: Record<string, Float64Array>;
  readonly normalizers: Record<string, Float64Array>;
  readonly experience: Record<string, Float64Array>;
}

const memoryParts = ['labels', 'normalizers', 'experience'] as const satisfies readonly (keyof Memory)[];

/** Name of GradVac's targets in a checkpoint. */
const TARGETS = 'conflict/targets';

export function saveLearner(
  learner: Learner,
  iteration: number,
  reference: number,
  memory: Memory,
  counters: Counters,
  tokenizer: JsonRecord | null,
): Omit<Checkpoint, 'chain'> {
  const { arena, network, blueprint } = learner.policy;
  const vector = (name: string, pointer: number): NamedTensor => ({
    name,
    shape: [network.size],
    values: arena.read(pointer, network.size),
  });
  const state = [vector('adam/first', learner.firstMoment), vector('adam/second', learner.secondMoment)];
  if (reference) state.push(vector('reference', reference));
  if (learner.targets.length > 0)
    state.push({ name: TARGETS, shape: [learner.targets.length], values: learner.targets.slice() });
  for (const part of memoryParts)
    for (const [name, values] of Object.entries(memory[part]))
      state.push({ name: `${part}/${name}`, shape: [values.length], values });
  return {
    iteration,
    parameters: parameterTensors(learner.policy),
    state,
    counters: { ...counters, couplingStart: { ...counters.couplingStart } },
    ...(tokenizer ? { tokenizer } : {}),
    ...(blueprint ? { blueprint: blueprintToJson(blueprint) } : {}),
  };
}

/** Rejects a saved vector that is missing, has another length, or holds a number that no run can have saved. */
function checkVector(name: string, values: ArrayLike<number> | undefined, size: number): void {
  if (values?.length !== size) {
    throw new Error(
      `restoreLearner: ${name} must have ${size} numbers, got ${values?.length ?? 'none'}; use the config the checkpoint was made with`,
    );
  }
  for (let i = 0; i < size; i++) {
    if (!Number.isFinite(values[i]) || (name === 'adam/second' && values[i] < 0)) {
      const rule = name === 'adam/second' ? 'finite and >= 0' : 'finite';
      throw new Error(`restoreLearner: ${name} must be ${rule}, got ${values[i]} at ${i}; use an earlier checkpoint`);
    }
  }
}

/**
 * Restores what `saveLearner` saved; the reference is copied but not prepared. Its buffers have their initial values,
 * as when it was copied.
 *
 * @throws if a parameter, moment or counter is missing, of another size, or not finite
 */
export function restoreLearner(
  learner: Learner,
  checkpoint: Checkpoint,
  reference: number,
  labels: LabelSource,
  normalizers: Normalizers,
  experience: Experience | null,
): Counters {
  const { arena, network } = learner.policy;
  loadParameters(learner.policy, checkpoint.parameters);
  const counters = checkpoint.counters as unknown as Counters;
  for (const key of ['updates', 'beta1Power', 'beta2Power'] as const) {
    if (!Number.isFinite(counters[key])) {
      throw new Error(`restoreLearner: counter ${key} must be finite, got ${counters[key]}; use an earlier checkpoint`);
    }
  }
  const saved: Memory = { labels: {}, normalizers: {}, experience: {} };
  const given = new Map<string, ArrayLike<number>>();
  const vectors: Record<string, number> = { 'adam/first': learner.firstMoment, 'adam/second': learner.secondMoment };
  if (reference) vectors.reference = reference;
  for (const { name, values } of checkpoint.state) {
    const [part, ...rest] = name.split('/');
    const memory = memoryParts.find((name) => name === part);
    if (memory) saved[memory][rest.join('/')] = values as Float64Array;
    else given.set(name, values);
  }
  for (const name of Object.keys(vectors)) checkVector(name, given.get(name), network.size);
  if (learner.targets.length > 0) checkVector(TARGETS, given.get(TARGETS), learner.targets.length);
  for (const [name, pointer] of Object.entries(vectors)) {
    arena.write(pointer, given.get(name) as ArrayLike<number>);
  }
  learner.targets.set(given.get(TARGETS) ?? []);
  if (reference) {
    for (const { offset, size, init } of network.buffers) arena.kernels.fill(reference + offset, size, init.scale);
  }
  restoreNormalizers(normalizers, saved.normalizers);
  labels.restore(saved.labels);
  restoreExperience(experience, saved.experience);
  learner.updates = counters.updates;
  learner.beta1Power = counters.beta1Power;
  learner.beta2Power = counters.beta2Power;
  return counters;
}
