import { checkChoice, checkKeys, refuse } from '../../check/values.ts';
import type { Builder, GradientPart, Init, Parameter, Tensor } from './network.ts';

/** Kernel's number of each activation. */
const activations: Readonly<Record<Activation, number>> = { tanh: 1, relu: 2, gelu: 3 };

/** Activations of `activation`: tanh, relu, and gelu (tanh approximation). */
export type Activation = 'tanh' | 'relu' | 'gelu';

/** Uniform in +-1/sqrt(fanIn), the usual start of linear layers. */
export function fanInUniform(fanIn: number): Init {
  return { kind: 'uniform', scale: 1 / Math.sqrt(fanIn) };
}

/** Options of `linear` and `slotLinear`. */
export interface LinearOptions {
  /** Whether a bias is added; default true. */
  readonly bias?: boolean;
  /** The tensor to write to or, if other layers write to it too, to add to; default a new one. */
  readonly into?: Tensor;
  /** Start of the weight; default uniform in +-1/sqrt(x.width). */
  readonly init?: Init;
  /** Start of the bias; default that of a linear layer, uniform in +-1/sqrt(x.width). */
  readonly biasInit?: Init;
}

const optionKeys = { bias: 1, into: 1, init: 1, biasInit: 1 } satisfies Record<keyof LinearOptions, 1>;

/**
 * The vector of each state, f32[states, vectorWidth], as an input without a gradient: `linear`, `addScaled` and `broadcast` read it.
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
  const weight = b.parameter(`${name}.weight`, [x.width, width], options.init ?? fanInUniform(x.width));
  const bias =
    (options.bias ?? true) ? b.parameter(`${name}.bias`, [width], options.biasInit ?? fanInUniform(x.width)) : null;
  const readMode = b.read(x, true);
  const takesSlope = b.takeSlope(x);
  const writeMode = b.write(y);
  if (bias && writeMode === 1)
    throw new Error(`linear: only the first writer of a tensor may have a bias, got ${name}; pass bias: false`);
  b.needMatmul(x.width, width);
  b.add({
    forward(w) {
      const mode = bias ? 2 : writeMode;
      kernels.matmulNN(
        b.rowCount(x.rows),
        width,
        x.width,
        x.value,
        x.width,
        w + weight.offset,
        width,
        y.value,
        width,
        mode,
        bias ? w + bias.offset : 0,
        b.scratch(),
      );
    },
    backward(w, g) {
      const rows = b.rowCount(x.rows);
      const s = b.scratch();
      if (g) {
        kernels.matmulTN(
          x.width,
          width,
          rows,
          x.value,
          x.width,
          y.grad,
          width,
          g + weight.offset,
          width,
          1,
          bias ? g + bias.offset : 0,
          s,
        );
      }
      if (x.grad === 0) return;
      kernels.matmulNT(
        rows,
        x.width,
        width,
        y.grad,
        width,
        w + weight.offset,
        width,
        x.grad,
        x.width,
        readMode(),
        takesSlope() ? (x.activation ?? 0) : 0,
        x.value,
        s,
      );
    },
    gradientParts() {
      const parts: [Parameter, GradientPart][] = [
        [weight, { kind: 'outer', rows: x.rows, x: x.value, width: x.width, d: y.grad, dWidth: width }],
      ];
      if (bias) parts.push([bias, { kind: 'sum', rows: x.rows, d: y.grad, dWidth: width, period: 1 }]);
      return parts;
    },
  });
  return y;
}

/**
 * f(x), to be composed before anything else reads x. tanh and relu are undone from their output and take its place; gelu needs its input, so
 * what it gives has values of its own, and the memory of x's gradient.
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
        throw new Error(`activation: x may have no other reader; let it read what the ${kind} gives`);
      if (!b.slopeTaken(x)) kernels.activationBackward(code, x.value, x.grad, b.rowCount(x.rows) * x.width);
    },
  });
  return y;
}

/** y += factor x (or y = factor x for the first writer): residual paths and fixed scales. `into` has x.width; default a new tensor. */
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

/** One row per action: y[action] (+)= x[state of the action]. `into` is a tensor of actions with x.width; default a new tensor. */
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
