// Packing of operands into the layouts that the tiles of a matrix product read.
import { ZEROS } from './math';
import { at, getF, setF } from './memory';
import { load4, loadTail, store4, WIDE } from './simd';

/**
 * Packs 32 columns of B as two panels [k][16], and adds their sums to sums[32] unless sums is 0. A strip of 32 columns
 * reads two neighbouring cache lines of each row: rows far apart then come from the second cache sooner.
 */
function packThirtyTwo(k: i32, row: usize, ldb: usize, panel: usize, sums: usize): void {
  const second = (<usize>k) << 6;
  const start = sums ? sums : ZEROS;
  const next: usize = sums ? 64 : 0;
  let s0 = v128.load(start);
  let s1 = v128.load(start, 16);
  let s2 = v128.load(start, 32);
  let s3 = v128.load(start, 48);
  let s4 = v128.load(start + next);
  let s5 = v128.load(start + next, 16);
  let s6 = v128.load(start + next, 32);
  let s7 = v128.load(start + next, 48);
  for (let i = 0; i < k; i++) {
    const b0 = v128.load(row);
    const b1 = v128.load(row, 16);
    const b2 = v128.load(row, 32);
    const b3 = v128.load(row, 48);
    const b4 = v128.load(row, 64);
    const b5 = v128.load(row, 80);
    const b6 = v128.load(row, 96);
    const b7 = v128.load(row, 112);
    v128.store(panel, b0);
    v128.store(panel, b1, 16);
    v128.store(panel, b2, 32);
    v128.store(panel, b3, 48);
    v128.store(panel + second, b4);
    v128.store(panel + second, b5, 16);
    v128.store(panel + second, b6, 32);
    v128.store(panel + second, b7, 48);
    s0 = f32x4.add(s0, b0);
    s1 = f32x4.add(s1, b1);
    s2 = f32x4.add(s2, b2);
    s3 = f32x4.add(s3, b3);
    s4 = f32x4.add(s4, b4);
    s5 = f32x4.add(s5, b5);
    s6 = f32x4.add(s6, b6);
    s7 = f32x4.add(s7, b7);
    row += ldb;
    panel += 64;
  }
  if (!sums) return;
  v128.store(sums, s0);
  v128.store(sums, s1, 16);
  v128.store(sums, s2, 32);
  v128.store(sums, s3, 48);
  v128.store(sums, s4, 64);
  v128.store(sums, s5, 80);
  v128.store(sums, s6, 96);
  v128.store(sums, s7, 112);
}

/**
 * Packs B[k,n] into panels. Unless sums is 0, also adds the column sums of B to sums[n], in row order, because packing
 * reads every float of B.
 */
export function pack(k: i32, n: i32, b: usize, ldb: usize, panels: usize, sums: usize): void {
  let j = 0;
  const next = (<usize>k) << 5;
  const nextWide = WIDE ? 32 : next;
  for (; WIDE && j + 32 <= n; j += 32) {
    packThirtyTwo(k, at(b, j), ldb, panels, sums ? at(sums, j) : 0);
    panels += next << 2;
  }
  // Two panels at a time where B has sixteen columns left: they are one cache line of a row, which is then read once.
  for (; ASC_SHRINK_LEVEL == 0 && j + 16 <= n; j += 16) {
    let row = at(b, j);
    const to = at(sums, j);
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    if (sums) {
      s0 = v128.load(to);
      s1 = v128.load(to, 16);
      s2 = v128.load(to, 32);
      s3 = v128.load(to, 48);
    }
    for (let i = 0; i < k; i++) {
      const b0 = v128.load(row);
      const b1 = v128.load(row, 16);
      const b2 = v128.load(row, 32);
      const b3 = v128.load(row, 48);
      v128.store(panels, b0);
      v128.store(panels, b1, 16);
      v128.store(panels + nextWide, b2);
      v128.store(panels + nextWide, b3, 16);
      s0 = f32x4.add(s0, b0);
      s1 = f32x4.add(s1, b1);
      s2 = f32x4.add(s2, b2);
      s3 = f32x4.add(s3, b3);
      row += ldb;
      panels += WIDE ? 64 : 32;
    }
    if (sums) {
      v128.store(to, s0);
      v128.store(to, s1, 16);
      v128.store(to, s2, 32);
      v128.store(to, s3, 48);
    }
    if (!WIDE) panels += next;
  }
  for (; j < n; j += 8) {
    let row = at(b, j);
    const left = n - j;
    const to = at(sums, j);
    let s0 = f32x4.splat(0);
    let s1 = s0;
    if (sums) {
      s0 = load4(to, left);
      s1 = load4(to + 16, left - 4);
    }
    for (let i = 0; i < k; i++) {
      const b0 = load4(row, left);
      const b1 = load4(row + 16, left - 4);
      v128.store(panels, b0);
      v128.store(panels, b1, 16);
      s0 = f32x4.add(s0, b0);
      s1 = f32x4.add(s1, b1);
      row += ldb;
      panels += 32;
    }
    if (sums) {
      store4(to, s0, left);
      store4(to + 16, s1, left - 4);
    }
  }
}

/**
 * Rows i to i + 3 of the 4 x 4 transpose of the four rows at p. Rows beyond `rows` and columns beyond `cols` count as
 * zero.
 */
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

/** Packs B[16,k]^T as a panel [k][16]. */
function packSixteen(k: i32, b: usize, ldb: usize, panel: usize): void {
  let i = 0;
  for (; i + 4 <= k; i += 4) {
    for (let j = 0; j < 4; j++) transpose4(at(b, i) + <usize>(4 * j) * ldb, ldb, 4, 4, panel + ((<usize>j) << 4), 64);
    panel += 256;
  }
  for (; i < k; i++) {
    for (let j = 0; j < 16; j++) setF(panel, j, getF(b + <usize>j * ldb, i));
    panel += 64;
  }
}

/**
 * Packs B[n,k]^T into panels. The last block of a panel may write past the end of the panel, into the next panel or the
 * slack after the last one.
 */
export function packTransposed(k: i32, n: i32, b: usize, ldb: usize, panels: usize): void {
  let j = 0;
  for (; WIDE && j + 16 <= n; j += 16) {
    packSixteen(k, b + <usize>j * ldb, ldb, panels);
    panels += (<usize>k) << 6;
  }
  for (; j < n; j += 8) {
    for (let i = 0; i < k; i += 4) {
      const out = panels + ((<usize>i) << 5);
      transpose4(at(b, i) + <usize>j * ldb, ldb, n - j, k - i, out, 32);
      transpose4(at(b, i) + <usize>(j + 4) * ldb, ldb, n - j - 4, k - i, out + 16, 32);
    }
    panels += (<usize>k) << 5;
  }
}

/**
 * Packs `cols` columns of A[k,m] as [k][4] for each block of 4 columns. The floats that fill an incomplete block are
 * not used. Sixteen columns are one cache line, which is read once.
 */
export function packQuads(k: i32, cols: i32, a: usize, lda: usize, quads: usize): void {
  const next = (<usize>k) << 4;
  for (let i = 0; i < k; i++) {
    if (cols >= 16) {
      v128.store(quads, v128.load(a));
      v128.store(quads + next, v128.load(a, 16));
      v128.store(quads + 2 * next, v128.load(a, 32));
      v128.store(quads + 3 * next, v128.load(a, 48));
    } else {
      let out = quads;
      for (let j = 0; j < cols; j += 4) {
        v128.store(out, cols - j >= 4 ? v128.load(at(a, j)) : loadTail(at(a, j), cols - j));
        out += next;
      }
    }
    a += lda;
    quads += 16;
  }
}
