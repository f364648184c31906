// Scaled dot products between the query rows and the key rows of each group, as a softmax attention with a key mask and as plain maps.
//
// Group g has keys g * keys .. (g + 1) * keys and queries (queryOffsets[g] .. queryOffsets[g + 1]) * unit; without offsets, unit queries.
import { at, getI } from './memory';
import { matmulNN, matmulNT, matmulTN } from './matmul';
import { exp4 } from './math';
import { loadTail, maxLanes, storeTail, sumLanes } from './simd';

// @ts-ignore: decorator
@inline
function firstQuery(g: i32, queryOffsets: usize, unit: i32): i32 {
  return (queryOffsets ? getI(queryOffsets, g) : g) * unit;
}

/** Four floats at p, of which `left` belong to the row; the others count as zero. */
// @ts-ignore: decorator
@inline
function load4(p: usize, left: i32): v128 {
  return left >= 4 ? v128.load(p) : loadTail(p, left);
}

// @ts-ignore: decorator
@inline
function store4(p: usize, v: v128, left: i32): void {
  if (left >= 4) v128.store(p, v);
  else storeTail(p, v, left);
}

/** All bits of a lane set where its mask byte is; no byte beyond `left` is read. */
// @ts-ignore: decorator
@inline
function maskLanes(mask: usize, left: i32): v128 {
  let word: u32 = 0;
  if (left >= 4) word = load<u32>(mask);
  else for (let i = 0; i < left; i++) word |= (<u32>load<u8>(mask + <usize>i)) << (8 * i);
  const wide = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(i32x4.splat(word)));
  return i32x4.ne(wide, i32x4.splat(0));
}

/** Rows of p become softmax(scale * p) over the keys whose mask byte is set; a row without any such key becomes zero. */
function softmaxRows(rows: i32, keys: i32, p: usize, scale: f32, mask: usize): void {
  const factor = f32x4.splat(scale);
  const low = f32x4.splat(-Infinity);
  for (let r = 0; r < rows; r++) {
    const row = at(p, r * keys);
    let tops = low;
    for (let j = 0; j < keys; j += 4) {
      const x = f32x4.mul(load4(at(row, j), keys - j), factor);
      tops = f32x4.max(tops, v128.bitselect(x, low, maskLanes(mask + <usize>j, keys - j)));
    }
    const top = f32x4.splat(maxLanes(tops));
    let sums = f32x4.splat(0);
    for (let j = 0; j < keys; j += 4) {
      const x = f32x4.mul(load4(at(row, j), keys - j), factor);
      const e = v128.and(exp4(f32x4.sub(x, top)), maskLanes(mask + <usize>j, keys - j));
      sums = f32x4.add(sums, e);
      store4(at(row, j), e, keys - j);
    }
    const sum = sumLanes(sums);
    const inverse = f32x4.splat(sum > 0 ? <f32>1 / sum : sum);
    for (let j = 0; j < keys; j += 4) {
      store4(at(row, j), f32x4.mul(load4(at(row, j), keys - j), inverse), keys - j);
    }
  }
}

/** d becomes scale * p * (d - p . d) row by row: the way back through softmaxRows. */
function softmaxRowsBackward(rows: i32, keys: i32, p: usize, d: usize, scale: f32): void {
  for (let r = 0; r < rows; r++) {
    const rowP = at(p, r * keys);
    const rowD = at(d, r * keys);
    let dots = f32x4.splat(0);
    for (let j = 0; j < keys; j += 4) {
      dots = f32x4.add(dots, f32x4.mul(load4(at(rowP, j), keys - j), load4(at(rowD, j), keys - j)));
    }
    const dot = f32x4.splat(sumLanes(dots));
    for (let j = 0; j < keys; j += 4) {
      const weighted = f32x4.mul(f32x4.splat(scale), load4(at(rowP, j), keys - j));
      store4(at(rowD, j), f32x4.mul(weighted, f32x4.sub(load4(at(rowD, j), keys - j), dot)), keys - j);
    }
  }
}

/**
 * Multi-head attention (Vaswani et al., arXiv 1706.03762): out = softmax(q k^T / sqrt(width / heads)) v per group and head.
 * Row strides in floats. weights saves the probabilities, [group][head][query][key].
 */
export function attentionForward(groups: i32, heads: i32, width: i32, keys: i32, queryOffsets: usize, unit: i32, mask: usize, q: usize, ldq: i32, k: usize, v: usize, ldkv: i32, out: usize, ldo: i32, weights: usize, scratch: usize): void {
  const d = width / heads;
  const scale: f32 = <f32>1 / sqrt<f32>(<f32>d);
  for (let g = 0; g < groups; g++) {
    const from = firstQuery(g, queryOffsets, unit);
    const n = firstQuery(g + 1, queryOffsets, unit) - from;
    for (let h = 0; h < heads; h++) {
      const kh = at(k, g * keys * ldkv + h * d);
      const p = at(weights, (from * heads + h * n) * keys);
      matmulNT(n, keys, d, at(q, from * ldq + h * d), ldq, kh, ldkv, p, keys, 0, 0, scratch);
      softmaxRows(n, keys, p, scale, mask + <usize>(g * keys));
      matmulNN(n, d, keys, p, keys, at(v, g * keys * ldkv + h * d), ldkv, at(out, from * ldo + h * d), ldo, 0, 0, scratch);
    }
  }
}

/** dQ, dK, dV are overwritten. dWeights is room for the scores' gradient of one group and head (queries * keys floats). */
export function attentionBackward(groups: i32, heads: i32, width: i32, keys: i32, queryOffsets: usize, unit: i32, q: usize, ldq: i32, k: usize, v: usize, ldkv: i32, dOut: usize, ldo: i32, weights: usize, dQ: usize, dK: usize, dV: usize, dWeights: usize, scratch: usize): void {
  const d = width / heads;
  const scale: f32 = <f32>1 / sqrt<f32>(<f32>d);
  for (let g = 0; g < groups; g++) {
    const from = firstQuery(g, queryOffsets, unit);
    const n = firstQuery(g + 1, queryOffsets, unit) - from;
    for (let h = 0; h < heads; h++) {
      const kv = g * keys * ldkv + h * d;
      const qh = from * ldq + h * d;
      const oh = at(dOut, from * ldo + h * d);
      const p = at(weights, (from * heads + h * n) * keys);
      matmulNT(n, keys, d, oh, ldo, at(v, kv), ldkv, dWeights, keys, 0, 0, scratch);
      matmulTN(keys, d, n, p, keys, oh, ldo, at(dV, kv), ldkv, 0, scratch);
      softmaxRowsBackward(n, keys, p, dWeights, scale);
      matmulNN(n, d, keys, dWeights, keys, at(k, kv), ldkv, at(dQ, qh), ldq, 0, 0, scratch);
      matmulTN(keys, d, n, dWeights, keys, at(q, qh), ldq, at(dK, kv), ldkv, 0, scratch);
    }
  }
}

/** out[queries, keys] = q[queries, width] . k[keys, width] for the queries and keys of each group: the match map. */
export function matchForward(groups: i32, width: i32, keys: i32, queryOffsets: usize, unit: i32, q: usize, k: usize, out: usize, scratch: usize): void {
  for (let g = 0; g < groups; g++) {
    const from = firstQuery(g, queryOffsets, unit);
    const n = firstQuery(g + 1, queryOffsets, unit) - from;
    matmulNT(n, keys, width, at(q, from * width), width, at(k, g * keys * width), width, at(out, from * keys), keys, 0, 0, scratch);
  }
}

/** dQ and dK are overwritten. */
export function matchBackward(groups: i32, width: i32, keys: i32, queryOffsets: usize, unit: i32, q: usize, k: usize, dOut: usize, dQ: usize, dK: usize, scratch: usize): void {
  for (let g = 0; g < groups; g++) {
    const from = firstQuery(g, queryOffsets, unit);
    const n = firstQuery(g + 1, queryOffsets, unit) - from;
    const d = at(dOut, from * keys);
    matmulNN(n, width, keys, d, keys, at(k, g * keys * width), width, at(dQ, from * width), width, 0, 0, scratch);
    matmulTN(keys, width, n, d, keys, at(q, from * width), width, at(dK, g * keys * width), width, 0, scratch);
  }
}
