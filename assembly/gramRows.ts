// The Gram matrix of a weight whose samples have one row each: K[i][j] = (x_i . x_j)(d_i . d_j), in tiles of 64 x 64 of
// which both row products fit the first-level cache. The products are added to the sum over all parameters while they
// are there.
//
// work: as in gramPairs.ts.
import { packRows, rowProducts, TILE } from './gramPairs';
import { addProducts } from './gramSums';
import { at } from './memory';
import { storeTail, WIDE } from './simd';

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
 * sum[ni,nj] += K[ni,nj], and += the matrix of the bias of the layer, d_i . d_j, if bias is not 0: first K, then the
 * bias. Row i is computed from column i - above on, in blocks of 16 columns. Unless they are 0, k and kBias receive the
 * two matrices themselves. All row strides are ld elements.
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
  above: i32,
  k: usize,
  kBias: usize,
  bias: i32,
  sum: usize,
  ld: i32,
  work: usize,
): void {
  const products = work;
  const inner = at(products, TILE * TILE);
  const panelsD = at(inner, TILE * TILE);
  const panelsX = at(panelsD, TILE * kd);
  for (let t0 = 0; t0 < nj; t0 += TILE) {
    const n = min(TILE, nj - t0);
    const ldp = (n + 3) & ~3;
    packRows(n, kd, at(dj, t0 * kd), panelsD);
    packRows(n, kx, at(xj, t0 * kx), panelsX);
    const rows = min(ni, t0 + n + above);
    for (let r0 = 0; r0 < rows; r0 += TILE) {
      const m = min(TILE, rows - r0);
      const reach = above + t0 - r0;
      rowProducts(m, n, kd, at(di, r0 * kd), panelsD, products, ldp, reach);
      rowProducts(m, n, kx, at(xi, r0 * kx), panelsX, inner, ldp, reach);
      for (let r = 0; r < m; r++) {
        const from = max(0, r - reach) & ~15;
        const p = at(products, r * ldp + from);
        const q = at(inner, r * ldp + from);
        const out = (r0 + r) * ld + t0 + from;
        addProducts(n - from, p, q, bias, sum + ((<usize>out) << 3));
        if (k) multiplyInto(n - from, p, q, at(k, out));
        if (kBias) copyInto(n - from, p, at(kBias, out));
      }
    }
  }
}
