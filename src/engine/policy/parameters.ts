/** Converts the parameters of a policy to named tensors and back. */
import { refuse, shown } from '../../check/values.ts';
import type { NamedTensor } from '../../record/safetensors.ts';
import { type Parameter, savedOf } from '../layers/network.ts';
import type { Policy } from './policy.ts';

/** Returns copies of the parameters and buffers of the policy, with their names. */
export function parameterTensors(policy: Policy): NamedTensor[] {
  const { arena, network, weights } = policy;
  return savedOf(network).map(({ name, shape, size, offset }) => ({
    name,
    shape,
    values: arena.read(weights + offset, size),
  }));
}

/**
 * Rejects tensors that are not the parameters of a network.
 *
 * @throws Error that names a tensor that is missing, has another shape, is not a parameter, or holds other values than
 *   finite 32-bit floats
 */
export function checkParameters(
  parameters: readonly Pick<Parameter, 'name' | 'shape'>[],
  tensors: readonly NamedTensor[],
): void {
  const advice = 'the checkpoint is of another policy or environment; use the config it was made with';
  if (!Array.isArray(tensors)) refuse('loadParameters', 'tensors', 'an array', tensors, 'read them from a checkpoint');
  const byName = new Map(tensors.map((tensor: NamedTensor) => [tensor?.name, tensor]));
  for (const { name, shape } of parameters) {
    const tensor = byName.get(name);
    if (!tensor) throw new Error(`loadParameters: the checkpoint has no ${name}; ${advice}`);
    const got = Array.isArray(tensor.shape) ? tensor.shape.slice(0, 16).join() : shown(tensor.shape);
    if (got !== shape.join()) {
      throw new Error(`loadParameters: ${name} must have shape [${shape}], got [${got}]; ${advice}`);
    }
    const size = shape.reduce((product, n) => product * n, 1);
    if (!(tensor.values instanceof Float32Array && tensor.values.length === size)) {
      throw new Error(
        `loadParameters: ${name} must hold ${size} 32-bit floats, got ${shown(tensor.values)}; ${advice}`,
      );
    }
    for (const x of tensor.values) {
      if (!Number.isFinite(x))
        throw new Error(`loadParameters: ${name} must be finite, got ${x}; use an earlier checkpoint`);
    }
  }
  if (tensors.length !== parameters.length) {
    const known = new Set(parameters.map(({ name }) => name));
    // `delete` removes each name when it is found, so that the second tensor of a repeated name is reported, too.
    const other = tensors.find(({ name }) => !known.delete(name))?.name;
    throw new Error(`loadParameters: every tensor must be a parameter of the policy, got ${shown(other)}; ${advice}`);
  }
}

/**
 * Loads parameters by name and prepares them.
 *
 * @throws as `checkParameters` does; the parameters are then unchanged
 */
export function loadParameters(policy: Policy, tensors: readonly NamedTensor[]): void {
  const { arena, network, weights } = policy;
  checkParameters(savedOf(network), tensors);
  const byName = new Map(tensors.map(({ name, values }) => [name, values]));
  for (const { name, offset } of savedOf(network)) {
    arena.write(weights + offset, byName.get(name) as Float32Array);
  }
  network.prepare(weights);
}
