import { checkChoice, checkKeys, refuse } from '../../check/values.ts';
import { matrix, multiply, multiplyByTransposed, multiplyTransposed, view } from '../kernels/matrices.ts';
import type { Builder, GradientPart, Init, Parameter, Tensor } from './network.ts';

/** Number of each activation in the kernels. */
const activations: Readonly<Record<Activation, number>> = { tanh: 1, relu: 2, gelu: 3 };

/** Activations of `activation`: tanh, relu, and gelu (tanh approximation). */
export type Activation = 'tanh' | 'relu' | 'gelu';

/** Uniform in +-1/sqrt(fanIn), the usual initialisation of linear layers. */
export function fanInUniform(fanIn: number): Init {
  return { kind: 'uniform', scale: 1 / Math.sqrt(fanIn) };
}

/** Options of `linear` and `slotLinear`. */
export interface LinearOptions {
  /** Whether a bias is added; default true. */
  readonly bias?: boolean;
  /** The output tensor. The layer adds to it if other layers write to it first. Default: a new tensor. */
  readonly into?: Tensor | undefined;
  /** Initialisation of the weight; default uniform in +-1/sqrt(x.width). */
  readonly init?: Init;
  /** Start of the bias; default that of a linear layer, uniform in +-1/sqrt(x.width). */
  readonly biasInit?: Init;
}

const optionKeys = { bias: 1, into: 1, init: 1, biasInit: 1 } satisfies Record<keyof LinearOptions, 1>;

/**
 * The vector of each state, f32[states, vectorWidth], as an input without a gradient: `linear`, `addScaled` and
 * `broadcast` read it.
 *
 * @throws Error if the states are no vectors
 */
export function vectorInput(b: Builder): Tensor {
  const { form, vectorWidth: width } = b.batch.shape;
  if (form !== 'vector') {
    throw new Error(`vectorInput: shape.form must be vector, got ${form}; use slotTokens or slotProjection`);
  }
  return { rows: 'state', width, value: b.batch.vectors, grad: 0, readers: 0, writers: 1 };
}

/**
 * y[rows, width] = x[rows, x.width] W + b, with W `name.weight` [x.width, width] and b `name.bias` [width].
 *
 * @throws Error if an option is unknown, or a second layer that writes `into` a tensor has a bias
 */
export function linear(b: Builder, name: string, x: Tensor, width: number, options: LinearOptions = {}): Tensor {
  const { kernels } = b.arena;
  checkKeys('linear', 'options', options, optionKeys);
  const y = options.into ?? b.tensor(x.rows, width);
  const usual = fanInUniform(x.width);
  const weight = b.parameter(`${name}.weight`, [x.width, width], options.init ?? usual);
  const bias = (options.bias ?? true) ? b.parameter(`${name}.bias`, [width], options.biasInit ?? usual) : null;
  const readMode = b.read(x, true);
  const takesSlope = b.takeSlope(x);
  const writeMode = b.write(y);
  if (bias && writeMode === 1)
    throw new Error(`linear: only the first writer of a tensor may have a bias, got ${name}; pass bias: false`);
  b.needMatmul(x.width, width);
  const [input, dInput] = [matrix(x.width), matrix(x.width)];
  const [output, dOutput] = [matrix(width), matrix(width)];
  const [weights, dWeights] = [matrix(width), matrix(width)];
  b.add({
    forward(w) {
      const rows = b.rowCount(x.rows);
      view(input, x.value, rows);
      view(weights, w + weight.offset, x.width);
      view(output, y.value, rows);
      multiply(kernels, input, weights, output, bias ? 2 : writeMode, bias ? w + bias.offset : 0, b.scratch());
    },
    backward(w, g) {
      const rows = b.rowCount(x.rows);
      const s = b.scratch();
      view(dOutput, y.grad, rows);
      if (g) {
        view(input, x.value, rows);
        view(dWeights, g + weight.offset, x.width);
        multiplyTransposed(kernels, input, dOutput, dWeights, 1, bias ? g + bias.offset : 0, s);
      }
      if (x.grad === 0) return;
      view(weights, w + weight.offset, x.width);
      view(dInput, x.grad, rows);
      const activation = takesSlope() ? (x.activation ?? 0) : 0;
      multiplyByTransposed(kernels, dOutput, weights, dInput, readMode(), activation, x.value, s);
    },
    gradientParts() {
      const parts: [Parameter, GradientPart][] = [
        [
          weight,
          { kind: 'outer', rows: x.rows, x: x.value, width: x.width, d: y.grad, dWidth: width, input: x.grad === 0 },
        ],
      ];
      if (bias) parts.push([bias, { kind: 'sum', rows: x.rows, d: y.grad, dWidth: width, period: 1 }]);
      return parts;
    },
  });
  return y;
}

/**
 * f(x). Compose it before any other reader of x. tanh and relu work in place, because their derivatives follow from
 * their outputs. The derivative of gelu needs the input, so its output has its own values and shares the gradient
 * memory of x.
 */
export function activation(b: Builder, kind: Activation, x: Tensor): Tensor {
  const { kernels } = b.arena;
  checkChoice('activation', 'kind', kind, Object.keys(activations));
  if (x.grad === 0) throw new Error('activation: x must have a gradient, got an input; put a linear layer between');
  if (x.readers > 0) {
    throw new Error(
      `activation: x must not have been read yet, got ${x.readers} readers; compose the ${kind} before them`,
    );
  }
  const code = activations[kind];
  const inPlace = kind !== 'gelu';
  const y = inPlace ? x : { ...b.tensor(x.rows, x.width), grad: x.grad, writers: 1 };
  const readMode = inPlace ? undefined : b.read(x);
  if (inPlace) x.activation = code;
  b.add({
    forward() {
      kernels.activationForward(code, x.value, y.value, b.rowCount(x.rows) * x.width);
    },
    backward() {
      if (readMode?.() === 1)
        throw new Error(`activation: x must have one reader, got others; let them read the output of the ${kind}`);
      if (!b.slopeTaken(x)) kernels.activationBackward(code, x.value, x.grad, b.rowCount(x.rows) * x.width);
    },
  });
  return y;
}

/**
 * y += factor x (or y = factor x for the first writer). Used for residual paths and fixed scales. `into` has x.width;
 * default a new tensor.
 */
export function addScaled(b: Builder, x: Tensor, factor: number, into?: Tensor): Tensor {
  const { kernels } = b.arena;
  if (!Number.isFinite(factor)) refuse('addScaled', 'factor', 'a finite number', factor, 'change the layer');
  const y = into ?? b.tensor(x.rows, x.width);
  const readMode = b.read(x, true);
  const writeMode = b.write(y);
  b.add({
    forward: () => kernels.addScaled(b.rowCount(x.rows) * x.width, factor, x.value, y.value, writeMode),
    backward() {
      if (x.grad !== 0) kernels.addScaled(b.rowCount(x.rows) * x.width, factor, y.grad, x.grad, readMode());
    },
  });
  return y;
}

/**
 * One row per action: y[action] (+)= x[state of the action]. `into` is a tensor of actions with x.width; default a new
 * tensor.
 */
export function broadcast(b: Builder, x: Tensor, into?: Tensor): Tensor {
  const { kernels } = b.arena;
  const y = into ?? b.tensor('action', x.width);
  const readMode = b.read(x, true);
  const writeMode = b.write(y);
  b.add({
    forward: () => kernels.gatherRows(b.batch.actions, x.width, b.batch.rowState, x.value, y.value, writeMode),
    backward() {
      if (x.grad === 0) return;
      kernels.segmentSum(b.batch.states, x.width, b.batch.rowOffsets, 1, y.grad, x.grad, readMode());
    },
  });
  return y;
}
