/** Losses of the good/bad classifier in double precision. Labels: 1 good, 0 bad, -1 none. */

/** Sum over labelled rows of weight(label) * (log(1 + e^z) - label z). */
export function binaryCrossEntropy(z: ArrayLike<number>, labels: ArrayLike<number>, good: number, bad: number): number {
  let loss = 0;
  for (let r = 0; r < z.length; r++) {
    if (labels[r] < 0) continue;
    const softplus = Math.max(z[r], 0) + Math.log1p(Math.exp(-Math.abs(z[r])));
    loss += labels[r] === 1 ? good * (softplus - z[r]) : bad * softplus;
  }
  return loss;
}

/**
 * Supervised contrastive loss (Khosla et al., arXiv 2004.11362, L_out) of rows e[rows, width]: the mean over anchors
 * with positives; 0 where no row has one. Norms below 1e-12 count as 1e-12.
 */
export function contrastiveLoss(
  rows: number,
  width: number,
  e: ArrayLike<number>,
  labels: ArrayLike<number>,
  temperature: number,
): number {
  const z = Array.from({ length: rows }, (_, i) => {
    const row = Array.from({ length: width }, (_, j) => e[i * width + j]);
    const norm = Math.max(Math.sqrt(row.reduce((sum, x) => sum + x * x, 0)), 1e-12);
    return row.map((x) => x / norm);
  });
  const similarity = (i: number, j: number): number => z[i].reduce((sum, x, c) => sum + x * z[j][c], 0) / temperature;
  const indices = Array.from({ length: rows }, (_, i) => i);
  let total = 0;
  let anchors = 0;
  for (const i of indices) {
    const others = indices.filter((j) => j !== i);
    const positives = others.filter((j) => labels[j] === labels[i]);
    if (positives.length === 0) continue;
    anchors++;
    const logSum = Math.log(others.reduce((sum, j) => sum + Math.exp(similarity(i, j)), 0));
    total -= positives.reduce((sum, p) => sum + similarity(i, p) - logSum, 0) / positives.length;
  }
  return anchors > 0 ? total / anchors : 0;
}
