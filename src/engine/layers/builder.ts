/** Collects the layers, parameters and derived tables of a network while `compose` adds them. */
import { checkChoice, checkInteger, refuse } from '../../check/values.ts';
import { type Arena, matmulScratchBytes } from '../kernels/arena.ts';
import type { Batch, Capacity } from './batch.ts';
import type { Builder, Init, Layer, Parameter, Rows, RowTable, Tensor } from './network.ts';

/** Limit of the columns of a layer, and of each dimension of a parameter. */
const MOST_OF_LAYER = 2 ** 31 - 1;

export const alignFloats = (count: number): number => Math.ceil(count / 16) * 16;

/** The layers, parameters and tables of a network, in the order of composition. */
export interface Composition {
  readonly layers: Layer[];
  readonly parameters: Parameter[];
  readonly buffers: (Parameter & { offset: number })[];
  readonly tables: { offset: number }[];
  readonly rowTables: RowTable[];
  /** For each tensor, the number of layers composed before its first reader. */
  readonly layersBefore: Map<Tensor, number>;
  /** Floats of all parameters, of all buffers, and of all derived tables without those by row. */
  size: number;
  bufferSize: number;
  derivedSize: number;
  scratchBytes: number;
  /** Address of the scratch memory; set when the network is built. */
  scratch: number;
  /** The tensor to whose gradient the current backward pass adds a gradient from outside the network, or null. */
  addedTo: Tensor | null;
}

export function createComposition(): Composition {
  return {
    layers: [],
    parameters: [],
    buffers: [],
    tables: [],
    rowTables: [],
    layersBefore: new Map(),
    size: 0,
    bufferSize: 0,
    derivedSize: 0,
    scratchBytes: 0,
    scratch: 0,
    addedTo: null,
  };
}

/** Returns the number of rows of a tensor of this kind, given the numbers of states and actions. */
function rowsOf(rows: Rows, { states, actions }: Pick<Capacity, 'states' | 'actions'>, { shape }: Batch): number {
  if (rows === 'state') return states;
  if (rows === 'action') return actions;
  return rows === 'stateSlot' ? states * shape.stateSlots : actions * shape.actionSlots;
}

/** Checks a parameter or buffer; returns its number of floats. */
function checkedSize({ parameters, buffers }: Composition, name: string, shape: readonly number[], init: Init): number {
  if (typeof name !== 'string' || name === '') refuse('createNetwork', 'the name of a layer', 'text', name, 'name it');
  for (const size of shape) {
    checkInteger('createNetwork', `each dimension of ${name}`, size, 1, MOST_OF_LAYER, 'change the layer');
  }
  checkChoice('createNetwork', `the initialisation of ${name}`, init?.kind, ['uniform', 'normal', 'constant']);
  if (!Number.isFinite(init.scale)) {
    refuse('createNetwork', `the scale of ${name}`, 'a finite number', init.scale, 'change init');
  }
  if ([...parameters, ...buffers].some((p) => p.name === name)) {
    throw new Error(`createNetwork: two parameters are named "${name}"; give each layer a name of its own`);
  }
  return shape.reduce((product, n) => product * n, 1);
}

function addParameter(composition: Composition, name: string, shape: readonly number[], init: Init): Parameter {
  const size = checkedSize(composition, name, shape, init);
  const parameter = { name, shape, size, offset: composition.size * 4, init };
  composition.parameters.push(parameter);
  composition.size += alignFloats(size);
  return parameter;
}

/** Adds a buffer; `layOutTables` moves its offset behind the parameters. */
function addBuffer(composition: Composition, name: string, shape: readonly number[], init: Init): Parameter {
  const size = checkedSize(composition, name, shape, init);
  const buffer = { name, shape, size, offset: composition.bufferSize * 4, init };
  composition.buffers.push(buffer);
  composition.bufferSize += alignFloats(size);
  return buffer;
}

/** Returns the builder that `compose` receives. It adds to the composition. */
export function createBuilder(arena: Arena, batch: Batch, composition: Composition): Builder {
  const { layers, tables, rowTables, layersBefore } = composition;
  const slopeTakers = new Set<Tensor>();
  const builder: Builder = {
    arena,
    batch,
    tensor(rows, width) {
      checkChoice('createNetwork', 'the rows of a tensor', rows, ['state', 'action', 'stateSlot', 'actionSlot']);
      checkInteger('createNetwork', 'the width of a layer', width, 1, MOST_OF_LAYER, 'change the layer');
      const floats = rowsOf(rows, batch.room, batch) * width;
      return { rows, width, value: arena.floats(floats), grad: arena.floats(floats), readers: 0, writers: 0 };
    },
    parameter: (name, shape, init) => addParameter(composition, name, shape, init),
    buffer: (name, shape, init) => addBuffer(composition, name, shape, init),
    derived(floats) {
      const table = { offset: composition.derivedSize * 4 };
      tables.push(table);
      composition.derivedSize += alignFloats(floats);
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
      // Backward runs in reverse order: the last reader writes the gradient first.
      return () => (order === x.readers - 1 ? 0 : 1);
    },
    takeSlope(x) {
      // Backward runs in reverse order: the first reader is the last to add to the gradient.
      const takes = x.activation !== undefined && x.readers === 1;
      if (takes) slopeTakers.add(x);
      return () => takes && builder.slopeTaken(x);
    },
    slopeTaken: (x) => slopeTakers.has(x) && x !== composition.addedTo,
    write(x) {
      if (x.readers > 0) {
        throw new Error(
          `createNetwork: a tensor must be complete before it is read, got a writer after ${x.readers} readers; compose writers first`,
        );
      }
      return x.writers++ === 0 ? 0 : 1;
    },
    rowCount: (rows) => rowsOf(rows, batch, batch),
    needScratch(bytes) {
      composition.scratchBytes = Math.max(composition.scratchBytes, bytes);
    },
    needMatmul(...sizes) {
      // The inner size is at most one block; the largest of the sizes can be the number of columns.
      builder.needScratch(matmulScratchBytes(256, Math.max(...sizes)));
    },
    scratch: () => composition.scratch,
  };
  return builder;
}
