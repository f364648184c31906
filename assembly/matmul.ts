// Single-precision matrix products over row-major matrices with any sizes and row strides (in floats):
//   matmulNN  C[m,n] = A[m,k] B[k,n]      matmulNT  C[m,n] = A[m,k] B[n,k]^T      matmulTN  C[m,n] = A[k,m]^T B[k,n]
// mode: 0 overwrite C, 1 add to C, NN also 2 start from bias[n]. K goes in blocks of 256. B is packed into panels [k][8] (zero-filled to 8), A is
// read in place. NN of few rows reads B in place, too; TN copies A, too, sixteen columns at a time, or reads small operands in place.
// scratch: 16,704 + 4 * min(k, 256) * (n rounded up to 8) bytes.
import { activationBackward } from './activations';
import { columnSum } from './columnSum';
import { at } from './memory';
import { multiplyNarrow } from './matmulNarrow';
import { pack, packQuads, packTransposed } from './matmulPack';
import { tileQuad } from './matmulQuad';
import { tile1 } from './matmulRow';
import { TANH_SLOPE } from './matmulSlope';
import { matrixVector, transposedVector } from './matmulThin';
import { ACCUMULATE, OVERWRITE, tile4 } from './matmulTile';
import { loadTail, storeTail } from './simd';

export const K_BLOCK: i32 = 256;
const M_BLOCK: i32 = 64;
/** Up to so many rows of A, a copy of B costs more than reading it in place. */
const IN_PLACE_HEIGHT: i32 = 128;
const IN_PLACE_ROWS: i32 = 64;
/** Floats of a row of A and one of B. */
const IN_PLACE_WIDTH: i32 = 144;
const EDGE_BYTES: usize = 192;
const QUAD_BYTES: usize = 16 * 256 * 4;

/**
 * C[m,n] from A[m,k] in place and eights of B's columns, one block of K and of M; a step in k is stepB bytes on, the next eight nextB. Unless kind
 * is 0, times the slope of that activation: `bias` then is its output, of the layout of C. Columns beyond the last four of n must be readable.
 */
export function multiplyRows(m: i32, n: i32, k: i32, a: usize, lda: usize, panels: usize, stepB: usize, nextB: usize, c: usize, ldc: usize, mode: i32, bias: usize, kind: i32): void {
  const toSaved = bias - c;
  let j = 0;
  for (; j + 8 <= n; j += 8) {
    let rowA = a;
    let rowC = at(c, j);
    const rowBias = at(bias, j);
    let i = m;
    for (; i >= 4; i -= 4) {
      tile4(k, rowA, lda, panels, stepB, rowC, ldc, mode + kind * TANH_SLOPE, kind ? rowC + toSaved : rowBias);
      rowA += lda << 2;
      rowC += ldc << 2;
    }
    for (; i > 0; i--) {
      tile1(k, rowA, panels, stepB, rowC, mode, rowBias);
      if (kind) activationBackward(kind, rowC + toSaved, rowC, 8);
      rowA += lda;
      rowC += ldc;
    }
    panels += nextB;
  }
  for (; j < n; j += 4) {
    const cols = min(4, n - j);
    let rowC = at(c, j);
    multiplyNarrow(m, cols, k, a, lda, panels, stepB, rowC, ldc, mode, at(bias, j));
    for (let i = kind ? m : 0; i > 0; i--) {
      activationBackward(kind, rowC + toSaved, rowC, cols);
      rowC += ldc;
    }
    panels += 16;
  }
}

/** The same by blocks of rows: all panels pass over a block while it is in the first cache. */
function multiplyBlock(m: i32, n: i32, k: i32, a: usize, lda: usize, panels: usize, stepB: usize, nextB: usize, c: usize, ldc: usize, mode: i32, bias: usize, kind: i32): void {
  for (let i = 0; i < m; i += M_BLOCK) {
    const rowC = <usize>i * ldc;
    multiplyRows(min(M_BLOCK, m - i), n, k, a + <usize>i * lda, lda, panels, stepB, nextB, c + rowC, ldc, mode, kind ? bias + rowC : bias, kind);
  }
}

/** Copies 1 to 8 floats. */
// @ts-ignore: decorator
@inline
function copyRow(out: usize, from: usize, cols: i32): void {
  if (cols >= 4) {
    v128.store(out, v128.load(from));
    if (cols >= 8) v128.store(out, v128.load(from, 16), 16);
    else storeTail(out + 16, loadTail(from + 16, cols - 4), cols - 4);
  } else storeTail(out, loadTail(from, cols), cols);
}

/** C[rows][cols] from a tile that the matrix ends in, by way of a full tile in scratch. */
function edgeQuad(rows: i32, cols: i32, k: i32, quad: usize, stepA: usize, panel: usize, stepB: usize, c: usize, ldc: usize, mode: i32, edge: usize): void {
  if (mode == ACCUMULATE) for (let i = 0; i < rows; i++) copyRow(edge + ((<usize>i) << 5), c + <usize>i * ldc, cols);
  tileQuad(k, quad, stepA, panel, stepB, edge, 32, mode);
  for (let i = 0; i < rows; i++) copyRow(c + <usize>i * ldc, edge + ((<usize>i) << 5), cols);
}

/**
 * C[m,n] from fours of A's columns and eights of B's, one block of K: each eight passes over all fours. A step in k is stepA bytes on, the next
 * four nextA; so for B. Where m or n end within a four or an eight, its other floats are read, too, and must be in memory.
 */
function multiplyQuads(m: i32, n: i32, k: i32, quads: usize, stepA: usize, nextA: usize, panels: usize, stepB: usize, nextB: usize, c: usize, ldc: usize, mode: i32, edge: usize): void {
  for (let j = 0; j < n; j += 8) {
    let quad = quads;
    let out = at(c, j);
    for (let left = m; left > 0; left -= 4) {
      if (left >= 4 && n - j >= 8) tileQuad(k, quad, stepA, panels, stepB, out, ldc, mode);
      else edgeQuad(min(4, left), min(8, n - j), k, quad, stepA, panels, stepB, out, ldc, mode, edge);
      quad += nextA;
      out += ldc << 2;
    }
    panels += nextB;
  }
}

export function matmulNN(m: i32, n: i32, k: i32, a: usize, lda: i32, b: usize, ldb: i32, c: usize, ldc: i32, mode: i32, bias: usize, scratch: usize): void {
  if (n == 1) return matrixVector(m, k, a, lda, b, ldb, c, ldc, mode, bias);
  const panels = scratch + EDGE_BYTES + QUAD_BYTES;
  const strideB = (<usize>ldb) << 2;
  const inPlace = m <= IN_PLACE_HEIGHT && (n & 3) == 0;
  let k0 = 0;
  do {
    const kc = min(K_BLOCK, k - k0);
    const rowB = at(b, k0 * ldb);
    if (!inPlace) pack(kc, n, rowB, strideB, panels, 0);
    const stepB: usize = inPlace ? strideB : 32;
    const nextB: usize = inPlace ? 32 : (<usize>kc) << 5;
    multiplyBlock(m, n, kc, at(a, k0), (<usize>lda) << 2, inPlace ? rowB : panels, stepB, nextB, c, (<usize>ldc) << 2, k0 ? ACCUMULATE : mode, bias, 0);
    k0 += K_BLOCK;
  } while (k0 < k);
}

/** Where kind is not 0, C is then multiplied by the slope of activation 1 (tanh) or 2 (relu) at its output saved[m,n], of C's stride. */
export function matmulNT(m: i32, n: i32, k: i32, a: usize, lda: i32, b: usize, ldb: i32, c: usize, ldc: i32, mode: i32, kind: i32, saved: usize, scratch: usize): void {
  const panels = scratch + EDGE_BYTES + QUAD_BYTES;
  let k0 = 0;
  do {
    const kc = min(K_BLOCK, k - k0);
    packTransposed(kc, n, at(b, k0), (<usize>ldb) << 2, panels);
    const last = k0 + kc == k ? kind : 0;
    multiplyBlock(m, n, kc, at(a, k0), (<usize>lda) << 2, panels, 32, (<usize>kc) << 5, c, (<usize>ldc) << 2, k0 ? ACCUMULATE : mode, saved, last);
    k0 += K_BLOCK;
  } while (k0 < k);
}

/**
 * A's columns in fours against B's in eights. Packed, sixteen columns of A at a time. Where 64 rows of both fit the first cache, or few
 * columns of B would pay for the copy of A, they are read in place instead, but for the columns that do not fill a four or an eight.
 * Unless sums is 0, also sums[n] += the sums of B's columns, in row order: the gradient of a bias beside that of a weight.
 */
export function matmulTN(m: i32, n: i32, k: i32, a: usize, lda: i32, b: usize, ldb: i32, c: usize, ldc: i32, mode: i32, sums: usize, scratch: usize): void {
  if (n == 1) {
    if (sums) columnSum(k, n, b, ldb, sums, ACCUMULATE);
    return transposedVector(m, k, a, lda, b, ldb, c, ldc, mode);
  }
  const quads = scratch + EDGE_BYTES;
  const panels = quads + QUAD_BYTES;
  const strideA = (<usize>lda) << 2;
  const strideB = (<usize>ldb) << 2;
  const strideC = (<usize>ldc) << 2;
  const small = lda + ldb <= IN_PLACE_WIDTH;
  const columns = small || n <= 16 ? m & ~3 : 0;
  const across = small ? n & ~7 : 0;
  let k0 = 0;
  do {
    const kc = min(small ? IN_PLACE_ROWS : K_BLOCK, k - k0);
    const start = k0 || mode == ACCUMULATE ? ACCUMULATE : OVERWRITE;
    const rowA = at(a, k0 * lda);
    const rowB = at(b, k0 * ldb);
    const next = (<usize>kc) << 4;
    if (across && sums) columnSum(kc, across, rowB, ldb, sums, ACCUMULATE);
    pack(kc, n - across, at(rowB, across), strideB, panels, sums ? at(sums, across) : 0);
    multiplyQuads(columns, across, kc, rowA, strideA, 16, rowB, strideB, 32, c, strideC, start, scratch);
    multiplyQuads(columns, n - across, kc, rowA, strideA, 16, panels, 32, next << 1, at(c, across), strideC, start, scratch);
    for (let i = columns; i < m; i += 16) {
      const cols = min(16, m - i);
      const out = c + <usize>i * strideC;
      packQuads(kc, cols, at(rowA, i), strideA, quads);
      multiplyQuads(cols, across, kc, quads, 16, next, rowB, strideB, 32, out, strideC, start, scratch);
      multiplyQuads(cols, n - across, kc, quads, 16, next, panels, 32, next << 1, at(out, across), strideC, start, scratch);
    }
    k0 += kc;
  } while (k0 < k);
}
