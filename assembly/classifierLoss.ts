// Losses of the classifier of good and bad actions: binary cross-entropy on its logits, and the supervised contrastive
// loss on embeddings. A label is 1 (good), 0 (bad) or -1 (no label).
import { at, getF, getI, setF } from './memory';
import { matmulNN, matmulNT } from './matmul';
import { exp1, log1, sigmoid1 } from './math';
import { root } from './simd';

/**
 * Binary cross-entropy: sum over labelled rows of weight(label) * (softplus(z) - label z). The caller chooses the
 * weights `good` and `bad`, for example for class balance. Overwrites dZ[rows], with 0 where there is no label, and
 * adds [loss, correct rows, labelled rows] to stats (f64). Row r counts counts[r] times (once if counts is 0).
 */
export function binaryCrossEntropy(
  rows: i32,
  z: usize,
  labels: usize,
  good: f32,
  bad: f32,
  dZ: usize,
  stats: usize,
  counts: usize,
): void {
  let loss: f64 = 0;
  let correct: f64 = 0;
  let labelled: f64 = 0;
  for (let r = 0; r < rows; r++) {
    const label = load<i8>(labels + <usize>r);
    if (label < 0) {
      setF(dZ, r, 0);
      continue;
    }
    const x = getF(z, r);
    const count: f32 = counts ? getF(counts, r) : 1;
    const weight = count * (label == 1 ? good : bad);
    const target: f32 = label == 1 ? 1 : 0;
    setF(dZ, r, weight * (sigmoid1(x) - target));
    loss += <f64>weight * (<f64>(max<f32>(x, 0) - x * target) + <f64>log1(1 + exp1(-abs(x))));
    if (x > 0 == (label == 1)) correct += <f64>count;
    labelled += <f64>count;
  }
  store<f64>(stats, load<f64>(stats) + loss);
  store<f64>(stats, load<f64>(stats, 8) + correct, 8);
  store<f64>(stats, load<f64>(stats, 16) + labelled, 16);
}

/**
 * Supervised contrastive loss (Khosla et al., arXiv 2004.11362, L_out): with z = e / |e| and s_ij = z_i . z_j /
 * temperature,
 *   mean over anchors i that have positives of  -1/|P(i)| sum_{p in P(i)} log( exp s_ip / sum_{a != i} exp s_ia )
 * Every row must have a label, 0 or 1. Overwrites dE[rows,width] with coef times the gradient and adds coef * loss to
 * stats (f64). work: rows * (2 width + rows + 2) floats.
 */
export function contrastiveLoss(
  rows: i32,
  width: i32,
  e: usize,
  labels: usize,
  temperature: f32,
  coef: f32,
  dE: usize,
  stats: usize,
  work: usize,
  scratch: usize,
): void {
  const z = work;
  const dZ = at(z, rows * width);
  const s = at(dZ, rows * width);
  const inverseNorm = at(s, rows * rows);
  const positives = at(inverseNorm, rows);
  let anchors = 0;
  for (let i = 0; i < rows; i++) {
    let squares: f32 = 0;
    for (let j = 0; j < width; j++) squares += getF(e, i * width + j) * getF(e, i * width + j);
    const inverse: f32 = <f32>1 / root(max<f32>(squares, 1e-24));
    setF(inverseNorm, i, inverse);
    for (let j = 0; j < width; j++) setF(z, i * width + j, getF(e, i * width + j) * inverse);
    let count = -1; // the row itself is no positive of its own
    for (let j = 0; j < rows; j++) if (load<i8>(labels + <usize>j) == load<i8>(labels + <usize>i)) count++;
    store<i32>(at(positives, i), count);
    if (count > 0) anchors++;
  }
  memory.fill(dE, 0, (<usize>(rows * width)) << 2);
  if (anchors == 0) return;
  matmulNT(rows, rows, width, z, width, z, width, s, rows, 0, 0, 0, scratch);
  const perAnchor: f32 = coef / <f32>anchors;
  let loss: f64 = 0;
  for (let i = 0; i < rows; i++) {
    const row = at(s, i * rows);
    const count = getI(positives, i);
    if (count == 0) {
      memory.fill(row, 0, (<usize>rows) << 2);
      continue;
    }
    let top: f32 = -Infinity;
    for (let j = 0; j < rows; j++) if (j != i) top = max(top, getF(row, j) / temperature);
    let sum: f32 = 0;
    for (let j = 0; j < rows; j++) if (j != i) sum += exp1(getF(row, j) / temperature - top);
    const logSum = top + log1(sum);
    const share: f32 = <f32>1 / <f32>count;
    for (let j = 0; j < rows; j++) {
      if (j == i) {
        setF(row, j, 0);
        continue;
      }
      const l = getF(row, j) / temperature - logSum;
      let d = exp1(l);
      if (load<i8>(labels + <usize>j) == load<i8>(labels + <usize>i)) {
        loss -= <f64>(share * l);
        d -= share;
      }
      setF(row, j, (perAnchor / temperature) * d);
    }
  }
  store<f64>(stats, load<f64>(stats) + <f64>perAnchor * loss);
  // s_ij depends on both z_i and z_j: dZ = (S + S^T) Z.
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < i; j++) {
      const both = getF(s, i * rows + j) + getF(s, j * rows + i);
      setF(s, i * rows + j, both);
      setF(s, j * rows + i, both);
    }
  }
  matmulNN(rows, width, rows, s, rows, z, width, dZ, width, 0, 0, scratch);
  for (let i = 0; i < rows; i++) {
    let radial: f32 = 0;
    for (let j = 0; j < width; j++) radial += getF(z, i * width + j) * getF(dZ, i * width + j);
    const inverse = getF(inverseNorm, i);
    for (let j = 0; j < width; j++)
      setF(dE, i * width + j, (getF(dZ, i * width + j) - radial * getF(z, i * width + j)) * inverse);
  }
}
