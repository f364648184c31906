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
import { checkChoice, checkInteger, checkObject, refuse } from '../../check/values.ts';
import { streamKey } from '../../random.ts';
import { type Arena, matmulScratchBytes } from '../kernels/arena.ts';
import { type Batch, type Capacity, checkCapacity, checkShape, createBatch, type InputShape } from './batch.ts';

/** The kind of rows of a tensor: one per state, per candidate action, or per slot of either. */
export type Rows = 'state' | 'action' | 'stateSlot' | 'actionSlot';

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
 * - `outer`: x^T d over the rows of the sample (x f32[rows, width], d f32[rows, dWidth]);
 * - `sum`: d summed by row modulo `period`;
 * - `product`: x * d summed over rows;
 * - `scatter`: d[row, slot] added at the token of each feature.
 */
export type GradientPart =
  | { kind: 'outer'; rows: Rows; x: number; width: number; d: number; dWidth: number }
  | { kind: 'sum'; rows: Rows; d: number; dWidth: number; period: number }
  | { kind: 'product'; rows: Rows; x: number; d: number; dWidth: number }
  | { kind: 'scatter'; source: 'state' | 'action'; d: number; dWidth: number };

export interface Layer {
  /** Computes derived tables from the weights. */
  prepare?(w: number): void;
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
   * The mean of its rows over the actions of a state is the value of the state, for PPO. Set its gradient before
   * `backward`, too.
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

export interface Builder {
  readonly arena: Arena;
  readonly batch: Batch;
  tensor(rows: Rows, width: number): Tensor;
  parameter(name: string, shape: readonly number[], init: Init): Parameter;
  /**
   * Reserves space for a derived table. Its byte offset from the start of a vector is set when the network is built.
   */
  derived(floats: number): { offset: number };
  /** Reserves space for a derived table of which a batch touches few rows, with one byte per row. */
  derivedRows(rows: number, width: number): RowTable;
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

export interface Network {
  readonly arena: Arena;
  readonly batch: Batch;
  readonly parameters: readonly Parameter[];
  /** Number of parameters, and number of floats of a weight or gradient vector including its derived tables. */
  readonly size: number;
  readonly vectorSize: number;
  readonly heads: Heads;
  initialise(w: number, seed: number): void;
  prepare(w: number): void;
  forward(w: number): void;
  /**
   * Backward pass from heads.logit.grad and heads.classifier.grad, which must be set. `embeddingGrad`, if not 0, is
   * added to the gradient of e.
   */
  backward(w: number, g: number, embeddingGrad?: number): void;
  finish(w: number, g: number): void;
  /**
   * Sets a gradient vector to zero. Only `backward`, `finish` and `addGradient` may have written to it since it was
   * last zero.
   */
  clearGradient(g: number): void;
  /** Adds the gradient vector at `from` to the one at `to`. Call it before `finish` on either vector. */
  addGradient(to: number, from: number): void;
  gradientParts(w: number): [Parameter, GradientPart][];
  rowCount(rows: Rows): number;
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

/** Limit of the columns of a layer, and of each dimension of a parameter. */
const MOST_OF_LAYER = 2 ** 31 - 1;

const alignFloats = (count: number): number => Math.ceil(count / 16) * 16;

/** Composes the network on the current buffers of a batch. */
function composeNetwork(arena: Arena, batch: Batch, compose: (builder: Builder) => Heads): Network {
  const { shape, room: capacity } = batch;
  const parameters: Parameter[] = [];
  const layers: Layer[] = [];
  const layersBefore = new Map<Tensor, number>();
  let size = 0;
  let derivedSize = 0;
  const tables: { offset: number }[] = [];
  const rowTables: RowTable[] = [];
  let scratchBytes = 0;
  let scratch = 0;
  const slopeTakers = new Set<Tensor>();
  let addsToEmbedding = false;
  const capacityOf = (rows: Rows): number =>
    rows === 'state'
      ? capacity.states
      : rows === 'action'
        ? capacity.actions
        : rows === 'stateSlot'
          ? capacity.states * shape.stateSlots
          : capacity.actions * shape.actionSlots;
  const rowCount = (rows: Rows): number =>
    rows === 'state'
      ? batch.states
      : rows === 'action'
        ? batch.actions
        : rows === 'stateSlot'
          ? batch.states * shape.stateSlots
          : batch.actions * shape.actionSlots;
  const builder: Builder = {
    arena,
    batch,
    tensor(rows, width) {
      checkChoice('createNetwork', 'the rows of a tensor', rows, ['state', 'action', 'stateSlot', 'actionSlot']);
      checkInteger('createNetwork', 'the width of a layer', width, 1, MOST_OF_LAYER, 'change the layer');
      const floats = capacityOf(rows) * width;
      return { rows, width, value: arena.floats(floats), grad: arena.floats(floats), readers: 0, writers: 0 };
    },
    parameter(name, parameterShape, init) {
      if (typeof name !== 'string' || name === '')
        refuse('createNetwork', 'the name of a layer', 'text', name, 'name it');
      for (const size of parameterShape) {
        checkInteger('createNetwork', `each dimension of ${name}`, size, 1, MOST_OF_LAYER, 'change the layer');
      }
      checkChoice('createNetwork', `the initialisation of ${name}`, init?.kind, ['uniform', 'normal', 'constant']);
      if (!Number.isFinite(init.scale)) {
        refuse('createNetwork', `the scale of ${name}`, 'a finite number', init.scale, 'change init');
      }
      if (parameters.some((p) => p.name === name)) {
        throw new Error(`createNetwork: two parameters are named "${name}"; give each layer a name of its own`);
      }
      const count = parameterShape.reduce((product, n) => product * n, 1);
      const parameter = { name, shape: parameterShape, size: count, offset: size * 4, init };
      parameters.push(parameter);
      size += alignFloats(count);
      return parameter;
    },
    derived(floats) {
      const table = { offset: derivedSize * 4 };
      tables.push(table);
      derivedSize += alignFloats(floats);
      return table;
    },
    derivedRows(rows, width) {
      const table = { rows, width, offset: 0, touched: 0 };
      rowTables.push(table);
      return table;
    },
    add(layer) {
      layers.push(layer);
    },
    read(x, takesInputs = false) {
      if (x.grad === 0 && !takesInputs) {
        throw new Error(
          'createNetwork: an input without a gradient must be read by linear, got another layer; put a linear layer between',
        );
      }
      const order = x.readers++;
      layersBefore.set(x, layersBefore.get(x) ?? layers.length);
      // Backward runs in reverse order: the last reader writes the gradient first.
      return () => (order === x.readers - 1 ? 0 : 1);
    },
    takeSlope(x) {
      // Backward runs in reverse order: the first reader is the last to add to the gradient.
      const takes = x.activation !== undefined && x.readers === 1;
      if (takes) slopeTakers.add(x);
      return () => takes && builder.slopeTaken(x);
    },
    slopeTaken: (x) => slopeTakers.has(x) && !(addsToEmbedding && x === heads.embedding),
    write(x) {
      if (x.readers > 0) {
        throw new Error(
          `createNetwork: a tensor must be complete before it is read, got a writer after ${x.readers} readers; compose writers first`,
        );
      }
      return x.writers++ === 0 ? 0 : 1;
    },
    rowCount,
    needScratch(bytes) {
      scratchBytes = Math.max(scratchBytes, bytes);
    },
    needMatmul(...sizes) {
      // The inner size is at most one block; the largest of the sizes can be the number of columns.
      builder.needScratch(matmulScratchBytes(256, Math.max(...sizes)));
    },
    scratch: () => scratch,
  };
  if (typeof compose !== 'function') refuse('createNetwork', 'compose', 'a function', compose, 'return heads from it');
  const heads = compose(builder);
  for (const name of ['embedding', 'logit', 'classifier'] as const) {
    checkObject('createNetwork', `heads.${name}`, heads?.[name], 'return it from compose');
  }
  for (const table of tables) table.offset += size * 4;
  const denseSize = size + derivedSize;
  let vectorSize = denseSize;
  const place = (floats: number): number => {
    const offset = vectorSize * 4;
    vectorSize += alignFloats(floats);
    return offset;
  };
  for (const table of rowTables) table.touched = place(table.rows / 4);
  const sizeBesideRows = vectorSize;
  for (const table of rowTables) table.offset = place(table.rows * table.width);
  scratch = arena.reserve(scratchBytes);
  const headStart = layersBefore.get(heads.embedding) ?? layers.length;
  return {
    arena,
    batch,
    parameters,
    size,
    vectorSize,
    heads,
    rowCount,
    initialise(w, seed) {
      arena.zero(w, vectorSize * 4);
      for (const { name, offset, size: count, init } of parameters) {
        const [k0, k1] = streamKey(seed, `init/${name}`, 0);
        if (init.kind === 'uniform') arena.kernels.randomUniform(k0, k1, count, -init.scale, init.scale, w + offset);
        else if (init.kind === 'normal') arena.kernels.randomNormal(k0, k1, count, init.scale, w + offset);
        else arena.kernels.fill(w + offset, count, init.scale);
      }
    },
    prepare(w) {
      for (const layer of layers) layer.prepare?.(w);
    },
    forward(w) {
      for (const layer of layers) layer.forward(w);
    },
    backward(w, g, embeddingGrad = 0) {
      addsToEmbedding = embeddingGrad !== 0;
      for (let i = layers.length - 1; i >= headStart; i--) layers[i].backward(w, g);
      const { embedding } = heads;
      if (embeddingGrad) {
        arena.kernels.addInto(embedding.grad, embeddingGrad, rowCount(embedding.rows) * embedding.width);
      }
      for (let i = headStart - 1; i >= 0; i--) layers[i].backward(w, g);
    },
    finish(w, g) {
      for (let i = layers.length - 1; i >= 0; i--) layers[i].finish?.(w, g);
    },
    clearGradient(g) {
      for (const { rows, width, offset, touched } of rowTables) {
        arena.kernels.clearRows(rows, width, g + offset, g + touched);
      }
      arena.zero(g, sizeBesideRows * 4);
    },
    addGradient(to, from) {
      arena.kernels.addInto(to, from, denseSize);
      for (const { rows, width, offset, touched } of rowTables) {
        arena.kernels.addRows(rows, width, to + offset, to + touched, from + offset, from + touched);
      }
    },
    gradientParts: (w) => layers.flatMap((layer) => layer.gradientParts?.(w) ?? []),
  };
}

/** The layout of a weight vector as text. */
function layoutOf({ parameters, vectorSize }: Network): string {
  return JSON.stringify([vectorSize, parameters.map(({ name, shape }) => [name, shape])]);
}

/**
 * Builds a network in `arena`. If a state needs more than `capacity`, the batch grows and the layers are composed again
 * on its larger buffers. Weight and gradient vectors do not change.
 *
 * @param compose adds layers to the builder and returns the heads. The embedding must be composed before both heads. It
 *   is called again when the batch grows, with other addresses and a larger `builder.batch.room`, and must then compose
 *   the same layers.
 */
export function createNetwork(
  arena: Arena,
  shape: InputShape,
  capacity: Capacity,
  compose: (builder: Builder) => Heads,
): Network {
  checkObject('createNetwork', 'arena', arena, 'pass the arena that createArena returned');
  checkShape('createNetwork', shape);
  checkCapacity('createNetwork', capacity);
  const batch = createBatch(arena, shape, capacity, () => {
    const larger = composeNetwork(arena, batch, compose);
    if (layoutOf(larger) !== layoutOf(current)) {
      throw new Error(
        'createNetwork: compose must add the same layers each time it is called, got other parameters; let it depend on its builder alone',
      );
    }
    current = larger;
    Object.assign(heads, current.heads);
  });
  let current = composeNetwork(arena, batch, compose);
  const heads = { ...current.heads };
  return {
    ...current,
    heads,
    get parameters() {
      return current.parameters;
    },
    prepare: (w) => current.prepare(w),
    forward: (w) => current.forward(w),
    backward: (w, g, embeddingGrad) => current.backward(w, g, embeddingGrad),
    finish: (w, g) => current.finish(w, g),
    clearGradient: (g) => current.clearGradient(g),
    addGradient: (to, from) => current.addGradient(to, from),
    gradientParts: (w) => current.gradientParts(w),
  };
}
