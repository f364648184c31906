/** The network of a scene, and the input vector of a point of the plane. Built from the layers that unbraid offers. */
import type { Arena, Policy } from 'unbraid';
import { type RandomStream, randomStream } from 'unbraid/env';
import {
  activation,
  batchCapacity,
  broadcast,
  createNetwork,
  heads,
  type InputShape,
  linear,
  policyOn,
  vectorInput,
} from 'unbraid/layers';
import { loadParameters, parameterTensors } from 'unbraid/learn';
import { cosine } from './cosine.ts';
import { actionCount, type NetworkKind } from './scene.ts';

/** Number of Fourier features, and of hidden units of the MLP. */
const width = 128;

/** Points closer than about this look alike to the Fourier features: similarity exp(-d^2 / (2 length^2)). */
const length = 0.4;

/** Standard deviations of the MLP's parameters at the start. Its large biases let states at the origin be alike. */
const mlpStart = { weight: 3 / Math.SQRT2, bias: 0.9 };

/** A number of about normal distribution, from twelve uniform ones: logarithms differ between browsers. */
function normal(random: RandomStream): number {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += random.uniform();
  return sum;
}

export interface PlaneNetwork {
  readonly policy: Policy;
  readonly shape: InputShape;
  /** The input vector of a point. */
  vectorOf(x: number, y: number): Float32Array;
  /** Sets the parameters of the policy to those of a seed. */
  initialise(seed: number): void;
}

/** Random Fourier features of a seed: sqrt(2) cos(a x + b y + c) with a, b normal and c uniform in a turn. */
function fourierFeatures(seed: number): (x: number, y: number) => Float32Array {
  const random = randomStream(seed, 'plane/features');
  const waves = Array.from({ length: width }, () => {
    return [normal(random) / length, normal(random) / length, 2 * Math.PI * random.uniform()] as const;
  });
  return (x, y) => Float32Array.from(waves, ([a, b, c]) => Math.SQRT2 * cosine(a * x + b * y + c));
}

/** @param states most states of one batch */
export function planeNetwork(arena: Arena, kind: NetworkKind, seed: number, states: number): PlaneNetwork {
  const inputs = kind === 'fourier' ? width : 2;
  const shape: InputShape = {
    ...{ form: 'vector', layout: 'slots', vocabularySize: actionCount },
    ...{ stateSlots: 0, actionSlots: 1, vectorWidth: inputs },
  };
  const network = createNetwork(arena, shape, batchCapacity(shape, states, actionCount), (b) => {
    const x = vectorInput(b);
    const hidden = kind === 'fourier' ? x : activation(b, 'tanh', linear(b, 'hidden', x, width));
    return heads(b, broadcast(b, hidden), { embedding: width, logitScale: 1, actionHeads: true });
  });
  const policy = policyOn(network);
  return {
    policy,
    shape,
    vectorOf: kind === 'fourier' ? fourierFeatures(seed) : (x, y) => Float32Array.of(x, y),
    initialise(from) {
      const random = randomStream(from, 'plane/parameters');
      const deviations: Readonly<Record<string, number>> = {
        'hidden.weight': mlpStart.weight,
        'hidden.bias': mlpStart.bias,
        actionHeads: 0.1 / Math.sqrt(width),
      };
      const drawn = parameterTensors(policy).map(({ name, shape: of, values }) => {
        const deviation = deviations[name] ?? 0;
        return { name, shape: of, values: Float32Array.from(values, () => deviation * normal(random)) };
      });
      loadParameters(policy, drawn);
    },
  };
}
