// Single-precision matrix products over row-major matrices with any sizes and row strides (in floats):
//   matmulNN  C[m,n] = A[m,k] B[k,n]      matmulNT  C[m,n] = A[m,k] B[n,k]^T      matmulTN  C[m,n] = A[k,m]^T B[k,n]
// mode: 0 overwrite C, 1 add to C, 2 start from bias[n]. B is packed into panels [k][8] (zero-filled to 8), K in blocks of 256; A is read in
// place, or for TN transposed four columns at a time. scratch: 4,480 + 4 * min(k, 256) * (n rounded up to 8) bytes.
import { at } from './memory';
import { tile1 } from './matmulRow';
import { matrixVector, transposedVector } from './matmulThin';
import { ACCUMULATE, BIAS, OVERWRITE, tile4 } from './matmulTile';
import { loadTail, storeTail } from './simd';

const K_BLOCK: i32 = 256;
const EDGE_BYTES: usize = 192;
const ROWS_BYTES: usize = 4 * 256 * 4 + 64;

/** Panels of B[k,n]. */
function pack(k: i32, n: i32, b: usize, ldb: usize, panels: usize): void {
  for (let j = 0; j < n; j += 8) {
    let row = at(b, j);
    const full = n - j >= 8;
    const left = n - j;
    for (let i = 0; i < k; i++) {
      if (full) {
        v128.store(panels, v128.load(row));
        v128.store(panels, v128.load(row, 16), 16);
      } else {
        v128.store(panels, left >= 4 ? v128.load(row) : loadTail(row, left));
        v128.store(panels, left > 4 ? loadTail(row + 16, left - 4) : f32x4.splat(0), 16);
      }
      row += ldb;
      panels += 32;
    }
  }
}

/** Rows i to i + 3 of the 4 x 4 transpose of four rows at p; rows beyond `rows` and columns beyond `cols` count as zero. */
// @ts-ignore: decorator
@inline
function transpose4(p: usize, ld: usize, rows: i32, cols: i32, out: usize, stride: usize): void {
  const zero = f32x4.splat(0);
  const wide = cols >= 4;
  const r0 = rows > 0 ? (wide ? v128.load(p) : loadTail(p, cols)) : zero;
  const r1 = rows > 1 ? (wide ? v128.load(p + ld) : loadTail(p + ld, cols)) : zero;
  const r2 = rows > 2 ? (wide ? v128.load(p + 2 * ld) : loadTail(p + 2 * ld, cols)) : zero;
  const r3 = rows > 3 ? (wide ? v128.load(p + 3 * ld) : loadTail(p + 3 * ld, cols)) : zero;
  const t0 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
  const t1 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const t2 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
  const t3 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  v128.store(out, v128.shuffle<f32>(t0, t2, 0, 1, 4, 5));
  v128.store(out + stride, v128.shuffle<f32>(t0, t2, 2, 3, 6, 7));
  v128.store(out + 2 * stride, v128.shuffle<f32>(t1, t3, 0, 1, 4, 5));
  v128.store(out + 3 * stride, v128.shuffle<f32>(t1, t3, 2, 3, 6, 7));
}

/** Panels of B[n,k]^T. The last block of a panel may spill past it; the next panel, or the slack at the end, takes that. */
function packTransposed(k: i32, n: i32, b: usize, ldb: usize, panels: usize): void {
  for (let j = 0; j < n; j += 8) {
    for (let i = 0; i < k; i += 4) {
      const out = panels + ((<usize>i) << 5);
      transpose4(at(b, i) + <usize>j * ldb, ldb, n - j, k - i, out, 32);
      transpose4(at(b, i) + <usize>(j + 4) * ldb, ldb, n - j - 4, k - i, out + 16, 32);
    }
    panels += (<usize>k) << 5;
  }
}

// @ts-ignore: decorator
@inline
function copyColumns(out: usize, from: usize, cols: i32): void {
  if (cols >= 4) {
    v128.store(out, v128.load(from));
    storeTail(out + 16, v128.load(from, 16), cols - 4);
  } else storeTail(out, v128.load(from), cols);
}

/** Up to 4 rows of the last, narrow panel, by way of a full tile in scratch. */
function edgeTile(rows: i32, cols: i32, k: i32, a: usize, lda: usize, panel: usize, c: usize, ldc: usize, mode: i32, bias: usize, edge: usize): void {
  const edgeBias = edge + 128;
  if (mode == BIAS) for (let j = 0; j < cols; j++) store<f32>(at(edgeBias, j), load<f32>(at(bias, j)));
  if (mode == ACCUMULATE) {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < cols; j++) store<f32>(at(edge, i * 8 + j), load<f32>(at(c + <usize>i * ldc, j)));
    }
  }
  if (rows == 4) tile4(k, a, lda, panel, edge, 32, mode, edgeBias);
  else for (let i = 0; i < rows; i++) tile1(k, a + <usize>i * lda, panel, edge + <usize>i * 32, mode, edgeBias);
  for (let i = 0; i < rows; i++) copyColumns(c + <usize>i * ldc, edge + <usize>i * 32, cols);
}

/** C[m,n] from A[m,k] in place and packed panels, one block of K. */
function multiplyBlock(m: i32, n: i32, k: i32, a: usize, lda: usize, panels: usize, c: usize, ldc: usize, mode: i32, bias: usize, edge: usize): void {
  for (let j = 0; j < n; j += 8) {
    let rowA = a;
    let rowC = at(c, j);
    const rowBias = at(bias, j);
    const cols = n - j;
    let i = m;
    if (cols < 8) {
      for (; i > 0; i -= 4) {
        edgeTile(min(i, 4), cols, k, rowA, lda, panels, rowC, ldc, mode, rowBias, edge);
        rowA += lda << 2;
        rowC += ldc << 2;
      }
    } else {
      for (; i >= 4; i -= 4) {
        tile4(k, rowA, lda, panels, rowC, ldc, mode, rowBias);
        rowA += lda << 2;
        rowC += ldc << 2;
      }
      for (; i > 0; i--) {
        tile1(k, rowA, panels, rowC, mode, rowBias);
        rowA += lda;
        rowC += ldc;
      }
    }
    panels += (<usize>k) << 5;
  }
}

export function matmulNN(m: i32, n: i32, k: i32, a: usize, lda: i32, b: usize, ldb: i32, c: usize, ldc: i32, mode: i32, bias: usize, scratch: usize): void {
  if (n == 1) return matrixVector(m, k, a, lda, b, ldb, c, ldc, mode, bias);
  const panels = scratch + EDGE_BYTES + ROWS_BYTES;
  let k0 = 0;
  do {
    const kc = min(K_BLOCK, k - k0);
    pack(kc, n, at(b, k0 * ldb), (<usize>ldb) << 2, panels);
    multiplyBlock(m, n, kc, at(a, k0), (<usize>lda) << 2, panels, c, (<usize>ldc) << 2, k0 ? ACCUMULATE : mode, bias, scratch);
    k0 += K_BLOCK;
  } while (k0 < k);
}

export function matmulNT(m: i32, n: i32, k: i32, a: usize, lda: i32, b: usize, ldb: i32, c: usize, ldc: i32, mode: i32, bias: usize, scratch: usize): void {
  const panels = scratch + EDGE_BYTES + ROWS_BYTES;
  let k0 = 0;
  do {
    const kc = min(K_BLOCK, k - k0);
    packTransposed(kc, n, at(b, k0), (<usize>ldb) << 2, panels);
    multiplyBlock(m, n, kc, at(a, k0), (<usize>lda) << 2, panels, c, (<usize>ldc) << 2, k0 ? ACCUMULATE : mode, bias, scratch);
    k0 += K_BLOCK;
  } while (k0 < k);
}

export function matmulTN(m: i32, n: i32, k: i32, a: usize, lda: i32, b: usize, ldb: i32, c: usize, ldc: i32, mode: i32, scratch: usize): void {
  if (n == 1) return transposedVector(m, k, a, lda, b, ldb, c, ldc, mode);
  const rows = scratch + EDGE_BYTES;
  const panels = rows + ROWS_BYTES;
  const strideA = (<usize>lda) << 2;
  const strideC = (<usize>ldc) << 2;
  let k0 = 0;
  do {
    const kc = min(K_BLOCK, k - k0);
    const stride = (<usize>kc + 3) & ~3;
    pack(kc, n, at(b, k0 * ldb), (<usize>ldb) << 2, panels);
    for (let i = 0; i < m; i += 4) {
      for (let kk = 0; kk < kc; kk += 4) {
        transpose4(at(a, i) + <usize>(k0 + kk) * strideA, strideA, kc - kk, m - i, at(rows, kk), stride << 2);
      }
      multiplyBlock(min(4, m - i), n, kc, rows, stride << 2, panels, c + <usize>i * strideC, strideC, k0 || mode == ACCUMULATE ? ACCUMULATE : OVERWRITE, 0, scratch);
    }
    k0 += K_BLOCK;
  } while (k0 < k);
}

/** out[n] (mode 0: =, 1: +=) the sum of the rows of x[m,n], in row order. */
export function columnSum(m: i32, n: i32, x: usize, ldx: i32, out: usize, mode: i32): void {
  const stride = (<usize>ldx) << 2;
  let j = 0;
  for (; j + 4 <= n; j += 4) {
    let sum = mode == ACCUMULATE ? v128.load(at(out, j)) : f32x4.splat(0);
    let p = at(x, j);
    for (let i = 0; i < m; i++) {
      sum = f32x4.add(sum, v128.load(p));
      p += stride;
    }
    v128.store(at(out, j), sum);
  }
  for (; j < n; j++) {
    let sum: f32 = mode == ACCUMULATE ? load<f32>(at(out, j)) : 0;
    for (let i = 0; i < m; i++) sum += load<f32>(at(x, j) + <usize>i * stride);
    store<f32>(at(out, j), sum);
  }
}
