/**
 * Muon for the hidden matrices of a network, AdamW for all other parameters (Jordan et al., 2024; `torch.optim.Muon`).
 * The update of a matrix is its momentum with all singular values moved close to 1, by Newton-Schulz iterations.
 */
import { type Arena, matmulScratchBytes } from '../kernels/arena.ts';
import { matrix, multiply, multiplyByTransposed, multiplyTransposed, view } from '../kernels/matrices.ts';
import type { Network, Parameter } from '../layers/network.ts';
import type { Policy } from '../policy/policy.ts';
import type { Step } from './update.ts';

/** Coefficients of the iteration X <- a X + (b X X^T + c (X X^T)^2) X, and the number of iterations. */
const [A, B, C] = [3.4445, -4.775, 2.0315];
const ITERATIONS = 5;

/** Smallest norm by which the momentum is divided. */
const LEAST_NORM = 1e-7;

/**
 * Factor on the update, times the root of the larger dimension: the root mean square of the update is then about that
 * of AdamW (Liu et al., 2025, arXiv 2502.16982), so that one learning rate fits both.
 */
const RMS = 0.2;

/** Settings of Muon. */
export interface MuonSettings {
  /** Decay rate of the mean of the gradient. */
  readonly momentum: number;
  /** Learning rate of the matrices divided by that of the other parameters. */
  readonly rate: number;
}

/**
 * A hidden matrix M [rows, columns] of a layer y = x M. Its parameter holds M, or, for concatenated slots, the blocks
 * of rows of M side by side.
 */
export interface HiddenMatrix {
  readonly parameter: Parameter;
  readonly rows: number;
  readonly columns: number;
}

/**
 * The matrices that Muon updates. Not among them are, as published: vectors, embedding tables, matrices that read an
 * input of the network, and heads, which are matrices of one column.
 */
export function hiddenMatrices(network: Network, weights: number): HiddenMatrix[] {
  const matrices: HiddenMatrix[] = [];
  for (const [parameter, part] of network.gradientParts(weights)) {
    if (part.kind !== 'outer' || part.input) continue;
    const { width: rows, dWidth: columns } = part;
    if (rows > 1 && columns > 1 && matrices.every((other) => other.parameter !== parameter))
      matrices.push({ parameter, rows, columns });
  }
  return matrices;
}

/** Buffers for the largest of the matrices. */
interface Buffers {
  readonly x: number;
  readonly next: number;
  readonly square: number;
  readonly polynomial: number;
  readonly scratch: number;
}

function placeBuffers(arena: Arena, matrices: readonly HiddenMatrix[]): Buffers {
  const most = (of: (m: HiddenMatrix) => number): number => Math.max(1, ...matrices.map(of));
  const size = most(({ parameter }) => parameter.size);
  const square = most(({ rows, columns }) => Math.min(rows, columns) * Math.min(rows, columns));
  const longest = most(({ rows, columns }) => Math.max(rows, columns));
  return {
    x: arena.floats(size),
    next: arena.floats(size),
    square: arena.floats(square),
    polynomial: arena.floats(square),
    scratch: arena.reserve(matmulScratchBytes(256, longest)),
  };
}

/** Copies M from the layout of its parameter at `from` to rows at `to`, or back. */
function copyBlocks(arena: Arena, { parameter, rows, columns }: HiddenMatrix, from: number, to: number, back: boolean) {
  const [height, stride] = parameter.shape;
  for (let row = 0; row < rows; row++) {
    const slot = Math.floor(row / height);
    const inParameter = 4 * ((row - slot * height) * stride + slot * columns);
    const inRows = 4 * row * columns;
    arena.copy(to + (back ? inParameter : inRows), from + (back ? inRows : inParameter), 4 * columns);
  }
}

/**
 * Newton-Schulz iterations on X [rows, columns] at `buffers.x`, of Frobenius norm at most 1. The product with the
 * smaller of X X^T and X^T X is computed: (X X^T) X = X (X^T X).
 *
 * @returns the address of the result, one of the buffers
 */
function orthogonalise({ kernels }: Arena, rows: number, columns: number, buffers: Buffers): number {
  const { square, polynomial, scratch } = buffers;
  const n = Math.min(rows, columns);
  const [s, p, s2] = [view(matrix(n), square, n), view(matrix(n), polynomial, n), view(matrix(n), square, n)];
  const [x, y] = [view(matrix(columns), buffers.x, rows), view(matrix(columns), buffers.next, rows)];
  for (let i = 0; i < ITERATIONS; i++) {
    if (rows > columns) multiplyTransposed(kernels, x, x, s, 0, 0, scratch);
    else multiplyByTransposed(kernels, x, x, s, 0, 0, 0, scratch);
    multiply(kernels, s, s2, p, 0, 0, scratch);
    kernels.scaleBy(polynomial, n * n, C);
    kernels.addScaled(n * n, B, square, polynomial, 1);
    kernels.addScaled(rows * columns, A, x.at, y.at, 0);
    if (rows > columns) multiply(kernels, x, p, y, 1, 0, scratch);
    else multiply(kernels, p, x, y, 1, 0, scratch);
    [x.at, y.at] = [y.at, x.at];
  }
  return x.at;
}

/** The parts of the vector of parameters between the matrices, as offsets and numbers of floats. */
function partsBetween({ size }: Network, matrices: readonly HiddenMatrix[]): [offset: number, floats: number][] {
  const parts: [number, number][] = [];
  let from = 0;
  for (const { offset, size: own } of matrices.map(({ parameter }) => parameter).sort((a, b) => a.offset - b.offset)) {
    if (offset > from) parts.push([from, (offset - from) / 4]);
    from = offset + 4 * own;
  }
  if (size * 4 > from) parts.push([from, size - from / 4]);
  return parts;
}

/**
 * The step of a learner: for each hidden matrix, with gradient G and learning rate r = rate lr,
 *   V = momentum V + (1 - momentum) G;  O = NS((1 - momentum) G + momentum V)
 *   M -= r (0.2 sqrt(max(rows, columns)) O + decay M)
 * and AdamW for all other parameters. V is in the first moment; the second moment of a matrix stays 0. Allocates its
 * buffers in the arena of the policy.
 */
export function muonStep({ arena, network, weights }: Policy, { momentum, rate }: MuonSettings): Step {
  const { kernels } = arena;
  const matrices = hiddenMatrices(network, weights);
  const others = partsBetween(network, matrices);
  const buffers = placeBuffers(arena, matrices);

  function stepMatrix(hidden: HiddenMatrix, w: number, g: number, v: number, lr: number, decay: number): void {
    const { rows, columns, parameter } = hidden;
    const n = rows * columns;
    const inBlocks = parameter.shape[0] !== rows;
    kernels.scaleBy(v, n, momentum);
    kernels.addScaled(n, 1 - momentum, g, v, 1);
    const mixed = inBlocks ? buffers.next : buffers.x;
    kernels.addScaled(n, 1 - momentum, g, mixed, 0);
    kernels.addScaled(n, momentum, v, mixed, 1);
    if (inBlocks) copyBlocks(arena, hidden, mixed, buffers.x, false);
    const norm = Math.sqrt(kernels.sumOfSquares(buffers.x, n));
    kernels.scaleBy(buffers.x, n, 1 / Math.max(norm, LEAST_NORM));
    let update = orthogonalise(arena, rows, columns, buffers);
    if (inBlocks) {
      const free = update === buffers.x ? buffers.next : buffers.x;
      copyBlocks(arena, hidden, update, free, true);
      update = free;
    }
    kernels.scaleBy(w, n, 1 - lr * decay);
    kernels.addScaled(n, -lr * RMS * Math.sqrt(Math.max(rows, columns)), update, w, 1);
  }

  return (_, w, g, m, v, lr, beta1, beta2, epsilon, decay, correction1, correction2) => {
    for (const [at, n] of others) {
      kernels.adamw(
        ...([n, w + at, g + at, m + at, v + at, lr, beta1, beta2, epsilon, decay, correction1, correction2] as const),
      );
    }
    for (const hidden of matrices) {
      const { offset } = hidden.parameter;
      stepMatrix(hidden, w + offset, g + offset, m + offset, rate * lr, decay);
    }
  };
}
