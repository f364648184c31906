/**
 * Embeddings and pooling in double precision. A feature is token * slots + slot; the features of row r are
 * features[offsets[r]] to features[offsets[r + 1] - 1]. All matrices are row-major with rows of `width` numbers.
 */

/** Per row the sum of the table rows that its features name. */
export function embeddingBag(
  width: number,
  features: ArrayLike<number>,
  offsets: ArrayLike<number>,
  table: ArrayLike<number>,
): Float64Array {
  const rows = offsets.length - 1;
  const out = new Float64Array(rows * width);
  for (let r = 0; r < rows; r++) {
    for (let f = offsets[r]; f < offsets[r + 1]; f++) {
      for (let j = 0; j < width; j++) out[r * width + j] += table[features[f] * width + j];
    }
  }
  return out;
}

/** Per row and slot the sum of the table rows of the slot's tokens. */
export function slotEmbedding(
  slots: number,
  width: number,
  features: ArrayLike<number>,
  offsets: ArrayLike<number>,
  table: ArrayLike<number>,
): Float64Array {
  const rows = offsets.length - 1;
  const out = new Float64Array(rows * slots * width);
  for (let r = 0; r < rows; r++) {
    for (let f = offsets[r]; f < offsets[r + 1]; f++) {
      const token = Math.floor(features[f] / slots);
      const slot = features[f] % slots;
      for (let j = 0; j < width; j++) out[(r * slots + slot) * width + j] += table[token * width + j];
    }
  }
  return out;
}

/** Sums of the rows in [bounds[g], bounds[g + 1]). */
export function segmentSum(width: number, bounds: ArrayLike<number>, x: ArrayLike<number>): Float64Array {
  const out = new Float64Array((bounds.length - 1) * width);
  for (let g = 0; g + 1 < bounds.length; g++) {
    for (let r = bounds[g]; r < bounds[g + 1]; r++) {
      for (let j = 0; j < width; j++) out[g * width + j] += x[r * width + j];
    }
  }
  return out;
}

/** Per group of `slots` rows the mean of those whose mask is 1; zero where none is. */
export function meanPool(
  groups: number,
  slots: number,
  width: number,
  mask: ArrayLike<number>,
  x: ArrayLike<number>,
): Float64Array {
  const out = new Float64Array(groups * width);
  for (let g = 0; g < groups; g++) {
    const kept = Array.from({ length: slots }, (_, s) => g * slots + s).filter((row) => mask[row] === 1);
    for (let j = 0; j < width; j++) {
      for (const row of kept) out[g * width + j] += x[row * width + j] / kept.length;
    }
  }
  return out;
}
