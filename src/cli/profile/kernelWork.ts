/**
 * Operations and bytes of a call of each kernel, for profiles.
 *
 * Operations are the floating-point multiplications, additions, divisions and roots of the formula, with each value
 * computed once; comparisons and integer operations count 0. A product of m x k with k x n counts 2 m n k; exp counts
 * 20, log 29 and tanh 21, as their polynomials in assembly/math.ts. Bytes are those of every operand read and every
 * result written, once each, and of table rows once per look-up; scratch memory and packed copies count 0.
 */
import { index32 } from '../../engine/kernels/address.ts';
import type { Kernels } from '../../engine/kernels/load.ts';

export interface Work {
  readonly operations: number;
  readonly bytes: number;
}

/** Views of the memory of the kernels after the call; addresses among the arguments point into it. */
export interface Views {
  readonly f32: Float32Array;
  readonly i32: Int32Array;
  readonly i8: Int8Array;
}

export type KernelName = Exclude<keyof Kernels, 'memory'>;

type Count = (args: readonly number[], views: Views) => Work;

const EXP = 20;
const LOG = 29;
const TANH = 21;
const SIGMOID = EXP + 2;
const GELU = TANH + 8;
const GELU_DERIVATIVE = TANH + 16;

/** Operations per element, by the number that the kernel uses for the activation. */
const forwardOperations: readonly number[] = [0, TANH, 0, GELU];
const backwardOperations: readonly number[] = [0, 3, 1, GELU_DERIVATIVE + 1];

const nothing: Count = () => ({ operations: 0, bytes: 0 });

/** Accesses per element of an output that is overwritten (mode 0: 1) or added to (mode 1: 2). */
const touches = (mode: number): number => (mode === 1 ? 2 : 1);

/** offsets[n], the end of the last of n runs. */
const end = ({ i32 }: Views, offsets: number, n: number): number => i32[index32(offsets) + n];

/** Features of rows 0 .. rows - 1. */
const span = (views: Views, offsets: number, rows: number): number =>
  end(views, offsets, rows) - end(views, offsets, 0);

/** Number of rows of n samples or groups; without offsets each has `unit` rows. */
const rowsOf = (views: Views, offsets: number, n: number, unit: number): number =>
  (offsets ? end(views, offsets, n) : n) * unit;

/** Number of rows of n samples that begin at any offset. */
const rowsBetween = ({ i32 }: Views, offsets: number, n: number): number =>
  i32[index32(offsets) + n] - i32[index32(offsets)];

/** Number of bytes among n that satisfy `test`. */
function countBytes({ i8 }: Views, at: number, n: number, test: (byte: number) => boolean): number {
  let found = 0;
  for (let i = at; i < at + n; i++) if (test(i8[i])) found++;
  return found;
}

const isSet = (byte: number): boolean => byte !== 0;
const isLabel = (byte: number): boolean => byte >= 0;
const isGood = (byte: number): boolean => byte === 1;

/** C[m,n] from A[m,k] and B[k,n] in any layout. Mode 2 starts from a bias. */
const product: Count = ([m, n, k, , , , , , , mode]) => ({
  operations: 2 * m * n * k,
  bytes: 4 * (m * k + k * n + m * n * touches(mode) + (mode === 2 ? n : 0)),
});

const elementwise =
  (place: number, operations: number, floats: number): Count =>
  (args) => ({ operations: operations * args[place], bytes: 4 * floats * args[place] });

const scalar =
  (operations: number): Count =>
  () => ({ operations, bytes: 0 });

/** Counts of every kernel that assembly/index.ts exports, from its arguments in their order. */
export const kernelWork: Readonly<Record<KernelName, Count>> = {
  activationForward: ([kind, , , n]) => ({ operations: forwardOperations[kind] * n, bytes: 8 * n }),
  activationBackward: ([kind, , , n]) => ({ operations: backwardOperations[kind] * n, bytes: 12 * n }),
  adamw: elementwise(0, 16, 7),
  sumOfSquares: elementwise(1, 2, 1),
  attentionForward([groups, heads, width, keys, offsets, unit], views) {
    const queries = rowsOf(views, offsets, groups, unit);
    const scores = queries * heads * keys;
    return {
      operations: 4 * queries * keys * width + (EXP + 4) * scores + queries * heads,
      bytes: 4 * (2 * queries * width + 2 * groups * keys * width + scores) + groups * keys,
    };
  },
  attentionBackward([groups, heads, width, keys, offsets, unit], views) {
    const queries = rowsOf(views, offsets, groups, unit);
    const scores = queries * heads * keys;
    return {
      operations: 8 * queries * keys * width + 5 * scores,
      bytes: 4 * (3 * queries * width + 4 * groups * keys * width + scores),
    };
  },
  matchForward([groups, width, keys, offsets, unit], views) {
    const queries = rowsOf(views, offsets, groups, unit);
    return {
      operations: 2 * queries * keys * width,
      bytes: 4 * (queries * width + groups * keys * width + queries * keys),
    };
  },
  matchBackward([groups, width, keys, offsets, unit], views) {
    const queries = rowsOf(views, offsets, groups, unit);
    return {
      operations: 4 * queries * keys * width,
      bytes: 4 * (2 * queries * width + 2 * groups * keys * width + queries * keys),
    };
  },
  indexBatch([states, rowOffsets, , stateSlots, , stateOffsets, , actionSlots, , actionOffsets], views) {
    const rows = end(views, rowOffsets, states);
    const features = (stateSlots ? end(views, stateOffsets, states) : 0) + end(views, actionOffsets, rows);
    return { operations: 0, bytes: 4 * (features + 2 * states + 2 * rows) + states * stateSlots + rows * actionSlots };
  },
  gatherStates([states, , , , , , , width, , rowOffsets, stateOffsets, , actionOffsets], views) {
    const rows = end(views, rowOffsets, states);
    const features = end(views, stateOffsets, states) + end(views, actionOffsets, rows);
    return { operations: 0, bytes: 8 * (features + states * width) + 4 * (6 * states + 2 * rows) };
  },
  recogniseStates([from, to, , , , width, rowOffsets, stateOffsets, , actionOffsets], views) {
    const [states, { i32 }] = [to - from, views];
    const rows = rowsBetween(views, rowOffsets + 4 * from, states);
    const ofStates = rowsBetween(views, stateOffsets + 4 * from, states);
    const ofActions = rowsBetween(views, actionOffsets + 4 * i32[index32(rowOffsets) + from], rows);
    return { operations: 0, bytes: 4 * (2 * (ofStates + ofActions) + states * (width + 5) + rows) };
  },
  gatherRowValues([states, , , , toRowOffsets], views) {
    return { operations: 0, bytes: 4 * (2 * end(views, toRowOffsets, states) + 4 * states + 1) };
  },
  scatterRowValues([states, order, rowOffsets], views) {
    const { i32 } = views;
    let rows = 0;
    for (let i = 0; i < states; i++) rows += rowsBetween(views, rowOffsets + 4 * i32[index32(order) + i], 1);
    return { operations: 0, bytes: 4 * (2 * rows + 3 * states) };
  },
  binaryCrossEntropy([rows, , labels, , , , , counts], views) {
    const labelled = countBytes(views, labels, rows, isLabel);
    return { operations: (SIGMOID + EXP + LOG + 11) * labelled, bytes: rows * (counts ? 13 : 9) };
  },
  contrastiveLoss([rows, width]) {
    const pairs = rows * (rows - 1);
    return {
      operations: 4 * rows * rows * width + (2 * EXP + 5.5) * pairs + 8 * rows * width + (LOG + 4) * rows,
      bytes: 4 * 2 * rows * width + rows,
    };
  },
  cloningLoss([states, offsets, , labels, weights], views) {
    const { i32, f32 } = views;
    let operations = 0;
    let rows = 0;
    for (let n = 0; n < states; n++) {
      if (f32[index32(weights) + n] === 0) continue;
      const from = i32[index32(offsets) + n];
      const actions = i32[index32(offsets) + n + 1] - from;
      const good = countBytes(views, labels + from, actions, isGood);
      operations += (2 * EXP + 4) * good + (EXP + 2) * actions + LOG + 4;
      rows += actions;
    }
    return { operations, bytes: 13 * rows + 4 * (2 * states + 1) };
  },
  logProbGradient([states, offsets], views) {
    const rows = span(views, offsets, states);
    return { operations: (EXP + 1) * rows, bytes: 4 * (2 * rows + 2 * states + 1) };
  },
  logSoftmax([states, offsets, , mask], views) {
    const rows = span(views, offsets, states);
    return {
      operations: (EXP + 5) * rows + LOG * states,
      bytes: 4 * (2 * rows + states + 1) + (mask ? rows : 0),
    };
  },
  policyLoss([states, offsets, , , , ref, , , , , , , , , sampleOffsets], views) {
    const rows = span(views, offsets, states);
    const samples = sampleOffsets ? span(views, sampleOffsets, states) : states;
    const indices = (states + 1) * (sampleOffsets ? 2 : 1);
    return {
      operations: (EXP + 8) * rows + (EXP + 18 + (ref ? EXP + 6 : 0)) * samples,
      bytes: 4 * (2 * rows + (ref ? 5 : 4) * samples + indices),
    };
  },
  policyKl([states, offsets], views) {
    const rows = span(views, offsets, states);
    return { operations: (2 * EXP + 6) * rows + 3 * states, bytes: 4 * (4 * rows + 2 * states + 1) };
  },
  sampleActions([states, offsets], views) {
    const rows = span(views, offsets, states);
    return { operations: (EXP + 1) * rows + 2 * states, bytes: 4 * (rows + 4 * states + 1) };
  },
  addPeriodic: ([groups, size, width]) => ({
    operations: groups * size * width,
    bytes: 4 * (2 * groups + 1) * size * width,
  }),
  embeddingBag([rows, width, , offsets, , , mode], views) {
    const features = span(views, offsets, rows);
    const out = rows * width * touches(mode) + (mode === 2 ? width : 0);
    return { operations: features * width, bytes: 4 * (features * (width + 1) + rows + 1 + out) };
  },
  embeddingBagBackward([rows, width, , offsets, , , touched], views) {
    const features = span(views, offsets, rows);
    const bytes = 4 * (features * (2 * width + 1) + rows + 1 + rows * width) + (touched ? features : 0);
    return { operations: features * width, bytes };
  },
  slotEmbedding([rows, slots, width, , offsets], views) {
    const features = span(views, offsets, rows);
    return { operations: features * width, bytes: 4 * (features * (width + 1) + rows + 1 + rows * slots * width) };
  },
  slotEmbeddingBackward([rows, , width, , offsets], views) {
    const features = span(views, offsets, rows);
    return { operations: features * width, bytes: 4 * (features * (3 * width + 1) + rows + 1) };
  },
  gatherRows: ([rows, width, , , , mode]) => ({
    operations: mode ? rows * width : 0,
    bytes: 4 * rows * (1 + width * (1 + touches(mode))),
  }),
  scatterRows: ([rows, width, , , , mode]) => ({
    operations: mode ? rows * width : 0,
    bytes: 4 * rows * (1 + width * (1 + touches(mode))),
  }),
  segmentSum([groups, width, offsets, unit, , , mode], views) {
    const rows = offsets ? span(views, offsets, groups) * unit : groups * unit;
    const out = groups * width * touches(mode) + (offsets ? groups + 1 : 0);
    return { operations: rows * width, bytes: 4 * (rows * width + out) };
  },
  meanPool([groups, slots, width, mask, , , mode], views) {
    const filled = countBytes(views, mask, groups * slots, isSet);
    return {
      operations: (filled + groups * touches(mode)) * width + groups,
      bytes: groups * slots + 4 * width * (filled + groups * touches(mode)),
    };
  },
  meanPoolBackward([groups, slots, width, mask, , , mode], views) {
    const filled = countBytes(views, mask, groups * slots, isSet);
    return {
      operations: touches(mode) * filled * width + groups,
      bytes: groups * slots + 4 * width * (groups + groups * slots * touches(mode)),
    };
  },
  gramPairwise([ni, offsetsI, , , nj, offsetsJ, , , kx, kd], views) {
    const left = rowsBetween(views, offsetsI, ni);
    const right = rowsBetween(views, offsetsJ, nj);
    return {
      operations: left * right * (2 * (kx + kd) + 2),
      bytes: 4 * ((left + right) * (kx + kd) + ni * nj),
    };
  },
  gramRows([ni, , , nj, , , kx, kd, above, k, kBias, bias]) {
    let products = 0;
    for (let r = 0; r < ni; r++) products += Math.max(0, nj - Math.max(0, r - above));
    return {
      operations: products * (2 * (kx + kd) + (bias ? 3 : 2)),
      bytes: 4 * ((ni + nj) * (kx + kd) + products * (4 + (k ? 1 : 0) + (kBias ? 1 : 0))),
    };
  },
  mirrorTile: ([ni, nj, , , , , , shift]) => ({ operations: 0, bytes: 2 * ni * nj * (1 << shift) }),
  gramAdd: ([ni, nj]) => ({ operations: ni * nj, bytes: 20 * ni * nj }),
  gramPut: ([ni, nj]) => ({ operations: 0, bytes: 16 * ni * nj }),
  cholesky: ([n]) => ({ operations: (n * (n + 1) * (n + 2)) / 3, bytes: 8 * n * (n + 1) }),
  choleskySolve: ([n]) => ({ operations: n * (2 * n + 1), bytes: 8 * n * (n + 3) }),
  perSampleOuter([n, offsets, unit, , kx, , kd, , , mode], views) {
    const rows = rowsOf(views, offsets, n, unit);
    return { operations: 2 * rows * kx * kd, bytes: 4 * (rows * (kx + kd) + n * kx * kd * touches(mode)) };
  },
  perSampleSum([n, offsets, unit, period, width], views) {
    const rows = rowsOf(views, offsets, n, unit);
    return { operations: rows * width, bytes: 4 * width * (rows + 2 * n * period) };
  },
  perSampleProduct([n, offsets, unit, width], views) {
    const rows = rowsOf(views, offsets, n, unit);
    return { operations: 2 * rows * width, bytes: 8 * width * (rows + n) };
  },
  perSampleScatter([n, offsets, , featureOffsets, , width], views) {
    const features = end(views, featureOffsets, rowsOf(views, offsets, n, 1)) - end(views, featureOffsets, 0);
    return { operations: features * width, bytes: 4 * features * (3 * width + 1) };
  },
  layerNormForward: ([rows, width]) => ({
    operations: rows * (7 * width + 5),
    bytes: 4 * (rows * (3 * width + 1) + 2 * width),
  }),
  layerNormBackward: ([rows, width, , , , , , mode]) => ({
    operations: rows * ((9 + touches(mode)) * width + 2),
    bytes: 4 * (rows * ((2 + touches(mode)) * width + 1) + 5 * width),
  }),
  exp1: scalar(EXP),
  log1: scalar(LOG),
  sigmoid1: scalar(SIGMOID),
  columnSum: ([m, n, , , , mode]) => ({ operations: m * n, bytes: 4 * n * (m + touches(mode)) }),
  matmulNN: product,
  matmulNT(args, views) {
    const [m, n, , , , , , , , , kind] = args;
    const { operations, bytes } = product(args, views);
    return kind
      ? { operations: operations + backwardOperations[kind] * m * n, bytes: bytes + 4 * m * n }
      : { operations, bytes };
  },
  matmulTN(args, views) {
    const [, n, k, , , , , , , , sums] = args;
    const { operations, bytes } = product(args, views);
    return sums ? { operations: operations + k * n, bytes: bytes + 8 * n } : { operations, bytes };
  },
  addInto: elementwise(2, 1, 3),
  addRows([rows, width, , , , touched], views) {
    const added = countBytes(views, touched, rows, isSet);
    return { operations: added * width, bytes: rows + added * (1 + 12 * width) };
  },
  clearRows: ([rows, width, , touched], views) => ({
    operations: 0,
    bytes: rows + 4 * width * countBytes(views, touched, rows, isSet),
  }),
  addScaled: ([n, , , , mode]) => ({ operations: n * touches(mode), bytes: 4 * n * (1 + touches(mode)) }),
  copyRows: ([rows, bytes]) => ({ operations: 0, bytes: 2 * rows * bytes }),
  copyBytes: ([, , bytes]) => ({ operations: 0, bytes: 2 * bytes }),
  fill: elementwise(1, 0, 1),
  scaleBy: elementwise(1, 1, 2),
  heapBase: nothing,
  distinctPairs([states, , rowOffsets, actionOffsets, , , offsets], views) {
    const rows = span(views, rowOffsets, states);
    const features = span(views, actionOffsets, rows);
    const pairs = span(views, offsets, states);
    return { operations: 0, bytes: 4 * (2 * features + rows + 3 * pairs + 2 * (states + 1)) };
  },
  permute: elementwise(2, 0, 5),
  randomUniform: elementwise(2, 3, 1),
  // One try each; about one in five needs another.
  randomNormal: elementwise(2, 14 + LOG, 1),
};
