/** Attention and match maps on named operands, in place of up to 19 positional numbers. */
import type { Kernels } from './load.ts';

/**
 * The rows of queries and keys of each group: group g has `keys` key rows and the query rows
 * (offsets[g] .. offsets[g + 1]) * unit, or `unit` query rows if `offsets` is 0.
 */
export interface QueryGroups {
  readonly keys: number;
  /** Address of i32[groups + 1], or 0. */
  readonly offsets: number;
  readonly unit: number;
}

/** Addresses of the operands of a match map: q[queries, width], k[groups * keys, width], map[queries, keys]. */
export interface MatchOperands {
  readonly width: number;
  readonly q: number;
  readonly k: number;
  readonly map: number;
}

/** map = q . k for the queries and keys of each group. */
export function matchForward(
  kernels: Kernels,
  groups: number,
  { keys, offsets, unit }: QueryGroups,
  { width, q, k, map }: MatchOperands,
  scratch: number,
): void {
  kernels.matchForward(groups, width, keys, offsets, unit, q, k, map, scratch);
}

/** Overwrites `grads.q` and `grads.k` with the gradients of q and k, given `grads.map`. */
export function matchBackward(
  kernels: Kernels,
  groups: number,
  { keys, offsets, unit }: QueryGroups,
  { width, q, k }: MatchOperands,
  grads: Omit<MatchOperands, 'width'>,
  scratch: number,
): void {
  kernels.matchBackward(groups, width, keys, offsets, unit, q, k, grads.map, grads.q, grads.k, scratch);
}

/** Addresses of the operands of an attention: q[queries, width], k and v[groups * keys, width], out[queries, width]. */
export interface AttentionOperands {
  readonly q: number;
  readonly k: number;
  readonly v: number;
  readonly out: number;
}

/** Sizes and buffers that both passes of an attention share. */
export interface Attention {
  readonly heads: number;
  readonly width: number;
  readonly groups: QueryGroups;
  /** Address of the probabilities, [group][head][query][key]. */
  readonly weights: number;
}

/** out = softmax(q k^T / sqrt(width / heads)) v over the keys whose byte of `mask` [groups, keys] is set. */
export function attentionForward(
  kernels: Kernels,
  groups: number,
  { heads, width, groups: { keys, offsets, unit }, weights }: Attention,
  mask: number,
  { q, k, v, out }: AttentionOperands,
  scratch: number,
): void {
  kernels.attentionForward(
    groups,
    heads,
    width,
    keys,
    offsets,
    unit,
    mask,
    q,
    width,
    k,
    v,
    width,
    out,
    width,
    weights,
    scratch,
  );
}

/**
 * Overwrites grads.q, grads.k and grads.v, given grads.out. dScores is the address of a buffer for the gradient of the
 * scores of one group and head, f32[queries, keys].
 */
export function attentionBackward(
  kernels: Kernels,
  groups: number,
  { heads, width, groups: { keys, offsets, unit }, weights }: Attention,
  { q, k, v }: AttentionOperands,
  grads: AttentionOperands,
  dScores: number,
  scratch: number,
): void {
  kernels.attentionBackward(
    groups,
    heads,
    width,
    keys,
    offsets,
    unit,
    q,
    width,
    k,
    v,
    width,
    grads.out,
    width,
    weights,
    grads.q,
    grads.k,
    grads.v,
    dScores,
    scratch,
  );
}
