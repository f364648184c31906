// Single-precision matrix products over row-major matrices with any sizes and row strides (in floats):
//   matmulNN  C[m,n] = A[m,k] B[k,n]      matmulNT  C[m,n] = A[m,k] B[n,k]^T      matmulTN  C[m,n] = A[k,m]^T B[k,n]
// mode: 0 overwrite C, 1 add to C, 2 start from bias[n]. B is packed into panels [k][8] (zero-filled to 8), K in blocks of 256; A is read in
// place, or for TN copied sixteen columns at a time. scratch: 16,704 + 4 * min(k, 256) * (n rounded up to 8) bytes.
import { at } from './memory';
import { multiplyNarrow } from './matmulNarrow';
import { pack, packQuads, packTransposed } from './matmulPack';
import { tileQuad } from './matmulQuad';
import { tile1 } from './matmulRow';
import { matrixVector, transposedVector } from './matmulThin';
import { ACCUMULATE, OVERWRITE, tile4 } from './matmulTile';
import { loadTail, storeTail } from './simd';

export const K_BLOCK: i32 = 256;
const M_BLOCK: i32 = 64;
const EDGE_BYTES: usize = 192;
const QUAD_BYTES: usize = 16 * 256 * 4;

/** C[m,n] from A[m,k] in place and packed panels, one block of K and of M. */
export function multiplyRows(m: i32, n: i32, k: i32, a: usize, lda: usize, panels: usize, c: usize, ldc: usize, mode: i32, bias: usize): void {
  let j = 0;
  for (; j + 8 <= n; j += 8) {
    let rowA = a;
    let rowC = at(c, j);
    const rowBias = at(bias, j);
    let i = m;
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
    panels += (<usize>k) << 5;
  }
  for (; j < n; j += 4) {
    multiplyNarrow(m, min(4, n - j), k, a, lda, panels, at(c, j), ldc, mode, at(bias, j));
    panels += 16;
  }
}

/** The same by blocks of rows: all panels pass over a block while it is in the first cache. */
function multiplyBlock(m: i32, n: i32, k: i32, a: usize, lda: usize, panels: usize, c: usize, ldc: usize, mode: i32, bias: usize): void {
  for (let i = 0; i < m; i += M_BLOCK) {
    multiplyRows(min(M_BLOCK, m - i), n, k, a + <usize>i * lda, lda, panels, c + <usize>i * ldc, ldc, mode, bias);
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

/** C[rows][cols] from packed columns of A and a packed panel by way of a full tile in scratch. */
function edgeQuad(rows: i32, cols: i32, k: i32, quad: usize, panel: usize, c: usize, ldc: usize, mode: i32, edge: usize): void {
  if (mode == ACCUMULATE) for (let i = 0; i < rows; i++) copyRow(edge + ((<usize>i) << 5), c + <usize>i * ldc, cols);
  tileQuad(k, quad, panel, edge, 32, mode);
  for (let i = 0; i < rows; i++) copyRow(c + <usize>i * ldc, edge + ((<usize>i) << 5), cols);
}

/** C[m,n] from up to 16 packed columns of A and packed panels, one block of K: each panel passes over them while it is in the first cache. */
function multiplyQuads(m: i32, n: i32, k: i32, quads: usize, panels: usize, c: usize, ldc: usize, mode: i32, edge: usize): void {
  for (let j = 0; j < n; j += 8) {
    let quad = quads;
    let out = at(c, j);
    for (let left = m; left > 0; left -= 4) {
      if (left >= 4 && n - j >= 8) tileQuad(k, quad, panels, out, ldc, mode);
      else edgeQuad(min(4, left), min(8, n - j), k, quad, panels, out, ldc, mode, edge);
      quad += (<usize>k) << 4;
      out += ldc << 2;
    }
    panels += (<usize>k) << 5;
  }
}

export function matmulNN(m: i32, n: i32, k: i32, a: usize, lda: i32, b: usize, ldb: i32, c: usize, ldc: i32, mode: i32, bias: usize, scratch: usize): void {
  if (n == 1) return matrixVector(m, k, a, lda, b, ldb, c, ldc, mode, bias);
  const panels = scratch + EDGE_BYTES + QUAD_BYTES;
  let k0 = 0;
  do {
    const kc = min(K_BLOCK, k - k0);
    pack(kc, n, at(b, k0 * ldb), (<usize>ldb) << 2, panels);
    multiplyBlock(m, n, kc, at(a, k0), (<usize>lda) << 2, panels, c, (<usize>ldc) << 2, k0 ? ACCUMULATE : mode, bias);
    k0 += K_BLOCK;
  } while (k0 < k);
}

export function matmulNT(m: i32, n: i32, k: i32, a: usize, lda: i32, b: usize, ldb: i32, c: usize, ldc: i32, mode: i32, bias: usize, scratch: usize): void {
  const panels = scratch + EDGE_BYTES + QUAD_BYTES;
  let k0 = 0;
  do {
    const kc = min(K_BLOCK, k - k0);
    packTransposed(kc, n, at(b, k0), (<usize>ldb) << 2, panels);
    multiplyBlock(m, n, kc, at(a, k0), (<usize>lda) << 2, panels, c, (<usize>ldc) << 2, k0 ? ACCUMULATE : mode, bias);
    k0 += K_BLOCK;
  } while (k0 < k);
}

export function matmulTN(m: i32, n: i32, k: i32, a: usize, lda: i32, b: usize, ldb: i32, c: usize, ldc: i32, mode: i32, scratch: usize): void {
  if (n == 1) return transposedVector(m, k, a, lda, b, ldb, c, ldc, mode);
  const quads = scratch + EDGE_BYTES;
  const panels = quads + QUAD_BYTES;
  const strideA = (<usize>lda) << 2;
  const strideC = (<usize>ldc) << 2;
  let k0 = 0;
  do {
    const kc = min(K_BLOCK, k - k0);
    const start = k0 || mode == ACCUMULATE ? ACCUMULATE : OVERWRITE;
    pack(kc, n, at(b, k0 * ldb), (<usize>ldb) << 2, panels);
    for (let i = 0; i < m; i += 16) {
      packQuads(kc, min(16, m - i), at(a, i + k0 * lda), strideA, quads);
      multiplyQuads(min(16, m - i), n, kc, quads, panels, c + <usize>i * strideC, strideC, start, scratch);
    }
    k0 += K_BLOCK;
  } while (k0 < k);
}

/** out[n] (mode 0: =, 1: +=) the sum of the rows of x[m,n], in row order. */
export function columnSum(m: i32, n: i32, x: usize, ldx: i32, out: usize, mode: i32): void {
  const stride = (<usize>ldx) << 2;
  let j = 0;
  // Four vectors side by side: one alone waits for each of its additions.
  for (; j + 16 <= n; j += 16) {
    const to = at(out, j);
    const zero = f32x4.splat(0);
    let s0 = mode == ACCUMULATE ? v128.load(to) : zero;
    let s1 = mode == ACCUMULATE ? v128.load(to, 16) : zero;
    let s2 = mode == ACCUMULATE ? v128.load(to, 32) : zero;
    let s3 = mode == ACCUMULATE ? v128.load(to, 48) : zero;
    let p = at(x, j);
    for (let i = 0; i < m; i++) {
      s0 = f32x4.add(s0, v128.load(p));
      s1 = f32x4.add(s1, v128.load(p, 16));
      s2 = f32x4.add(s2, v128.load(p, 32));
      s3 = f32x4.add(s3, v128.load(p, 48));
      p += stride;
    }
    v128.store(to, s0);
    v128.store(to, s1, 16);
    v128.store(to, s2, 32);
    v128.store(to, s3, 48);
  }
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
