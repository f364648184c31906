// The elementwise passes of softmax in the wide builds, for a number of keys that is a multiple of eight. All loads
// precede the first store, so that an engine can merge neighbouring vectors. A vector with one value in all lanes is
// made again as a splat, because an engine does not merge the shuffles that made it.
import { at } from './memory';

// @ts-ignore: decorator
@inline
function splatOf(x: v128): v128 {
  return f32x4.splat(f32x4.extract_lane(x, 0));
}

/** row = factor * row - top */
// @ts-ignore: decorator
@inline
export function centreWide(keys: i32, row: usize, factor: v128, top: v128): void {
  const t = splatOf(top);
  for (let j = 0; j < keys; j += 8) {
    const to = at(row, j);
    const x0 = f32x4.sub(f32x4.mul(v128.load(to), factor), t);
    const x1 = f32x4.sub(f32x4.mul(v128.load(to, 16), factor), t);
    v128.store(to, x0);
    v128.store(to, x1, 16);
  }
}

/** row = (row & lanes) * inverse */
// @ts-ignore: decorator
@inline
export function normaliseWide(keys: i32, row: usize, lanes: usize, inverse: v128): void {
  const factor = splatOf(inverse);
  for (let j = 0; j < keys; j += 8) {
    const to = at(row, j);
    const mask = at(lanes, j);
    const x0 = f32x4.mul(v128.and(v128.load(to), v128.load(mask)), factor);
    const x1 = f32x4.mul(v128.and(v128.load(to, 16), v128.load(mask, 16)), factor);
    v128.store(to, x0);
    v128.store(to, x1, 16);
  }
}

/** d = scale * p * (d - dot) for one row. */
// @ts-ignore: decorator
@inline
export function scoreGradientsWide(keys: i32, scale: v128, p: usize, d: usize, dot: v128): void {
  const s = splatOf(dot);
  for (let j = 0; j < keys; j += 8) {
    const from = at(p, j);
    const to = at(d, j);
    const x0 = f32x4.mul(f32x4.mul(scale, v128.load(from)), f32x4.sub(v128.load(to), s));
    const x1 = f32x4.mul(f32x4.mul(scale, v128.load(from, 16)), f32x4.sub(v128.load(to, 16), s));
    v128.store(to, x0);
    v128.store(to, x1, 16);
  }
}
