// Single-precision matrix products over row-major matrices of any sizes and row strides (in floats):
//   matmulNN  C[m,n] = A[m,k] B[k,n]      matmulNT  C[m,n] = A[m,k] B[n,k]^T      matmulTN  C[m,n] = A[k,m]^T B[k,n]
// mode: 0 overwrites C, 1 adds to C; NN also has 2, which starts from bias[n]. k is processed in blocks of 256. B is
// packed into panels [k][8] (filled with zeros to 8 columns), or [k][16] in the wide builds while 16 columns are left,
// and A is read in place. NN with few rows also reads B in
// place. TN also packs A, sixteen columns at a time, or reads small operands in place. scratch: 16,704 + 4 * min(k,
// 256) * (n rounded up to 8) bytes.
import { activationBackward } from './activations';
import { columnSum } from './columnSum';
import { at } from './memory';
import { multiplyNarrow } from './matmulNarrow';
import { pack, packQuads, packTransposed } from './matmulPack';
import { tileQuad } from './matmulQuad';
import { tileQuadWide } from './matmulQuadWide';
import { tile1 } from './matmulRow';
import { TANH_SLOPE } from './matmulSlope';
import { matrixVector, transposedVector } from './matmulThin';
import { ACCUMULATE, OVERWRITE, tile4 } from './matmulTile';
import { tile4Wide } from './matmulTileWide';
import { loadTail, storeTail, WIDE } from './simd';

export const K_BLOCK: i32 = 256;
const M_BLOCK: i32 = 64;
/** Up to this number of rows of A, packing B costs more than reading it in place. */
const IN_PLACE_HEIGHT: i32 = 128;
const IN_PLACE_ROWS: i32 = 64;
/** Limit on the floats of a row of A plus a row of B. */
const IN_PLACE_WIDTH: i32 = 144;
const EDGE_BYTES: usize = 192;
const QUAD_BYTES: usize = 16 * 256 * 4;

/**
 * Bytes of a step in k for a block of 16 columns of B: a packed block of the wide builds is a panel [k][16]. Rows of 16
 * or more columns in place are never 32 bytes apart.
 */
// @ts-ignore: decorator
@inline
function stepOfSixteen(stepB: usize): usize {
  return stepB == 32 ? 64 : stepB;
}

/**
 * C[m,n] from A[m,k] in place and blocks of 8 columns of B, for one block of k and of m. One step in k moves stepB
 * bytes, and the next block of 8 columns is nextB bytes away. If kind is not 0, C is multiplied by the derivative of
 * that activation; `bias` is then the output of the activation, in the layout of C. The columns that fill the last
 * block of 4 must be readable.
 */
export function multiplyRows(
  m: i32,
  n: i32,
  k: i32,
  a: usize,
  lda: usize,
  panels: usize,
  stepB: usize,
  nextB: usize,
  c: usize,
  ldc: usize,
  mode: i32,
  bias: usize,
  kind: i32,
): void {
  const toSaved = bias - c;
  let j = 0;
  const stepWide = stepOfSixteen(stepB);
  for (; WIDE && j + 16 <= n; j += 16) {
    let rowA = a;
    let rowC = at(c, j);
    const rowBias = at(bias, j);
    let i = m;
    for (; i >= 4; i -= 4) {
      tile4Wide(k, rowA, lda, panels, stepWide, rowC, ldc, mode + kind * TANH_SLOPE, kind ? rowC + toSaved : rowBias);
      rowA += lda << 2;
      rowC += ldc << 2;
    }
    for (; i > 0; i--) {
      tile1(k, rowA, panels, stepWide, rowC, mode, rowBias);
      tile1(k, rowA, panels + 32, stepWide, rowC + 32, mode, rowBias + 32);
      if (kind) activationBackward(kind, rowC + toSaved, rowC, 16);
      rowA += lda;
      rowC += ldc;
    }
    panels += nextB << 1;
  }
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

/** multiplyRows by blocks of rows: all panels are applied to a block of rows while it is in the first-level cache. */
function multiplyBlock(
  m: i32,
  n: i32,
  k: i32,
  a: usize,
  lda: usize,
  panels: usize,
  stepB: usize,
  nextB: usize,
  c: usize,
  ldc: usize,
  mode: i32,
  bias: usize,
  kind: i32,
): void {
  for (let i = 0; i < m; i += M_BLOCK) {
    const rowC = <usize>i * ldc;
    multiplyRows(
      min(M_BLOCK, m - i),
      n,
      k,
      a + <usize>i * lda,
      lda,
      panels,
      stepB,
      nextB,
      c + rowC,
      ldc,
      mode,
      kind ? bias + rowC : bias,
      kind,
    );
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

/** C[rows][cols] for a tile at the edge of the matrix, computed as a full tile in scratch and then copied. */
function edgeQuad(
  rows: i32,
  cols: i32,
  k: i32,
  quad: usize,
  stepA: usize,
  panel: usize,
  stepB: usize,
  c: usize,
  ldc: usize,
  mode: i32,
  edge: usize,
): void {
  if (mode == ACCUMULATE) for (let i = 0; i < rows; i++) copyRow(edge + ((<usize>i) << 5), c + <usize>i * ldc, cols);
  tileQuad(k, quad, stepA, panel, stepB, edge, 32, mode);
  for (let i = 0; i < rows; i++) copyRow(c + <usize>i * ldc, edge + ((<usize>i) << 5), cols);
}

/**
 * C[m,n] from blocks of 4 columns of A and blocks of 8 columns of B, for one block of k: each block of B is combined
 * with all blocks of A. One step in k moves stepA bytes in A, and the next block of 4 columns is nextA bytes away;
 * stepB and nextB are the same for B. If m or n ends within a block, the remaining floats of the block are read as well
 * and must be in memory.
 */
function multiplyQuads(
  m: i32,
  n: i32,
  k: i32,
  quads: usize,
  stepA: usize,
  nextA: usize,
  panels: usize,
  stepB: usize,
  nextB: usize,
  c: usize,
  ldc: usize,
  mode: i32,
  edge: usize,
): void {
  let j = 0;
  const stepWide = stepOfSixteen(stepB);
  for (; WIDE && j + 16 <= n; j += 16) {
    let quad = quads;
    let out = at(c, j);
    for (let left = m; left > 0; left -= 4) {
      if (left >= 4) tileQuadWide(k, quad, stepA, panels, stepWide, out, ldc, mode);
      else {
        edgeQuad(left, 8, k, quad, stepA, panels, stepWide, out, ldc, mode, edge);
        edgeQuad(left, 8, k, quad, stepA, panels + 32, stepWide, out + 32, ldc, mode, edge);
      }
      quad += nextA;
      out += ldc << 2;
    }
    panels += nextB << 1;
  }
  for (; j < n; j += 8) {
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

export function matmulNN(
  m: i32,
  n: i32,
  k: i32,
  a: usize,
  lda: i32,
  b: usize,
  ldb: i32,
  c: usize,
  ldc: i32,
  mode: i32,
  bias: usize,
  scratch: usize,
): void {
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
    multiplyBlock(
      m,
      n,
      kc,
      at(a, k0),
      (<usize>lda) << 2,
      inPlace ? rowB : panels,
      stepB,
      nextB,
      c,
      (<usize>ldc) << 2,
      k0 ? ACCUMULATE : mode,
      bias,
      0,
    );
    k0 += K_BLOCK;
  } while (k0 < k);
}

/**
 * If kind is not 0, C is then multiplied by the derivative of activation 1 (tanh) or 2 (relu) at its output saved[m,n],
 * which has the row stride of C.
 */
export function matmulNT(
  m: i32,
  n: i32,
  k: i32,
  a: usize,
  lda: i32,
  b: usize,
  ldb: i32,
  c: usize,
  ldc: i32,
  mode: i32,
  kind: i32,
  saved: usize,
  scratch: usize,
): void {
  const panels = scratch + EDGE_BYTES + QUAD_BYTES;
  let k0 = 0;
  do {
    const kc = min(K_BLOCK, k - k0);
    packTransposed(kc, n, at(b, k0), (<usize>ldb) << 2, panels);
    const last = k0 + kc == k ? kind : 0;
    multiplyBlock(
      m,
      n,
      kc,
      at(a, k0),
      (<usize>lda) << 2,
      panels,
      32,
      (<usize>kc) << 5,
      c,
      (<usize>ldc) << 2,
      k0 ? ACCUMULATE : mode,
      saved,
      last,
    );
    k0 += K_BLOCK;
  } while (k0 < k);
}

/**
 * Combines blocks of 4 columns of A with blocks of 8 columns of B. Packing takes sixteen columns of A at a time. The
 * operands are read in place if 64 rows of both fit the first-level cache, or if B has too few columns to repay the
 * packing of A. Columns that do not fill a block of 4 or 8 are packed in this case, too. Unless sums is 0, also adds
 * the column sums of B to sums[n], in row order: the gradient of a bias, computed together with that of a weight.
 */
export function matmulTN(
  m: i32,
  n: i32,
  k: i32,
  a: usize,
  lda: i32,
  b: usize,
  ldb: i32,
  c: usize,
  ldc: i32,
  mode: i32,
  sums: usize,
  scratch: usize,
): void {
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
    multiplyQuads(
      columns,
      n - across,
      kc,
      rowA,
      strideA,
      16,
      panels,
      32,
      next << 1,
      at(c, across),
      strideC,
      start,
      scratch,
    );
    for (let i = columns; i < m; i += 16) {
      const cols = min(16, m - i);
      const out = c + <usize>i * strideC;
      packQuads(kc, cols, at(rowA, i), strideA, quads);
      multiplyQuads(cols, across, kc, quads, 16, next, rowB, strideB, 32, out, strideC, start, scratch);
      multiplyQuads(
        cols,
        n - across,
        kc,
        quads,
        16,
        next,
        panels,
        32,
        next << 1,
        at(out, across),
        strideC,
        start,
        scratch,
      );
    }
    k0 += kc;
  } while (k0 < k);
}
