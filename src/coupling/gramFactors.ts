/**
 * Records the factors from which the Gram matrix of one parameter is computed: its per-sample gradients or, for a
 * weight, the rows of inputs x and output gradients d, whose products are the products of the gradients.
 */
import { index32 } from '../engine/kernels/address.ts';
import { type Arena, matmulScratchBytes } from '../engine/kernels/arena.ts';
import type { Kernels } from '../engine/kernels/load.ts';
import type { Batch } from '../engine/layers/batch.ts';
import { type GradientPart, type Network, type Parameter, sampleRows } from '../engine/layers/network.ts';
import { rowsOfState, type Samples, totalRows } from './samples.ts';

type Outer = GradientPart & { readonly kind: 'outer' };

/** One parameter, with the bias that shares its output gradients if the bias's Gram matrix is a by-product. */
export interface Term {
  readonly parameter: Parameter;
  readonly bias: Parameter | null;
  /** The only use of the weight, if pairs of rows are multiplied; null: gradients are materialised. */
  readonly pairwise: Outer | null;
  /** Whether recording writes each gradient at once, so that the record need not start at 0: a weight of one use. */
  readonly overwrites: boolean;
}

/** Addresses of one side's factors of one term: per-sample gradients g, or rows x and d. */
export interface Factors {
  readonly g: number;
  readonly x: number;
  readonly d: number;
  /** Address of i32[samples + 1], the first row of each sample; 0 if each sample has one row. */
  readonly offsets: number;
}

/** Cost of multiplying, adding and storing two products in addition to computing them, in multiplications. */
const PAIR_COST = 4;

/**
 * The weight's only use if pairs of rows cost fewer multiplications than gradients; several uses share one gradient.
 */
function choosePairwise(parts: readonly GradientPart[], a: Samples, b: Samples): Outer | null {
  const [part] = parts;
  if (parts.length > 1 || part.kind !== 'outer') return null;
  const rowsA = totalRows(a, part.rows);
  const rowsB = totalRows(b, part.rows);
  // Half of a symmetric matrix is computed, and it has one side.
  const share = a === b ? 0.5 : 1;
  const pairs = share * rowsA * rowsB * (part.width + part.dWidth + PAIR_COST);
  const rows = a === b ? rowsA : rowsA + rowsB;
  const explicit = (rows + share * a.states.length * b.states.length) * part.width * part.dWidth;
  return pairs < explicit ? part : null;
}

/**
 * The terms of a Gram matrix of `a` by `b`, in the network's order. The choice of each form depends only on the
 * samples.
 */
export function termsOf(gradientParts: readonly [Parameter, GradientPart][], a: Samples, b: Samples): Term[] {
  const uses = new Map<Parameter, GradientPart[]>();
  for (const [parameter, part] of gradientParts) uses.set(parameter, [...(uses.get(parameter) ?? []), part]);
  const terms: Term[] = [];
  for (const [parameter, parts] of uses) {
    const [part] = parts;
    // With one row per sample the products of a bias are those of d, which are computed for its weight.
    const shared =
      parts.length === 1 && part.kind === 'sum' && part.rows === 'state' && part.period === 1
        ? terms.findIndex(({ pairwise }) => pairwise?.rows === 'state' && pairwise.d === part.d)
        : -1;
    if (shared >= 0) terms[shared] = { ...terms[shared], bias: parameter };
    else {
      const overwrites = parts.length === 1 && part.kind === 'outer';
      terms.push({ parameter, bias: null, pairwise: choosePairwise(parts, a, b), overwrites });
    }
  }
  return terms;
}

/** Bytes that `placeFactors` allocates, without the padding that an arena adds for alignment. */
export function factorBytes({ parameter, pairwise }: Term, { list, states }: Pick<Samples, 'list' | 'states'>): number {
  const n = states.length;
  if (!pairwise) return 4 * n * parameter.size;
  const { rows, width, dWidth } = pairwise;
  const offsets = rows === 'state' ? 0 : n + 1;
  return 4 * (offsets + totalRows({ list, states }, rows) * (width + dWidth));
}

/** Allocates the factors of a term for these samples. */
export function placeFactors(
  arena: Arena,
  { parameter, pairwise, overwrites }: Term,
  { list, states }: Samples,
): Factors {
  const n = states.length;
  if (!pairwise) return { g: arena.reserve(4 * n * parameter.size, !overwrites), x: 0, d: 0, offsets: 0 };
  const { rows, width, dWidth } = pairwise;
  let count = n;
  let offsets = 0;
  if (rows !== 'state') {
    offsets = arena.floats(n + 1);
    count = 0;
    for (let i = 0; i < n; i++) {
      arena.i32[index32(offsets) + i] = count;
      count += rowsOfState(list, states[i], rows);
    }
    arena.i32[index32(offsets) + n] = count;
  }
  // Recording writes every row.
  const [x, d] = [arena.reserve(4 * count * width, false), arena.reserve(4 * count * dWidth, false)];
  return { g: 0, x, d, offsets };
}

/** Bytes of scratch memory that `recordFactors` needs for these parts. */
export function recordScratchBytes(parts: readonly [Parameter, GradientPart][]): number {
  return matmulScratchBytes(256, Math.max(...parts.map(([, part]) => part.dWidth)));
}

/** Records one part of the loaded batch, whose first sample is number `first`. */
export function recordFactors(
  network: Network,
  { parameter, pairwise, overwrites }: Term,
  part: GradientPart,
  factors: Factors,
  first: number,
  scratch: number,
): void {
  const { arena, batch } = network;
  const { kernels } = arena;
  const n = batch.states;
  if (pairwise && part.kind === 'outer') {
    const row = factors.offsets ? arena.i32[index32(factors.offsets) + first] : first;
    const count = network.rowCount(part.rows);
    arena.copy(factors.x + row * part.width * 4, part.x, count * part.width * 4);
    arena.copy(factors.d + row * part.dWidth * 4, part.d, count * part.dWidth * 4);
    return;
  }
  const { size } = parameter;
  const g = factors.g + first * size * 4;
  if (part.kind === 'scatter') {
    const [features, offsets, slots, rows] = scatterSource(batch, part.source);
    kernels.perSampleScatter(n, rows, features, offsets, slots, part.dWidth, part.d, g, size);
    return;
  }
  const { offsets, unit } = sampleRows(batch, part.rows);
  if (part.kind === 'outer') {
    // Several uses of one weight are summed.
    const mode = overwrites ? 0 : 1;
    kernels.perSampleOuter(n, offsets, unit, part.x, part.width, part.d, part.dWidth, g, size, mode, scratch);
  } else if (part.kind === 'sum') kernels.perSampleSum(n, offsets, unit, part.period, part.dWidth, part.d, g, size);
  else kernels.perSampleProduct(n, offsets, unit, part.dWidth, part.d, part.x, g, size);
}

function scatterSource(batch: Batch, source: 'state' | 'action'): [number, number, number, number] {
  return source === 'state'
    ? [batch.stateFeatures, batch.stateOffsets, batch.shape.stateSlots, 0]
    : [batch.actionFeatures, batch.actionOffsets, batch.shape.actionSlots, batch.rowOffsets];
}

/**
 * Addresses of memory for one tile: `work` for pairs of rows, `scratch` for products of gradients, the products f32 `k`
 * and `kBias`, and `sum`, f64. Each is contiguous in memory. Rows of the whole matrix can be a power of two apart in
 * memory, and would then evict each other from the cache.
 */
export interface Tiles {
  readonly work: number;
  readonly scratch: number;
  readonly k: number;
  readonly kBias: number;
  readonly sum: number;
}

/** Allocates memory for tiles of these terms with `rows` rows and `columns` columns. */
export function placeTiles(arena: Arena, terms: readonly Term[], rows: number, columns: number): Tiles {
  const widest = Math.max(...terms.map(({ pairwise }) => (pairwise ? pairwise.width + pairwise.dWidth : 0)));
  return {
    // The size that assembly/gramPairs.ts requires.
    work: arena.reserve(4 * (2 * 64 * 64 + 64 + 64 * widest) + 128, false),
    scratch: arena.reserve(matmulScratchBytes(256, columns), false),
    k: arena.reserve(rows * columns * 4, false),
    kBias: arena.reserve(rows * columns * 4, false),
    sum: arena.reserve(rows * columns * 8, false),
  };
}

/** Rows i to i + ni - 1 and columns j to j + nj - 1 of a matrix. */
export interface TilePlace {
  readonly i: number;
  readonly ni: number;
  readonly j: number;
  readonly nj: number;
}

/**
 * Number of columns in which rows are computed at least from the same one on. At the diagonal of a symmetric matrix,
 * more columns at a time would compute more elements below it.
 */
const STEP = 16;

/**
 * Adds one tile of a term's Gram matrix, and of that of its bias, to tiles.sum. Other terms than those with one row per
 * sample also write them to tiles.k, and these do so with `kept`, with the bias in tiles.kBias. Row r is computed at
 * least from column r - above on. Row strides are ld elements.
 */
export function multiplyFactors(
  kernels: Kernels,
  { parameter, pairwise, bias }: Term,
  { i, ni, j, nj }: TilePlace,
  sides: readonly Factors[],
  above: number,
  tiles: Tiles,
  kept: boolean,
  ld: number,
): void {
  const [left, right] = [sides[0], sides[sides.length - 1]];
  const { work, scratch } = tiles;
  if (pairwise?.rows === 'state') {
    const { width, dWidth } = pairwise;
    const [xi, di] = [left.x + i * width * 4, left.d + i * dWidth * 4];
    const [xj, dj] = [right.x + j * width * 4, right.d + j * dWidth * 4];
    const [k, kBias] = [kept ? tiles.k : 0, kept && bias ? tiles.kBias : 0];
    kernels.gramRows(ni, xi, di, nj, xj, dj, width, dWidth, above, k, kBias, bias ? 1 : 0, tiles.sum, ld, work);
    return;
  }
  const step = above < ni ? STEP : nj;
  for (let c = 0; c < nj; c += step) {
    const [rows, columns] = [Math.min(ni, above + c + step), Math.min(step, nj - c)];
    const k = tiles.k + c * 4;
    if (pairwise) {
      const { width, dWidth } = pairwise;
      const [first, other] = [left.offsets + i * 4, right.offsets + (j + c) * 4];
      const [{ x, d }, { x: otherX, d: otherD }] = [left, right];
      kernels.gramPairwise(rows, first, x, d, columns, other, otherX, otherD, width, dWidth, k, ld, work);
    } else {
      const { size } = parameter;
      const [g, other] = [left.g + i * size * 4, right.g + (j + c) * size * 4];
      kernels.matmulNT(rows, columns, size, g, size, other, size, k, ld, 0, 0, 0, scratch);
    }
    kernels.gramAdd(rows, columns, k, ld, tiles.sum + c * 8);
  }
}
