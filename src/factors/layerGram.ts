/**
 * The Gram matrix of one parameter of a bank, K[i][j] = <g_i, g_j>. The factors are read from the file in blocks of
 * samples, so a bank can be larger than the memory. The bits of the result do not depend on the size of the blocks.
 */
import type { Arena } from '../engine/kernels/arena.ts';
import type { Pieces } from '../eventLoop.ts';
import type { BankLayer, DenseRows } from './bank.ts';
import { addEmbeddings } from './embeddingGram.ts';
import { addComputedGradients, addStoredGradients } from './gradientProducts.ts';
import { addRowPairs } from './rowPairs.ts';

/** Default of the memory for factors, in bytes. */
const BUDGET_BYTES = 256 * 2 ** 20;

/** Largest gradient that is computed from its factors: 8 gradients on each side fit into the default budget. */
const LARGEST_GRADIENT = BUDGET_BYTES / (4 * 16);

/** Whether gradients cost fewer multiplications than pairs of rows, and are not too large. */
function gradientsCostLess({ x, d }: DenseRows, samples: number): boolean {
  const size = x.width * d.width;
  if (size > LARGEST_GRADIENT) return false;
  const pairs = 0.5 * x.rows * x.rows * (x.width + d.width);
  return (x.rows + 0.5 * samples * samples) * size < pairs;
}

/**
 * In pieces: the Gram matrix of a layer, f64[samples, samples].
 *
 * @param budget bytes of memory for factors
 * @throws Error naming the layer if a value or a product is not finite
 */
export function* layerGram(
  arena: Arena,
  layer: BankLayer,
  samples: number,
  budget = BUDGET_BYTES,
): Pieces<Float64Array> {
  const into = new Float64Array(samples * samples);
  const { dense, embedding, gradients } = layer;
  if (dense) {
    const add = gradientsCostLess(dense, samples) ? addComputedGradients : addRowPairs;
    yield* add(arena, dense, samples, into, budget);
  }
  if (embedding) yield* addEmbeddings(arena, embedding, dense, samples, into, budget);
  if (gradients) yield* addStoredGradients(arena, gradients, samples, into);
  const bad = into.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    const pair = `samples ${Math.floor(bad / samples)} and ${bad % samples}`;
    throw new Error(
      `coupling: inner products of gradients must be finite, got ${into[bad]} for ${layer.name} of ${pair}; record the gradients of a model with finite values`,
    );
  }
  return into;
}
