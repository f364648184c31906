import { matmul } from './matmul.ts';

/** Shapes of a grouped attention: group g has `keys` keys and the queries [queryBounds[g], queryBounds[g + 1]). */
export interface AttentionShape {
  readonly heads: number;
  readonly width: number;
  readonly keys: number;
  readonly queryBounds: readonly number[];
}

/**
 * Multi-head attention in double precision, with rows of `width` numbers for queries, keys, values and output; mask is
 * [groups, keys]. A query whose group has no key gives zeros. `weights` is [group][head][query][key].
 */
export function attention(
  { heads, width, keys, queryBounds }: AttentionShape,
  mask: ArrayLike<number>,
  q: ArrayLike<number>,
  k: ArrayLike<number>,
  v: ArrayLike<number>,
): { out: Float64Array; weights: number[] } {
  const d = width / heads;
  const out = new Float64Array(queryBounds[queryBounds.length - 1] * width);
  const weights: number[] = [];
  for (let g = 0; g + 1 < queryBounds.length; g++) {
    for (let h = 0; h < heads; h++) {
      for (let i = queryBounds[g]; i < queryBounds[g + 1]; i++) {
        const scores = Array.from({ length: keys }, (_, j) => {
          let score = 0;
          for (let c = h * d; c < (h + 1) * d; c++) score += q[i * width + c] * k[(g * keys + j) * width + c];
          return mask[g * keys + j] === 1 ? score / Math.sqrt(d) : Number.NEGATIVE_INFINITY;
        });
        const top = Math.max(...scores);
        const exps = scores.map((s) => (s === Number.NEGATIVE_INFINITY ? 0 : Math.exp(s - top)));
        const sum = exps.reduce((total, e) => total + e, 0);
        const row = exps.map((e) => (sum > 0 ? e / sum : 0));
        weights.push(...row);
        for (let c = h * d; c < (h + 1) * d; c++) {
          for (let j = 0; j < keys; j++) out[i * width + c] += row[j] * v[(g * keys + j) * width + c];
        }
      }
    }
  }
  return { out, weights };
}

/** Dot products of each query with the keys of its group: [queries, keys]. */
export function match(
  { width, keys, queryBounds }: Omit<AttentionShape, 'heads'>,
  q: ArrayLike<number>,
  k: ArrayLike<number>,
): number[] {
  const out: number[] = [];
  for (let g = 0; g + 1 < queryBounds.length; g++) {
    const queries = Array.from(q).slice(queryBounds[g] * width, queryBounds[g + 1] * width);
    const own = Array.from(k).slice(g * keys * width, (g + 1) * keys * width);
    out.push(...matmul(queryBounds[g + 1] - queryBounds[g], keys, width, queries, own, { bT: true }));
  }
  return out;
}
