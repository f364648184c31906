/**
 * Inputs of the tasks that are shared with peers, in one safetensors file: all libraries compute on the same numbers.
 */
import { createArena } from '../src/engine/kernels/createArena.ts';
import { parameterTensors } from '../src/engine/policy/parameters.ts';
import { randomStream } from '../src/random.ts';
import { encodeSafetensors, type NamedTensor } from '../src/record/safetensors.ts';
import { ATTENTION, attentionWorkload, MLP, mlpWorkload, type Workload } from './steps.ts';
import { trainingTensors } from './training.ts';

export const matmulSizes = [128, 256, 512] as const;
export const gramSizes = [256, 1024] as const;
export const mlpStates = 256;
export const attentionStates = 64;

/** Sizes of the growth tables. */
export const growth = {
  batch: [32, 64, 128, 256, 512, 1024, 2048, 4096],
  width: [32, 64, 128, 256, 512],
  actions: [1, 4, 16, 64, 128],
  tokens: [8, 16, 32, 64, 128],
} as const;

function drawn(purpose: string, index: number, shape: readonly number[]): NamedTensor['values'] {
  const random = randomStream(1, purpose, index);
  const size = shape.reduce((product, extent) => product * extent, 1);
  return Float32Array.from({ length: size }, () => 2 * random.uniform() - 1);
}

/** Observations, actions, advantages and initial parameters of a workload, named `prefix/...`. */
function workloadTensors(prefix: string, { list, states, taken, advantage, policy }: Workload): NamedTensor[] {
  const { shape } = list;
  const observation: NamedTensor =
    shape.form === 'vector'
      ? {
          name: `${prefix}/observation`,
          shape: [states, MLP.inputs],
          values: list.vectors.slice(0, states * MLP.inputs),
        }
      : {
          name: `${prefix}/observation`,
          shape: [states, ATTENTION.tokens],
          // A feature is encoded as token * slots + slot.
          values: list.stateFeatures
            .slice(0, states * ATTENTION.tokens)
            .map((feature) => Math.floor(feature / shape.stateSlots)),
        };
  return [
    observation,
    { name: `${prefix}/taken`, shape: [states], values: taken },
    { name: `${prefix}/advantage`, shape: [states], values: advantage },
    ...parameterTensors(policy).map((tensor) => ({ ...tensor, name: `${prefix}/${tensor.name}` })),
  ];
}

/**
 * Bytes of the input file. Tensors: `matmulN/a` and `matmulN/b`, `mlp/...`, `gramB/...`, `attention/...` and
 * `training/SEED/...`.
 */
export async function encodeInputs(): Promise<Uint8Array> {
  const matmuls = matmulSizes.flatMap((n) =>
    ['a', 'b'].map((side) => {
      const shape = [n, n];
      return { name: `matmul${n}/${side}`, shape, values: drawn(`bench/matmul/${side}`, n, shape) };
    }),
  );
  const arena = await createArena();
  return encodeSafetensors([
    ...matmuls,
    ...workloadTensors('mlp', mlpWorkload(arena, mlpStates)),
    ...gramSizes.flatMap((n) => workloadTensors(`gram${n}`, mlpWorkload(arena, n))),
    ...workloadTensors('attention', attentionWorkload(arena, attentionStates)),
    ...trainingTensors(),
  ]);
}
