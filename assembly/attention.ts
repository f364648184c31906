// Scaled dot products between the query rows and the key rows of each group: as softmax attention with a key mask, and
// without softmax as match maps.
//
// Group g has the key rows g * keys .. (g + 1) * keys and the query rows (queryOffsets[g] .. queryOffsets[g + 1]) *
// unit. If queryOffsets is 0, each group has `unit` query rows.
import { at, getI } from './memory';
import { matmulNN, matmulNT, matmulTN } from './matmul';
import { root } from './simd';
import { softmaxRows, softmaxRowsBackward } from './softmax';

// @ts-ignore: decorator
@inline
function firstQuery(g: i32, queryOffsets: usize, unit: i32): i32 {
  return (queryOffsets ? getI(queryOffsets, g) : g) * unit;
}

/**
 * Multi-head attention (Vaswani et al., arXiv 1706.03762): out = softmax(q k^T / sqrt(width / heads)) v per group and
 * head. Row strides are in floats. `weights` stores the probabilities as [group][head][query][key] for the backward
 * pass.
 */
export function attentionForward(
  groups: i32,
  heads: i32,
  width: i32,
  keys: i32,
  queryOffsets: usize,
  unit: i32,
  mask: usize,
  q: usize,
  ldq: i32,
  k: usize,
  v: usize,
  ldkv: i32,
  out: usize,
  ldo: i32,
  weights: usize,
  scratch: usize,
): void {
  const d = width / heads;
  const scale: f32 = <f32>1 / root(<f32>d);
  for (let g = 0; g < groups; g++) {
    const from = firstQuery(g, queryOffsets, unit);
    const n = firstQuery(g + 1, queryOffsets, unit) - from;
    for (let h = 0; h < heads; h++) {
      const kh = at(k, g * keys * ldkv + h * d);
      const p = at(weights, (from * heads + h * n) * keys);
      matmulNT(n, keys, d, at(q, from * ldq + h * d), ldq, kh, ldkv, p, keys, 0, 0, 0, scratch);
      softmaxRows(n, keys, p, scale, mask + <usize>(g * keys), scratch);
      matmulNN(
        n,
        d,
        keys,
        p,
        keys,
        at(v, g * keys * ldkv + h * d),
        ldkv,
        at(out, from * ldo + h * d),
        ldo,
        0,
        0,
        scratch,
      );
    }
  }
}

/**
 * Overwrites dQ, dK and dV. dWeights is a buffer for the gradient of the scores of one group and head (queries * keys
 * floats).
 */
export function attentionBackward(
  groups: i32,
  heads: i32,
  width: i32,
  keys: i32,
  queryOffsets: usize,
  unit: i32,
  q: usize,
  ldq: i32,
  k: usize,
  v: usize,
  ldkv: i32,
  dOut: usize,
  ldo: i32,
  weights: usize,
  dQ: usize,
  dK: usize,
  dV: usize,
  dWeights: usize,
  scratch: usize,
): void {
  const d = width / heads;
  const scale: f32 = <f32>1 / root(<f32>d);
  for (let g = 0; g < groups; g++) {
    const from = firstQuery(g, queryOffsets, unit);
    const n = firstQuery(g + 1, queryOffsets, unit) - from;
    for (let h = 0; h < heads; h++) {
      const kv = g * keys * ldkv + h * d;
      const qh = from * ldq + h * d;
      const oh = at(dOut, from * ldo + h * d);
      const p = at(weights, (from * heads + h * n) * keys);
      matmulNT(n, keys, d, oh, ldo, at(v, kv), ldkv, dWeights, keys, 0, 0, 0, scratch);
      matmulTN(keys, d, n, p, keys, oh, ldo, at(dV, kv), ldkv, 0, 0, scratch);
      softmaxRowsBackward(n, keys, p, dWeights, scale);
      matmulNN(n, d, keys, dWeights, keys, at(k, kv), ldkv, at(dQ, qh), ldq, 0, 0, scratch);
      matmulTN(keys, d, n, dWeights, keys, at(q, qh), ldq, at(dK, kv), ldkv, 0, 0, scratch);
    }
  }
}

/** The match map: out[queries, keys] = q[queries, width] . k[keys, width] for the queries and keys of each group. */
export function matchForward(
  groups: i32,
  width: i32,
  keys: i32,
  queryOffsets: usize,
  unit: i32,
  q: usize,
  k: usize,
  out: usize,
  scratch: usize,
): void {
  for (let g = 0; g < groups; g++) {
    const from = firstQuery(g, queryOffsets, unit);
    const n = firstQuery(g + 1, queryOffsets, unit) - from;
    matmulNT(
      n,
      keys,
      width,
      at(q, from * width),
      width,
      at(k, g * keys * width),
      width,
      at(out, from * keys),
      keys,
      0,
      0,
      0,
      scratch,
    );
  }
}

/** Backward pass of matchForward; overwrites dQ and dK. */
export function matchBackward(
  groups: i32,
  width: i32,
  keys: i32,
  queryOffsets: usize,
  unit: i32,
  q: usize,
  k: usize,
  dOut: usize,
  dQ: usize,
  dK: usize,
  scratch: usize,
): void {
  for (let g = 0; g < groups; g++) {
    const from = firstQuery(g, queryOffsets, unit);
    const n = firstQuery(g + 1, queryOffsets, unit) - from;
    const d = at(dOut, from * keys);
    matmulNN(n, width, keys, d, keys, at(k, g * keys * width), width, at(dQ, from * width), width, 0, 0, scratch);
    matmulTN(keys, width, n, d, keys, at(q, from * width), width, at(dK, g * keys * width), width, 0, 0, scratch);
  }
}
