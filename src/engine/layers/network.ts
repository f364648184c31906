/**
 * A network is a list of layers over tensors in arena memory. Shapes are fixed when it is built. Every buffer is
 * allocated once, and a pass allocates nothing. Each layer has a forward pass, a backward pass and the parts of its
 * per-sample gradients. Any network of such layers therefore has gradients, a Gram matrix and checkpoints.
 *
 * Weights are one vector `w`: `size` parameters followed by derived tables (products of parameters that `prepare`
 * computes once per version of the weights). A gradient vector `g` has the same layout. `finish` converts gradients of
 * derived tables to gradients of parameters. For tables of which a batch touches few rows, the vector also records the
 * touched rows, and only these are cleared, summed and converted.
 */
import type { Arena } from '../kernels/arena.ts';
import type { Batch } from './batch.ts';

/** The kind of rows of a tensor: one per state, per candidate action, or per slot of either. */
export type Rows = 'state' | 'action' | 'stateSlot' | 'actionSlot';

/** A matrix in arena memory, f32[rows, width], and its gradient. */
export interface Tensor {
  readonly rows: Rows;
  readonly width: number;
  /** Addresses of the values and of their gradient, f32[rows, width]. grad is 0 for an input that needs no gradient. */
  readonly value: number;
  readonly grad: number;
  /** Number of layers that read the tensor, and of layers that add to it, in the order of composition. */
  readers: number;
  writers: number;
  /** Kernel number of an activation that replaced the values in place and whose derivative follows from its output. */
  activation?: number;
}

/**
 * Initialisation of a parameter: uniform in [-scale, scale], normal with standard deviation `scale`, or the constant
 * `scale`.
 */
export interface Init {
  readonly kind: 'uniform' | 'normal' | 'constant';
  readonly scale: number;
}

/** A parameter of a network and its place in a weight vector. */
export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly size: number;
  /** Byte offset from the start of a weight or gradient vector. */
  readonly offset: number;
  readonly init: Init;
}

/**
 * The contribution of one layer to the per-sample gradient of a parameter, readable after `backward`:
 * - `outer`: x^T d over the rows of the sample (x f32[rows, width], d f32[rows, dWidth]); `input`: x is an input of the
 *   network;
 * - `sum`: d summed by row modulo `period`;
 * - `product`: x * d summed over rows;
 * - `scatter`: d[row, slot] added at the token of each feature.
 */
export type GradientPart =
  | { kind: 'outer'; rows: Rows; x: number; width: number; d: number; dWidth: number; input?: boolean }
  | { kind: 'sum'; rows: Rows; d: number; dWidth: number; period: number }
  | { kind: 'product'; rows: Rows; x: number; d: number; dWidth: number }
  | { kind: 'scatter'; source: 'state' | 'action'; d: number; dWidth: number };

/** One operation of a network. `w` and `g` are addresses of a weight vector and a gradient vector. */
export interface Layer {
  /** Computes derived tables from the weights. */
  prepare?(w: number): void;
  /** Writes the values of its outputs. */
  forward(w: number): void;
  /** Writes the gradients of its inputs. Adds those of its parameters to `g`, or skips them if g is 0. */
  backward(w: number, g: number): void;
  /** Converts gradients of derived tables to gradients of parameters. */
  finish?(w: number, g: number): void;
  /** Parts of per-sample gradients by parameter; can use buffers of the layer. */
  gradientParts?(w: number): [Parameter, GradientPart][];
}

/** The outputs of the network of a policy: e(s, a), its logit, and the logit of "a is good in s". */
export interface Heads {
  readonly embedding: Tensor;
  readonly logit: Tensor;
  readonly classifier: Tensor;
  /**
   * The value of each state, for PPO: its row, or the mean of its rows over the actions of the state. Set its gradient
   * before `backward`, too.
   */
  readonly value?: Tensor;
}

/**
 * A derived table [rows, width]. Offsets are in bytes from the start of a vector and are set when the network is built.
 */
export interface RowTable {
  readonly rows: number;
  readonly width: number;
  offset: number;
  /**
   * Offset of u8[rows] in a gradient vector. A row is zero if its byte is 0. Code that adds to a row must set its byte
   * to 1.
   */
  touched: number;
}

/** What `createNetwork` gives to `compose`: it places tensors, parameters and layers. */
export interface Builder {
  readonly arena: Arena;
  readonly batch: Batch;
  /** Places a tensor, f32[rows, width], with a gradient. */
  tensor(rows: Rows, width: number): Tensor;
  /** Claims a parameter. Throws if the name is taken or a dimension is no integer >= 1. */
  parameter(name: string, shape: readonly number[], init: Init): Parameter;
  /**
   * Claims a buffer: numbers that are saved with the parameters but not trained, such as running means. They have no
   * gradient. Its offset is set when the network is built.
   */
  buffer(name: string, shape: readonly number[], init: Init): Parameter;
  /**
   * Reserves space for a derived table. Its byte offset from the start of a vector is set when the network is built.
   */
  derived(floats: number): { offset: number };
  /** Reserves space for a derived table of which a batch touches few rows, with one byte per row. */
  derivedRows(rows: number, width: number): RowTable;
  /** Adds a layer; forward runs in this order, backward in reverse. */
  add(layer: Layer): void;
  /**
   * Declares that a layer reads x. Returns a function for the mode (0 overwrite, 1 add) in which the backward pass of
   * the layer writes x.grad; call it only after the network is built.
   *
   * @param takesInputs whether the backward pass skips x.grad if x.grad is 0
   * @throws Error if x is an input without a gradient and the layer would write one, at address 0
   */
  read(x: Tensor, takesInputs?: boolean): () => 0 | 1;
  /**
   * Declares that the reader declared last can multiply x.grad by the derivative of the activation of x when it writes
   * x.grad. The returned function tells in the backward pass whether it must do so: only the last layer that adds to
   * x.grad can.
   */
  takeSlope(x: Tensor): () => boolean;
  /** Whether a reader multiplies x.grad by that derivative; valid in the backward pass. */
  slopeTaken(x: Tensor): boolean;
  /** Declares that a layer writes to x. Returns the mode of its forward pass (0 overwrite, 1 add). */
  write(x: Tensor): 0 | 1;
  /** Number of rows that a tensor of this kind has in the current batch. */
  rowCount(rows: Rows): number;
  /** Declares the scratch bytes that the kernels of a layer need. */
  needScratch(bytes: number): void;
  /** Declares the scratch memory of matrix products with these sizes, in any order. */
  needMatmul(...sizes: number[]): void;
  /** Address of the scratch memory that all kernels share; valid after the network is built. */
  scratch(): number;
}

/** A composed network. `w` is the address of a weight vector and `g` of a gradient vector, each `vectorSize` floats. */
export interface Network {
  readonly arena: Arena;
  readonly batch: Batch;
  readonly parameters: readonly Parameter[];
  /** Numbers that are saved with the parameters but not trained; see `Builder.buffer`. */
  readonly buffers: readonly Parameter[];
  /**
   * Number of floats of a weight or gradient vector: of its parameters, of these with its buffers, and of all including
   * its derived tables.
   */
  readonly size: number;
  readonly savedSize: number;
  readonly vectorSize: number;
  readonly heads: Heads;
  /** Writes the start of all parameters, drawn from streams that `seed` and the names of the parameters name. */
  initialise(w: number, seed: number): void;
  /** Computes the derived tables; call it after each change of the weights. */
  prepare(w: number): void;
  /** Writes the values of its outputs. */
  forward(w: number): void;
  /**
   * Backward pass from heads.logit.grad and heads.classifier.grad, which must be set. `embeddingGrad`, if not 0, is
   * added to the gradient of e.
   */
  backward(w: number, g: number, embeddingGrad?: number): void;
  /** Carries the gradients of derived tables over to the parameters; call it once after the last `backward`. */
  finish(w: number, g: number): void;
  /**
   * Sets a gradient vector to zero. Only `backward`, `finish` and `addGradient` may have written to it since it was
   * last zero.
   */
  clearGradient(g: number): void;
  /**
   * Adds the gradient vector at `from` to the one at `to`, or part number `part` of `parts` of it. Threads can add
   * different parts at the same time. Call it before `finish` on either vector.
   */
  addGradient(to: number, from: number, part?: number, parts?: number): void;
  /** Parts of the per-sample gradients of the batch, readable after `backward`. */
  gradientParts(w: number): [Parameter, GradientPart][];
  /** Rows that a tensor of this kind has in the present batch. */
  rowCount(rows: Rows): number;
}

/** What is saved of a network: parameters and buffers. */
export function savedOf({ parameters, buffers }: Network): readonly Parameter[] {
  return [...parameters, ...buffers];
}

/** The first parameter with a number that is not finite, in a weight or gradient vector. */
export function nonFiniteParameter({ arena, parameters }: Network, vector: number): Parameter | undefined {
  return parameters.find(({ offset, size }) => !Number.isFinite(arena.kernels.sumOfSquares(vector + offset, size)));
}

/**
 * The rows of one state of the batch in a tensor, for kernels that iterate over samples. If `offsets` is 0, each state
 * has `unit` rows.
 */
export function sampleRows(batch: Batch, rows: Rows): { offsets: number; unit: number } {
  if (rows === 'state') return { offsets: 0, unit: 1 };
  if (rows === 'action') return { offsets: batch.rowOffsets, unit: 1 };
  if (rows === 'stateSlot') return { offsets: 0, unit: batch.shape.stateSlots };
  return { offsets: batch.rowOffsets, unit: batch.shape.actionSlots };
}
