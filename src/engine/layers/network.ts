/**
 * A network is a straight list of layers over tensors in arena memory. Shapes are fixed when it is built, every buffer is placed once, and
 * a pass allocates nothing. A layer gives forward, backward, and the parts of its per-sample gradients, so that whatever is composed of
 * layers has gradients, a Gram matrix and checkpoints.
 *
 * Weights live in one vector `w` of `size` parameters followed by derived tables (products of parameters, made by `prepare` once per
 * version of the weights). A gradient vector `g` has the same layout; `finish` carries table gradients over to the parameters. Of tables of
 * which a batch touches few rows it also keeps which: only those are cleared, summed and carried over.
 */
import { checkChoice, checkInteger, checkObject, refuse } from '../../check/values.ts';
import { streamKey } from '../../random.ts';
import { type Arena, matmulScratchBytes } from '../kernels/arena.ts';
import { type Batch, type Capacity, checkCapacity, checkShape, createBatch, type InputShape } from './batch.ts';

/** What a tensor has a row for: each state, each candidate action, or each slot of either. */
export type Rows = 'state' | 'action' | 'stateSlot' | 'actionSlot';

/** A matrix in arena memory, f32[rows, width], and its gradient. */
export interface Tensor {
  readonly rows: Rows;
  readonly width: number;
  /** Addresses of the values and of their gradient, f32[rows, width]; an input that needs no gradient has grad 0. */
  readonly value: number;
  readonly grad: number;
  /** How many layers read it, and how many add to it, in the order they were composed. */
  readers: number;
  writers: number;
  /** Kernel's number of the activation that took the place of the values, if one did that is undone from its output. */
  activation?: number;
}

/** How a parameter starts: uniform in [-scale, scale], normal with deviation `scale`, or the constant `scale`. */
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
 * One layer's part of a parameter's per-sample gradient, readable after `backward`:
 * - `outer`: x^T d over the sample's rows (x f32[rows, width], d f32[rows, dWidth]);
 * - `sum`: d summed by row modulo `period`;
 * - `product`: x * d summed over rows;
 * - `scatter`: d[row, slot] added at the token of each feature.
 */
export type GradientPart =
  | { kind: 'outer'; rows: Rows; x: number; width: number; d: number; dWidth: number }
  | { kind: 'sum'; rows: Rows; d: number; dWidth: number; period: number }
  | { kind: 'product'; rows: Rows; x: number; d: number; dWidth: number }
  | { kind: 'scatter'; source: 'state' | 'action'; d: number; dWidth: number };

/** One operation of a network. `w` and `g` are addresses of a weight vector and a gradient vector. */
export interface Layer {
  /** Derived tables from the weights. */
  prepare?(w: number): void;
  /** Writes the values of its outputs. */
  forward(w: number): void;
  /** Writes gradients of its inputs; adds those of its parameters to `g`, or skips them where g is 0. */
  backward(w: number, g: number): void;
  /** Gradients of derived tables to gradients of parameters. */
  finish?(w: number, g: number): void;
  /** Parts of per-sample gradients by parameter; may use buffers of its own. */
  gradientParts?(w: number): [Parameter, GradientPart][];
}

/** What a policy's network ends in: e(s, a), its logit, and the logit of "a is good in s". */
export interface Heads {
  readonly embedding: Tensor;
  readonly logit: Tensor;
  readonly classifier: Tensor;
  /** Rows whose mean over a state's actions is the state's value, for PPO; its gradient must be set, too, before `backward`. */
  readonly value?: Tensor;
}

/** A derived table [rows, width]; offsets in bytes from the start of a vector, set once the network is built. */
export interface RowTable {
  readonly rows: number;
  readonly width: number;
  offset: number;
  /** Of u8[rows]: in a gradient vector, whose row is zero where this is 0. Who adds to a row sets it to 1. */
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
  /** Room for a derived table; its byte offset from the start of a vector is set once the network is built. */
  derived(floats: number): { offset: number };
  /** Room for one of which a batch touches few rows, with a byte for each row. */
  derivedRows(rows: number, width: number): RowTable;
  /** Adds a layer; forward runs in this order, backward in reverse. */
  add(layer: Layer): void;
  /**
   * Declares that a layer reads x; gives the mode (0 overwrite, 1 add) in which its backward writes x.grad, valid once built.
   *
   * @param takesInputs whether its backward writes nothing where x.grad is 0
   * @throws Error if x is an input without a gradient and the layer would write one, at address 0
   */
  read(x: Tensor, takesInputs?: boolean): () => 0 | 1;
  /**
   * Declares that the reader just declared can multiply x.grad by the slope of x's activation as it writes it. Gives whether it has to, valid
   * in backward: only who is the last to add to x.grad can.
   */
  takeSlope(x: Tensor): () => boolean;
  /** Whether some reader multiplies x.grad by that slope, valid in backward. */
  slopeTaken(x: Tensor): boolean;
  /** Declares that a layer writes into x; gives the mode of its forward. */
  write(x: Tensor): 0 | 1;
  /** Rows that a tensor of this kind has in the present batch. */
  rowCount(rows: Rows): number;
  /** Declares scratch that a layer's kernels need. */
  needScratch(bytes: number): void;
  /** Declares scratch for matrix products in which these are the sizes, in any order. */
  needMatmul(...sizes: number[]): void;
  /** Scratch shared by all kernels; valid after building. */
  scratch(): number;
}

/** A composed network. `w` is the address of a weight vector and `g` of a gradient vector, each `vectorSize` floats. */
export interface Network {
  readonly arena: Arena;
  readonly batch: Batch;
  readonly parameters: readonly Parameter[];
  /** Number of parameters, and floats of a whole weight or gradient vector with its derived tables. */
  readonly size: number;
  readonly vectorSize: number;
  readonly heads: Heads;
  /** Writes the start of all parameters, drawn from streams that `seed` and the names of the parameters name. */
  initialise(w: number, seed: number): void;
  /** Computes the derived tables; call it after each change of the weights. */
  prepare(w: number): void;
  /** Writes the values of its outputs. */
  forward(w: number): void;
  /** From heads.logit.grad and heads.classifier.grad (both must be set); `embeddingGrad`, if not 0, is added to the gradient of e. */
  backward(w: number, g: number, embeddingGrad?: number): void;
  /** Carries the gradients of derived tables over to the parameters; call it once after the last `backward`. */
  finish(w: number, g: number): void;
  /** Makes a gradient vector zero that `backward`, `finish` and `addGradient` alone have written since it was. */
  clearGradient(g: number): void;
  /** Adds the gradient vector `from` to that at `to`, neither of them finished. */
  addGradient(to: number, from: number): void;
  /** Parts of the per-sample gradients of the batch, readable after `backward`. */
  gradientParts(w: number): [Parameter, GradientPart][];
  /** Rows that a tensor of this kind has in the present batch. */
  rowCount(rows: Rows): number;
}

/** Rows of one state of the batch in a tensor, for kernels that walk samples: with `offsets` 0 a state has `unit` rows. */
export function sampleRows(batch: Batch, rows: Rows): { offsets: number; unit: number } {
  if (rows === 'state') return { offsets: 0, unit: 1 };
  if (rows === 'action') return { offsets: batch.rowOffsets, unit: 1 };
  if (rows === 'stateSlot') return { offsets: 0, unit: batch.shape.stateSlots };
  return { offsets: batch.rowOffsets, unit: batch.shape.actionSlots };
}

/** Most columns of a layer, and most of each dimension of a parameter. */
const MOST_OF_LAYER = 2 ** 31 - 1;

const alignFloats = (count: number): number => Math.ceil(count / 16) * 16;

/** A network on the present buffers of a batch. */
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
      checkChoice('createNetwork', `the start of ${name}`, init?.kind, ['uniform', 'normal', 'constant']);
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
          'createNetwork: an input without a gradient must be read by linear, addScaled or broadcast, got another layer; put a linear layer between',
        );
      }
      const order = x.readers++;
      layersBefore.set(x, layersBefore.get(x) ?? layers.length);
      // Backward runs in reverse: the last reader meets the gradient first.
      return () => (order === x.readers - 1 ? 0 : 1);
    },
    takeSlope(x) {
      // Backward runs in reverse: the first reader is the last to add to the gradient.
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
      // Inner size is at most one block; the widest of the sizes may be the columns.
      builder.needScratch(matmulScratchBytes(256, Math.max(...sizes)));
    },
    scratch: () => scratch,
  };
  if (typeof compose !== 'function') refuse('createNetwork', 'compose', 'a function', compose, 'return heads from it');
  const heads = compose(builder);
  for (const name of ['embedding', 'logit', 'classifier'] as const) {
    checkObject('createNetwork', `heads.${name}`, heads?.[name], 'return it from compose');
    if (heads[name].grad === 0) {
      throw new Error(`createNetwork: heads.${name} must have a gradient, got an input; put a linear layer between`);
    }
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

/** Where everything stands in a weight vector. */
function layoutOf({ parameters, vectorSize }: Network): string {
  return JSON.stringify([vectorSize, parameters.map(({ name, shape }) => [name, shape])]);
}

/**
 * Builds a network in `arena`. When a state is loaded that needs more than `capacity`, the batch grows, and the layers are composed again on
 * its larger buffers; weight and gradient vectors stay as they are.
 *
 * @param compose adds layers to the builder and gives the heads; embedding must be composed before both heads. Called again when the batch
 *   grows, with other addresses and a larger `builder.batch.room`; it must then compose the same layers.
 */
export function createNetwork(
  arena: Arena,
  shape: InputShape,
  capacity: Capacity,
  compose: (builder: Builder) => Heads,
): Network {
  checkObject('createNetwork', 'arena', arena, 'give what createArena returned');
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
