/** Builds a network: composes its layers and lays out its weight and gradient vectors. */
import { checkObject, refuse } from '../../check/values.ts';
import { streamKey } from '../../random.ts';
import type { Arena } from '../kernels/arena.ts';
import { type Batch, type Capacity, checkCapacity, checkShape, createBatch, type InputShape } from './batch.ts';
import { alignFloats, type Composition, createBuilder, createComposition } from './builder.ts';
import type { Builder, Heads, Network } from './network.ts';

/**
 * Sizes of a weight vector in floats: parameters with buffers and derived tables, then the bytes of touched rows, then
 * tables by row.
 */
interface VectorSizes {
  readonly dense: number;
  readonly besideRows: number;
  readonly vector: number;
}

const BYTES_PER_LINE = 64;
const FLOATS_PER_LINE = BYTES_PER_LINE / 4;

/** Part number `part` of `parts` of 0 .. count - 1. Parts begin at multiples of `unit`; some can be empty. */
function partOf(count: number, unit: number, part: number, parts: number): readonly [first: number, end: number] {
  const bound = (k: number): number => Math.min(count, Math.ceil((k * count) / parts / unit) * unit);
  return [bound(part), bound(part + 1)];
}

/** Sets the offsets of all buffers and derived tables. */
function layOutTables({ buffers, tables, rowTables, size, bufferSize, derivedSize }: Composition): VectorSizes {
  for (const buffer of buffers) buffer.offset += size * 4;
  for (const table of tables) table.offset += (size + bufferSize) * 4;
  const dense = size + bufferSize + derivedSize;
  let vector = dense;
  const allocate = (floats: number): number => {
    const offset = vector * 4;
    vector += alignFloats(floats);
    return offset;
  };
  for (const table of rowTables) table.touched = allocate(table.rows / 4);
  const besideRows = vector;
  for (const table of rowTables) table.offset = allocate(table.rows * table.width);
  return { dense, besideRows, vector };
}

function composeHeads(builder: Builder, compose: (builder: Builder) => Heads): Heads {
  if (typeof compose !== 'function') refuse('createNetwork', 'compose', 'a function', compose, 'return heads from it');
  const heads = compose(builder);
  for (const name of ['embedding', 'logit', 'classifier'] as const) {
    checkObject('createNetwork', `heads.${name}`, heads?.[name], 'return it from compose');
    if (heads[name].grad === 0) {
      throw new Error(`createNetwork: heads.${name} must have a gradient, got an input; put a linear layer between`);
    }
  }
  return heads;
}

/** Composes the network on the current buffers of a batch. */
function composeNetwork(arena: Arena, batch: Batch, compose: (builder: Builder) => Heads): Network {
  const composition = createComposition();
  const builder = createBuilder(arena, batch, composition);
  const heads = composeHeads(builder, compose);
  const { parameters, buffers, layers, rowTables, layersBefore, size, bufferSize } = composition;
  const sizes = layOutTables(composition);
  composition.scratch = arena.reserve(composition.scratchBytes);
  const headStart = layersBefore.get(heads.embedding) ?? layers.length;
  const { rowCount } = builder;
  return {
    arena,
    batch,
    parameters,
    buffers,
    size,
    savedSize: size + bufferSize,
    vectorSize: sizes.vector,
    heads,
    rowCount,
    initialise(w, seed) {
      arena.zero(w, sizes.vector * 4);
      for (const { name, offset, size: count, init } of [...parameters, ...buffers]) {
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
      const { embedding } = heads;
      composition.addedTo = embeddingGrad ? embedding : null;
      for (let i = layers.length - 1; i >= headStart; i--) layers[i].backward(w, g);
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
      arena.zero(g, sizes.besideRows * 4);
    },
    addGradient(to, from, part = 0, parts = 1) {
      const [first, end] = partOf(sizes.dense, FLOATS_PER_LINE, part, parts);
      if (end > first) arena.kernels.addInto(to + first * 4, from + first * 4, end - first);
      for (const { rows, width, offset, touched } of rowTables) {
        const [firstRow, endRow] = partOf(rows, BYTES_PER_LINE, part, parts);
        const row = offset + firstRow * width * 4;
        const byte = touched + firstRow;
        if (endRow > firstRow)
          arena.kernels.addRows(endRow - firstRow, width, to + row, to + byte, from + row, from + byte);
      }
    },
    gradientParts: (w) => layers.flatMap((layer) => layer.gradientParts?.(w) ?? []),
  };
}

/** The layout of a weight vector as text. */
function layoutOf({ parameters, buffers, vectorSize }: Network): string {
  return JSON.stringify([vectorSize, [...parameters, ...buffers].map(({ name, shape }) => [name, shape])]);
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
    addGradient: (...given) => current.addGradient(...given),
    gradientParts: (w) => current.gradientParts(w),
  };
}
