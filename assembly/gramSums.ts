// Sums of Gram matrices in double precision, tile by tile: a tile of sums stays in the cache while all parameters are
// added to it, and is then copied to its two places in the matrix.
import { at, getF } from './memory';

// @ts-ignore: decorator
@inline
function atDouble(p: usize, i: i32): usize {
  return p + ((<usize>i) << 3);
}

// @ts-ignore: decorator
@inline
function upper(v: v128): v128 {
  return v128.shuffle<f32>(v, v, 2, 3, 2, 3);
}

/**
 * sum[n] += a[n] * b[n], products in single precision, and then += a[n] if bias is not 0; both sums in double
 * precision. a and b are readable up to a multiple of 4 floats.
 */
export function addProducts(n: i32, a: usize, b: usize, bias: i32, sum: usize): void {
  let j = 0;
  if (bias) {
    for (; j + 8 <= n; j += 8) {
      const x0 = v128.load(at(a, j));
      const x1 = v128.load(at(a, j), 16);
      const p0 = f32x4.mul(x0, v128.load(at(b, j)));
      const p1 = f32x4.mul(x1, v128.load(at(b, j), 16));
      const to = atDouble(sum, j);
      const s0 = f64x2.add(v128.load(to), f64x2.promote_low_f32x4(p0));
      const s1 = f64x2.add(v128.load(to, 16), f64x2.promote_low_f32x4(upper(p0)));
      const s2 = f64x2.add(v128.load(to, 32), f64x2.promote_low_f32x4(p1));
      const s3 = f64x2.add(v128.load(to, 48), f64x2.promote_low_f32x4(upper(p1)));
      v128.store(to, f64x2.add(s0, f64x2.promote_low_f32x4(x0)));
      v128.store(to, f64x2.add(s1, f64x2.promote_low_f32x4(upper(x0))), 16);
      v128.store(to, f64x2.add(s2, f64x2.promote_low_f32x4(x1)), 32);
      v128.store(to, f64x2.add(s3, f64x2.promote_low_f32x4(upper(x1))), 48);
    }
  } else {
    for (; j + 8 <= n; j += 8) {
      const p0 = f32x4.mul(v128.load(at(a, j)), v128.load(at(b, j)));
      const p1 = f32x4.mul(v128.load(at(a, j), 16), v128.load(at(b, j), 16));
      const to = atDouble(sum, j);
      const s0 = f64x2.add(v128.load(to), f64x2.promote_low_f32x4(p0));
      const s1 = f64x2.add(v128.load(to, 16), f64x2.promote_low_f32x4(upper(p0)));
      const s2 = f64x2.add(v128.load(to, 32), f64x2.promote_low_f32x4(p1));
      const s3 = f64x2.add(v128.load(to, 48), f64x2.promote_low_f32x4(upper(p1)));
      v128.store(to, s0);
      v128.store(to, s1, 16);
      v128.store(to, s2, 32);
      v128.store(to, s3, 48);
    }
  }
  for (; j < n; j++) {
    const to = atDouble(sum, j);
    const x = getF(a, j);
    const s = load<f64>(to) + <f64>(x * getF(b, j));
    store<f64>(to, bias ? s + <f64>x : s);
  }
}

/** sum[ni,nj] += k[ni,nj] in double precision; row strides are ld elements. */
export function gramAdd(ni: i32, nj: i32, k: usize, ld: i32, sum: usize): void {
  for (let i = 0; i < ni; i++) {
    const row = at(k, i * ld);
    const out = atDouble(sum, i * ld);
    let j = 0;
    for (; j + 4 <= nj; j += 4) {
      const values = v128.load(at(row, j));
      const to = atDouble(out, j);
      const s0 = f64x2.add(v128.load(to), f64x2.promote_low_f32x4(values));
      const s1 = f64x2.add(v128.load(to, 16), f64x2.promote_low_f32x4(upper(values)));
      v128.store(to, s0);
      v128.store(to, s1, 16);
    }
    for (; j < nj; j++) {
      const to = atDouble(out, j);
      store<f64>(to, load<f64>(to) + <f64>getF(row, j));
    }
  }
}

/**
 * Copies a tile of sums to its place: out[i][j] = sum[i][j]. Row strides are ld and ldo elements. Returns 0, or NaN if
 * a sum is not finite.
 */
export function gramPut(ni: i32, nj: i32, sum: usize, ld: i32, out: usize, ldo: i32): f64 {
  let z0 = f64x2.splat(0);
  let z1 = z0;
  let rest: f64 = 0;
  const zero = f64x2.splat(0);
  for (let i = 0; i < ni; i++) {
    const from = atDouble(sum, i * ld);
    const to = atDouble(out, i * ldo);
    let j = 0;
    for (; j + 4 <= nj; j += 4) {
      const v0 = v128.load(atDouble(from, j));
      const v1 = v128.load(atDouble(from, j), 16);
      v128.store(atDouble(to, j), v0);
      v128.store(atDouble(to, j), v1, 16);
      z0 = f64x2.add(z0, f64x2.mul(v0, zero));
      z1 = f64x2.add(z1, f64x2.mul(v1, zero));
    }
    for (; j < nj; j++) {
      const v = load<f64>(atDouble(from, j));
      store<f64>(atDouble(to, j), v);
      rest += v * 0;
    }
  }
  const z = f64x2.add(z0, z1);
  return rest + f64x2.extract_lane(z, 0) + f64x2.extract_lane(z, 1);
}

/** Rows 0 and 1, columns 0 to 3 of doubles become columns 0 and 1 of four rows. */
// @ts-ignore: decorator
@inline
function mirrorDoubles(from: usize, stride: usize, to: usize, next: usize): void {
  const a0 = v128.load(from);
  const a1 = v128.load(from, 16);
  const b0 = v128.load(from + stride);
  const b1 = v128.load(from + stride, 16);
  v128.store(to, v128.shuffle<f64>(a0, b0, 0, 2));
  v128.store(to + next, v128.shuffle<f64>(a0, b0, 1, 3));
  v128.store(to + 2 * next, v128.shuffle<f64>(a1, b1, 0, 2));
  v128.store(to + 3 * next, v128.shuffle<f64>(a1, b1, 1, 3));
}

/** Rows 0 to 3, columns 0 to 3 of floats become columns 0 to 3 of four rows. */
// @ts-ignore: decorator
@inline
function mirrorFloats(from: usize, stride: usize, to: usize, next: usize): void {
  const a = v128.load(from);
  const b = v128.load(from + stride);
  const c = v128.load(from + 2 * stride);
  const d = v128.load(from + 3 * stride);
  const t0 = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
  const t1 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  const t2 = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
  const t3 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f32>(t0, t2, 0, 1, 4, 5));
  v128.store(to + next, v128.shuffle<f32>(t0, t2, 2, 3, 6, 7));
  v128.store(to + 2 * next, v128.shuffle<f32>(t1, t3, 0, 1, 4, 5));
  v128.store(to + 3 * next, v128.shuffle<f32>(t1, t3, 2, 3, 6, 7));
}

/**
 * Copies the part of a tile above the diagonal to below it: out[j][i] = tile[i][j] where i < j + above. An element has
 * 2^shift bytes, 4 or 8. Row strides are ld and ldo elements. Four columns are copied at a time, so that a cache line
 * of the tile is read fewer times.
 */
export function mirrorTile(ni: i32, nj: i32, tile: usize, ld: i32, out: usize, ldo: i32, above: i32, shift: i32): void {
  const stride = (<usize>ld) << shift;
  const next = (<usize>ldo) << shift;
  for (let j = 0; j < nj; j += 4) {
    const from = tile + ((<usize>j) << shift);
    const to = out + <usize>j * next;
    const whole = j + 4 <= nj ? max(0, min(ni, j + above)) : 0;
    let done = 0;
    if (shift == 3) {
      for (; done + 2 <= whole; done += 2) mirrorDoubles(from + <usize>done * stride, stride, atDouble(to, done), next);
    } else {
      for (; done + 4 <= whole; done += 4) mirrorFloats(from + <usize>done * stride, stride, at(to, done), next);
    }
    for (let c = 0; c < min(4, nj - j); c++) {
      const n = min(ni, j + c + above);
      let source = from + ((<usize>c) << shift) + <usize>done * stride;
      const row = to + <usize>c * next;
      for (let i = done; i < n; i++) {
        if (shift == 3) store<u64>(atDouble(row, i), load<u64>(source));
        else store<u32>(at(row, i), load<u32>(source));
        source += stride;
      }
    }
  }
}
