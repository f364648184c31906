// The pairwise form of the Gram matrix of a weight: K[i][j] = sum over rows r of sample i and t of sample j of (x_r .
// x_t)(d_r . d_t). It computes no gradient. Both row products are computed in tiles of 64 x 64 that fit the first-level
// cache and are multiplied there. An element sums over r first and then over t, in any tile. K is therefore bitwise
// identical for every partition of its samples.
//
// work: 4 * (2 * 64 * 64 + 64 + 64 * (kx + kd)) + 128 bytes.
import { K_BLOCK, multiplyRows } from './matmul';
import { packTransposed } from './matmulPack';
import { ACCUMULATE, OVERWRITE } from './matmulTile';
import { at, getF, getI, setF } from './memory';
import { storeTail, sumLanes, WIDE } from './simd';

const TILE: i32 = 64;

/** Packs b[n,k]^T, with all blocks of k one after the other. */
function packRows(n: i32, k: i32, b: usize, panels: usize): void {
  for (let k0 = 0; k0 < k; k0 += K_BLOCK) {
    packTransposed(min(K_BLOCK, k - k0), n, at(b, k0), (<usize>k) << 2, at(panels, k0 * TILE));
  }
}

/** c[m,n] = a[m,k] b[n,k]^T, where `panels` holds b as packed by packRows. */
function rowProducts(m: i32, n: i32, k: i32, a: usize, panels: usize, c: usize, ldc: i32): void {
  let k0 = 0;
  do {
    const kc = min(K_BLOCK, k - k0);
    multiplyRows(
      m,
      n,
      kc,
      at(a, k0),
      (<usize>k) << 2,
      at(panels, k0 * TILE),
      32,
      (<usize>kc) << 5,
      c,
      (<usize>ldc) << 2,
      k0 ? ACCUMULATE : OVERWRITE,
      0,
      0,
    );
    k0 += K_BLOCK;
  } while (k0 < k);
}

/** out[n] = a[n] * b[n], where a and b are readable up to a multiple of 4 floats. */
// @ts-ignore: decorator
@inline
function multiplyInto(n: i32, a: usize, b: usize, out: usize): void {
  let t = 0;
  for (; WIDE && t + 16 <= n; t += 16) {
    const x = at(a, t);
    const y = at(b, t);
    const p0 = f32x4.mul(v128.load(x), v128.load(y));
    const p1 = f32x4.mul(v128.load(x, 16), v128.load(y, 16));
    const p2 = f32x4.mul(v128.load(x, 32), v128.load(y, 32));
    const p3 = f32x4.mul(v128.load(x, 48), v128.load(y, 48));
    const to = at(out, t);
    v128.store(to, p0);
    v128.store(to, p1, 16);
    v128.store(to, p2, 32);
    v128.store(to, p3, 48);
  }
  for (; t + 4 <= n; t += 4) v128.store(at(out, t), f32x4.mul(v128.load(at(a, t)), v128.load(at(b, t))));
  if (t < n) storeTail(at(out, t), f32x4.mul(v128.load(at(a, t)), v128.load(at(b, t))), n - t);
}

/** out[n] = a[n], where a is readable up to a multiple of 4 floats. */
// @ts-ignore: decorator
@inline
function copyInto(n: i32, a: usize, out: usize): void {
  let t = 0;
  for (; t + 4 <= n; t += 4) v128.store(at(out, t), v128.load(at(a, t)));
  if (t < n) storeTail(at(out, t), v128.load(at(a, t)), n - t);
}

/**
 * K[ni,nj] of samples of one row each. Unless kBias is 0, kBias[ni,nj] becomes the matrix of the bias of the layer, d_i
 * . d_j. Row strides are ldk floats.
 */
export function gramRows(
  ni: i32,
  xi: usize,
  di: usize,
  nj: i32,
  xj: usize,
  dj: usize,
  kx: i32,
  kd: i32,
  k: usize,
  kBias: usize,
  ldk: i32,
  work: usize,
): void {
  const products = work;
  const inner = at(products, TILE * TILE);
  const panelsD = at(inner, TILE * TILE);
  const panelsX = at(panelsD, TILE * kd);
  for (let t0 = 0; t0 < nj; t0 += TILE) {
    const n = min(TILE, nj - t0);
    const ld = (n + 3) & ~3;
    packRows(n, kd, at(dj, t0 * kd), panelsD);
    packRows(n, kx, at(xj, t0 * kx), panelsX);
    for (let r0 = 0; r0 < ni; r0 += TILE) {
      const m = min(TILE, ni - r0);
      rowProducts(m, n, kd, at(di, r0 * kd), panelsD, products, ld);
      rowProducts(m, n, kx, at(xi, r0 * kx), panelsX, inner, ld);
      for (let r = 0; r < m; r++) {
        const out = (r0 + r) * ldk + t0;
        multiplyInto(n, at(products, r * ld), at(inner, r * ld), at(k, out));
        if (kBias) copyInto(n, at(products, r * ld), at(kBias, out));
      }
    }
  }
}

/** K[i][j] += sums[t] for the rows t0 + t of each right sample j, in row order; then sets sums to zero. */
function addSegments(sums: usize, t0: i32, n: i32, j: i32, offsetsJ: usize, row: usize): void {
  for (let t = 0; t < n; j++) {
    const end = min(n, getI(offsetsJ, j + 1) - t0);
    if (end == t) continue;
    let sum = getF(row, j);
    for (; t < end; t++) sum += getF(sums, t);
    setF(row, j, sum);
  }
  for (let t = 0; t < TILE; t += 4) v128.store(at(sums, t), f32x4.splat(0));
}

/**
 * K[ni,nj] of samples with any number of rows. Sample i has the rows offsets[i] to offsets[i + 1] of x and d. Row
 * stride ldk floats.
 */
export function gramPairwise(
  ni: i32,
  offsetsI: usize,
  xi: usize,
  di: usize,
  nj: i32,
  offsetsJ: usize,
  xj: usize,
  dj: usize,
  kx: i32,
  kd: i32,
  k: usize,
  ldk: i32,
  work: usize,
): void {
  const products = work;
  const inner = at(products, TILE * TILE);
  const sums = at(inner, TILE * TILE);
  const panelsD = at(sums, TILE);
  const panelsX = at(panelsD, TILE * kd);
  for (let i = 0; i < ni; i++) for (let j = 0; j < nj; j++) setF(k, i * ldk + j, 0);
  for (let t = 0; t < TILE; t++) setF(sums, t, 0);
  const firstI = getI(offsetsI, 0);
  const lastI = getI(offsetsI, ni);
  const lastJ = getI(offsetsJ, nj);
  let j = 0;
  for (let t0 = getI(offsetsJ, 0); t0 < lastJ; t0 += TILE) {
    const n = min(TILE, lastJ - t0);
    const ld = (n + 3) & ~3;
    while (getI(offsetsJ, j + 1) <= t0) j++;
    packRows(n, kd, at(dj, t0 * kd), panelsD);
    packRows(n, kx, at(xj, t0 * kx), panelsX);
    let i = 0;
    for (let r0 = firstI; r0 < lastI; r0 += TILE) {
      const m = min(TILE, lastI - r0);
      rowProducts(m, n, kd, at(di, r0 * kd), panelsD, products, ld);
      rowProducts(m, n, kx, at(xi, r0 * kx), panelsX, inner, ld);
      for (let r = 0; r < m; r++) {
        while (getI(offsetsI, i + 1) <= r0 + r) i++;
        for (let t = 0; t < n; t += 4) {
          const e = r * ld + t;
          const product = f32x4.mul(v128.load(at(products, e)), v128.load(at(inner, e)));
          v128.store(at(sums, t), f32x4.add(v128.load(at(sums, t)), product));
        }
        if (r0 + r + 1 == getI(offsetsI, i + 1)) addSegments(sums, t0, n, j, offsetsJ, at(k, i * ldk));
      }
    }
  }
}

/**
 * sum[ni,nj] += k[ni,nj] in double precision; row strides are ld elements. Returns 0, or NaN if an element of k is not
 * finite.
 */
export function gramAdd(ni: i32, nj: i32, k: usize, ld: i32, sum: usize): f32 {
  let zeros = f32x4.splat(0);
  let rest: f32 = 0;
  for (let i = 0; i < ni; i++) {
    const row = at(k, i * ld);
    const out = sum + ((<usize>(i * ld)) << 3);
    let j = 0;
    for (; j + 4 <= nj; j += 4) {
      const values = v128.load(at(row, j));
      const to = out + ((<usize>j) << 3);
      const high = v128.shuffle<f32>(values, values, 2, 3, 2, 3);
      zeros = f32x4.add(zeros, f32x4.mul(values, f32x4.splat(0)));
      const sum0 = f64x2.add(v128.load(to), f64x2.promote_low_f32x4(values));
      const sum1 = f64x2.add(v128.load(to, 16), f64x2.promote_low_f32x4(high));
      v128.store(to, sum0);
      v128.store(to, sum1, 16);
    }
    for (; j < nj; j++) {
      const to = out + ((<usize>j) << 3);
      rest += getF(row, j) * 0;
      store<f64>(to, load<f64>(to) + <f64>getF(row, j));
    }
  }
  return rest + sumLanes(zeros);
}

/**
 * Copies the part of a tile above the diagonal to below it: out[j][i] = tile[i][j] where i < j + above. An element has
 * 2^shift bytes. Row strides are ld and ldo elements.
 */
export function mirrorTile(ni: i32, nj: i32, tile: usize, ld: i32, out: usize, ldo: i32, above: i32, shift: i32): void {
  const stride = (<usize>ld) << shift;
  for (let j = 0; j < nj; j++) {
    const n = min(ni, j + above);
    let from = tile + ((<usize>j) << shift);
    let to = out + ((<usize>(j * ldo)) << shift);
    for (let i = 0; i < n; i++) {
      if (shift == 3) {
        store<u64>(to, load<u64>(from));
        to += 8;
      } else {
        store<u32>(to, load<u32>(from));
        to += 4;
      }
      from += stride;
    }
  }
}
