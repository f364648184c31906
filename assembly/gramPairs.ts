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

export const TILE: i32 = 64;

/** Packs b[n,k]^T, with all blocks of k one after the other. */
export function packRows(n: i32, k: i32, b: usize, panels: usize): void {
  for (let k0 = 0; k0 < k; k0 += K_BLOCK) {
    packTransposed(min(K_BLOCK, k - k0), n, at(b, k0), (<usize>k) << 2, at(panels, k0 * TILE));
  }
}

/**
 * c[m,n] = a[m,k] b[n,k]^T, where `panels` holds b as packed by packRows. Row r is computed at least from column r -
 * reach on.
 */
export function rowProducts(
  m: i32,
  n: i32,
  k: i32,
  a: usize,
  panels: usize,
  c: usize,
  ldc: i32,
  reach: i32,
): void {
  const step = reach < m ? 16 : TILE;
  let k0 = 0;
  do {
    const kc = min(K_BLOCK, k - k0);
    for (let t = 0; t < n; t += step) {
      multiplyRows(
        min(m, (t + step + reach + 3) & ~3),
        min(step, n - t),
        kc,
        at(a, k0),
        (<usize>k) << 2,
        at(panels, k0 * TILE + t * kc),
        32,
        (<usize>kc) << 5,
        at(c, t),
        (<usize>ldc) << 2,
        k0 ? ACCUMULATE : OVERWRITE,
        0,
        0,
      );
    }
    k0 += K_BLOCK;
  } while (k0 < k);
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
      rowProducts(m, n, kd, at(di, r0 * kd), panelsD, products, ld, TILE);
      rowProducts(m, n, kx, at(xi, r0 * kx), panelsX, inner, ld, TILE);
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
