// Gathers rows from tables and scatters their gradients back. Both run in row order, so that every sum has a fixed
// order.
//
// A feature is token * slots + slot. The features of row r are features[offsets[r] .. offsets[r + 1]).
import { at, getI } from './memory';
import { ZEROS } from './math';
import { loadTail, storeTail, WIDE } from './simd';
import { addTwo } from './two';

// @ts-ignore: decorator
@inline
function addRowHere(out: usize, src: usize, width: i32): void {
  let i = 0;
  for (; i + 16 <= width; i += 16) {
    const to = at(out, i);
    const from = at(src, i);
    const s0 = f32x4.add(v128.load(to), v128.load(from));
    const s1 = f32x4.add(v128.load(to, 16), v128.load(from, 16));
    const s2 = f32x4.add(v128.load(to, 32), v128.load(from, 32));
    const s3 = f32x4.add(v128.load(to, 48), v128.load(from, 48));
    v128.store(to, s0);
    v128.store(to, s1, 16);
    v128.store(to, s2, 32);
    v128.store(to, s3, 48);
  }
  if (WIDE && i + 8 <= width) {
    addTwo(at(out, i), at(src, i));
    i += 8;
  }
  for (; i + 4 <= width; i += 4) v128.store(at(out, i), f32x4.add(v128.load(at(out, i)), v128.load(at(src, i))));
  const left = width - i;
  if (left) storeTail(at(out, i), f32x4.add(loadTail(at(out, i), left), loadTail(at(src, i), left)), left);
}

// The build that must be small calls this function; the other builds inline it.
function callAddRow(out: usize, src: usize, width: i32): void {
  addRowHere(out, src, width);
}

/** out[width] += src[width] */
// @ts-ignore: decorator
@inline
export function addRow(out: usize, src: usize, width: i32): void {
  if (ASC_SHRINK_LEVEL > 0) callAddRow(out, src, width);
  else addRowHere(out, src, width);
}

/**
 * out[rows,width] (mode 0: =, 1: +=, 2: = bias[width] +) the sum of the table rows that the features of each row index.
 */
export function embeddingBag(
  rows: i32,
  width: i32,
  features: usize,
  offsets: usize,
  table: usize,
  out: usize,
  mode: i32,
  bias: usize,
): void {
  for (let r = 0; r < rows; r++) {
    const from = getI(offsets, r);
    const to = getI(offsets, r + 1);
    const row = at(out, r * width);
    let j = 0;
    for (; j + 16 <= width; j += 16) {
      const start = mode == 2 ? at(bias, j) : mode ? at(row, j) : ZEROS;
      let s0 = v128.load(start);
      let s1 = v128.load(start, 16);
      let s2 = v128.load(start, 32);
      let s3 = v128.load(start, 48);
      for (let f = from; f < to; f++) {
        const src = at(table, getI(features, f) * width + j);
        s0 = f32x4.add(s0, v128.load(src));
        s1 = f32x4.add(s1, v128.load(src, 16));
        s2 = f32x4.add(s2, v128.load(src, 32));
        s3 = f32x4.add(s3, v128.load(src, 48));
      }
      v128.store(at(row, j), s0);
      v128.store(at(row, j), s1, 16);
      v128.store(at(row, j), s2, 32);
      v128.store(at(row, j), s3, 48);
    }
    for (; j < width; j++) {
      let sum: f32 = mode == 0 ? 0 : load<f32>(mode == 2 ? at(bias, j) : at(row, j));
      for (let f = from; f < to; f++) sum += load<f32>(at(table, getI(features, f) * width + j));
      store<f32>(at(row, j), sum);
    }
  }
}

/**
 * dTable[feature] += dOut[row] for every feature of every row. Unless `touched` is 0, also sets the byte
 * touched[feature] to 1.
 */
export function embeddingBagBackward(
  rows: i32,
  width: i32,
  features: usize,
  offsets: usize,
  dOut: usize,
  dTable: usize,
  touched: usize,
): void {
  for (let r = 0; r < rows; r++) {
    const to = getI(offsets, r + 1);
    for (let f = getI(offsets, r); f < to; f++) {
      const feature = getI(features, f);
      if (touched) store<u8>(touched + <usize>feature, 1);
      addRow(at(dTable, feature * width), at(dOut, r * width), width);
    }
  }
}

/**
 * out[rows * slots, width] = for each slot, the sum of the table rows of its tokens; table is [vocabulary, width].
 * Slots without a token become zero.
 */
export function slotEmbedding(
  rows: i32,
  slots: i32,
  width: i32,
  features: usize,
  offsets: usize,
  table: usize,
  out: usize,
): void {
  memory.fill(out, 0, (<usize>rows * slots * width) << 2);
  for (let r = 0; r < rows; r++) {
    const to = getI(offsets, r + 1);
    for (let f = getI(offsets, r); f < to; f++) {
      const feature = getI(features, f);
      const token = feature / slots;
      addRow(at(out, (r * slots + feature - token * slots) * width), at(table, token * width), width);
    }
  }
}

/** dTable[token] += dOut[row, slot] for every feature of every row. */
export function slotEmbeddingBackward(
  rows: i32,
  slots: i32,
  width: i32,
  features: usize,
  offsets: usize,
  dOut: usize,
  dTable: usize,
): void {
  for (let r = 0; r < rows; r++) {
    const to = getI(offsets, r + 1);
    for (let f = getI(offsets, r); f < to; f++) {
      const feature = getI(features, f);
      const token = feature / slots;
      addRow(at(dTable, token * width), at(dOut, (r * slots + feature - token * slots) * width), width);
    }
  }
}

/** out[groups * size, width] += rows[size, width] for each group. Used for position embeddings. */
export function addPeriodic(groups: i32, size: i32, width: i32, rows: usize, out: usize): void {
  for (let g = 0; g < groups; g++) addRow(at(out, g * size * width), rows, size * width);
}

// @ts-ignore: decorator
@inline
function copyRow(out: usize, src: usize, width: i32): void {
  let i = 0;
  for (; i + 4 <= width; i += 4) v128.store(at(out, i), v128.load(at(src, i)));
  const left = width - i;
  if (left) storeTail(at(out, i), loadTail(at(src, i), left), left);
}

/** out[rows,width] (mode 0: =, 1: +=) src[index[row]]. */
export function gatherRows(rows: i32, width: i32, index: usize, src: usize, out: usize, mode: i32): void {
  for (let r = 0; r < rows; r++) {
    const from = at(src, getI(index, r) * width);
    if (mode) addRow(at(out, r * width), from, width);
    else copyRow(at(out, r * width), from, width);
  }
}

/** out[index[row]] (mode 0: =, 1: +=) src[rows,width], in row order. */
export function scatterRows(rows: i32, width: i32, index: usize, src: usize, out: usize, mode: i32): void {
  for (let r = 0; r < rows; r++) {
    const to = at(out, getI(index, r) * width);
    if (mode) addRow(to, at(src, r * width), width);
    else copyRow(to, at(src, r * width), width);
  }
}

/**
 * out[groups,width] (mode 0: =, 1: +=) the sum of the src rows offsets[g] * unit to offsets[g + 1] * unit. If offsets
 * is 0, each group has `unit` rows.
 */
export function segmentSum(
  groups: i32,
  width: i32,
  offsets: usize,
  unit: i32,
  src: usize,
  out: usize,
  mode: i32,
): void {
  for (let g = 0; g < groups; g++) {
    const row = at(out, g * width);
    if (mode == 0) memory.fill(row, 0, (<usize>width) << 2);
    const to = (offsets ? getI(offsets, g + 1) : g + 1) * unit;
    for (let r = (offsets ? getI(offsets, g) : g) * unit; r < to; r++) addRow(row, at(src, r * width), width);
  }
}

/** Returns 1 / (number of set mask bytes), or 0 if no byte is set. */
// @ts-ignore: decorator
@inline
function meanScale(slots: i32, mask: usize): f32 {
  let count = 0;
  for (let s = 0; s < slots; s++) count += load<u8>(mask + <usize>s);
  return count ? <f32>1 / <f32>count : 0;
}

/** out[groups,width] (mode 0: =, 1: +=) the mean over the slots whose mask byte is set, or zero if no byte is set. */
export function meanPool(groups: i32, slots: i32, width: i32, mask: usize, x: usize, out: usize, mode: i32): void {
  for (let g = 0; g < groups; g++) {
    const scale = f32x4.splat(meanScale(slots, mask));
    let j = 0;
    if (ASC_SHRINK_LEVEL == 0) {
      for (; j + 16 <= width; j += 16) {
        let s0 = v128.load(ZEROS);
        let s1 = v128.load(ZEROS, 16);
        let s2 = v128.load(ZEROS, 32);
        let s3 = v128.load(ZEROS, 48);
        for (let s = 0; s < slots; s++) {
          if (!load<u8>(mask + <usize>s)) continue;
          const p = at(x, s * width + j);
          s0 = f32x4.add(s0, v128.load(p));
          s1 = f32x4.add(s1, v128.load(p, 16));
          s2 = f32x4.add(s2, v128.load(p, 32));
          s3 = f32x4.add(s3, v128.load(p, 48));
        }
        const to = at(out, j);
        const from = mode ? to : ZEROS;
        s0 = f32x4.add(v128.load(from), f32x4.mul(s0, scale));
        s1 = f32x4.add(v128.load(from, 16), f32x4.mul(s1, scale));
        s2 = f32x4.add(v128.load(from, 32), f32x4.mul(s2, scale));
        s3 = f32x4.add(v128.load(from, 48), f32x4.mul(s3, scale));
        v128.store(to, s0);
        v128.store(to, s1, 16);
        v128.store(to, s2, 32);
        v128.store(to, s3, 48);
      }
    }
    for (; j < width; j += 4) {
      const left = width - j;
      let sum = f32x4.splat(0);
      for (let s = 0; s < slots; s++) {
        const p = at(x, s * width + j);
        if (load<u8>(mask + <usize>s)) sum = f32x4.add(sum, left >= 4 ? v128.load(p) : loadTail(p, left));
      }
      const p = at(out, j);
      if (left >= 4) v128.store(p, f32x4.add(mode ? v128.load(p) : f32x4.splat(0), f32x4.mul(sum, scale)));
      else storeTail(p, f32x4.add(mode ? loadTail(p, left) : f32x4.splat(0), f32x4.mul(sum, scale)), left);
    }
    x = at(x, slots * width);
    out = at(out, width);
    mask += <usize>slots;
  }
}

/** dX (mode 0: =, 1: +=) dOut / count on the slots included in the mean, and 0 on the other slots. */
export function meanPoolBackward(
  groups: i32,
  slots: i32,
  width: i32,
  mask: usize,
  dOut: usize,
  dX: usize,
  mode: i32,
): void {
  for (let g = 0; g < groups; g++) {
    const scale = meanScale(slots, mask);
    for (let s = 0; s < slots; s++) {
      const factor = f32x4.splat(load<u8>(mask + <usize>s) ? scale : 0);
      let j = 0;
      if (ASC_SHRINK_LEVEL == 0) {
        for (; j + 8 <= width; j += 8) {
          const to = at(dX, j);
          const from = mode ? to : ZEROS;
          const x0 = f32x4.add(v128.load(from), f32x4.mul(factor, v128.load(at(dOut, j))));
          const x1 = f32x4.add(v128.load(from, 16), f32x4.mul(factor, v128.load(at(dOut, j), 16)));
          v128.store(to, x0);
          v128.store(to, x1, 16);
        }
      }
      for (; j < width; j += 4) {
        const left = width - j;
        const p = at(dX, j);
        const d = at(dOut, j);
        if (left >= 4) v128.store(p, f32x4.add(mode ? v128.load(p) : f32x4.splat(0), f32x4.mul(factor, v128.load(d))));
        else
          storeTail(
            p,
            f32x4.add(mode ? loadTail(p, left) : f32x4.splat(0), f32x4.mul(factor, loadTail(d, left))),
            left,
          );
      }
      dX = at(dX, width);
    }
    dOut = at(dOut, width);
    mask += <usize>slots;
  }
}
