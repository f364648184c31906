import { checkKeys } from '../../check/values.ts';
import { index32 } from '../kernels/address.ts';
import { matrix, multiply, multiplyByTransposed, multiplyTransposed, view } from '../kernels/matrices.ts';
import { type Source, sourceOf } from './embedding.ts';
import { fanInUniform, type LinearOptions } from './linear.ts';
import type { Builder, GradientPart, Layer, Parameter, RowTable, Tensor } from './network.ts';

interface SlotProducts extends Required<Pick<Layer, 'prepare' | 'finish'>> {
  readonly table: RowTable;
}

/**
 * The products of every token of `table` with the columns of `weight` of every slot: a derived table
 * [vocabulary * slots, width], row token * slots + slot.
 */
function slotProducts(b: Builder, table: Parameter, weight: Parameter, slots: number, width: number): SlotProducts {
  const { arena } = b;
  const { kernels } = arena;
  const [vocabulary, tokenWidth] = table.shape;
  const columns = slots * width;
  const products = b.derivedRows(vocabulary * slots, width);
  // Buffers for one slot at a time: its tokens, their rows in the table of products, and the rows of both tables and of
  // their gradients.
  const [tokens, tokenSlots] = [arena.floats(vocabulary), arena.floats(vocabulary)];
  const [x, dX] = [arena.floats(vocabulary * tokenWidth), arena.floats(vocabulary * tokenWidth)];
  const d = arena.floats(vocabulary * width);
  const [allTokens, allWeights, allProducts] = [matrix(tokenWidth), matrix(columns), matrix(columns)];
  const [slotTokens, dSlotTokens, dProducts] = [matrix(tokenWidth), matrix(tokenWidth), matrix(width)];
  const [slotWeight, dSlotWeight] = [matrix(width, columns), matrix(width, columns)];
  b.needMatmul(tokenWidth, columns, vocabulary);
  b.needMatmul(columns, tokenWidth, width);

  /** Finds the tokens that the slot held, in ascending order, and returns their number. */
  function findTokens(g: number, slot: number): number {
    const { u8, i32 } = arena;
    let n = 0;
    for (let token = 0, row = slot; token < vocabulary; token++, row += slots) {
      if (u8[g + products.touched + row] === 0) continue;
      i32[index32(tokens) + n] = token;
      i32[index32(tokenSlots) + n++] = row;
    }
    return n;
  }

  return {
    table: products,
    prepare(w) {
      view(allTokens, w + table.offset, vocabulary);
      view(allWeights, w + weight.offset, tokenWidth);
      view(allProducts, w + products.offset, vocabulary);
      multiply(kernels, allTokens, allWeights, allProducts, 0, 0, b.scratch());
    },
    finish(w, g) {
      const s = b.scratch();
      // A row that no token touched is zero and would not change a sum. The remaining terms keep the order of the whole
      // tables.
      for (let slot = 0; slot < slots; slot++) {
        const n = findTokens(g, slot);
        if (n === 0) continue;
        const at = weight.offset + slot * width * 4;
        kernels.gatherRows(n, tokenWidth, tokens, w + table.offset, x, 0);
        kernels.gatherRows(n, width, tokenSlots, g + products.offset, d, 0);
        view(dProducts, d, n);
        view(slotTokens, x, n);
        multiplyTransposed(kernels, slotTokens, dProducts, view(dSlotWeight, g + at, tokenWidth), 1, 0, s);
        kernels.gatherRows(n, tokenWidth, tokens, g + table.offset, dX, 0);
        view(slotWeight, w + at, tokenWidth);
        multiplyByTransposed(kernels, dProducts, slotWeight, view(dSlotTokens, dX, n), 1, 0, 0, s);
        kernels.scatterRows(n, tokenWidth, tokens, dX, g + table.offset, 0);
      }
    },
  };
}

/**
 * A linear layer over the concatenated slot embeddings of each row: y[row] (+)= sum over slots of (embedding of the
 * slot) W_slot + b, with W `name.weight` [table width, slots * width] (slot-major columns) and, if `bias`, b
 * `name.bias` [width].
 *
 * The products of every token with every W_slot are computed once per version of the weights, so that a row costs one
 * vector addition per token. The result has the sums of a dense layer in another order of addition. `finish` converts
 * the gradient of the table of products to those of W and of the embeddings.
 */
export function slotLinear(
  b: Builder,
  name: string,
  source: Source,
  table: Parameter,
  width: number,
  options: LinearOptions = {},
): Tensor {
  checkKeys('slotLinear', 'options', options, { bias: 1, into: 1, init: 1, biasInit: 1 });
  const { kernels } = b.arena;
  const { features, offsets, slots, rows, slotRows } = sourceOf(b, source);
  const [, tokenWidth] = table.shape;
  const columns = slots * width;
  const usual = fanInUniform(slots * tokenWidth);
  const weight = b.parameter(`${name}.weight`, [tokenWidth, columns], options.init ?? usual);
  const bias = (options.bias ?? true) ? b.parameter(`${name}.bias`, [width], options.biasInit ?? usual) : null;
  const y = options.into ?? b.tensor(rows, width);
  const writeMode = b.write(y);
  if (bias && writeMode === 1)
    throw new Error(`slotLinear: only the first writer of a tensor may have a bias, got ${name}; pass bias: false`);
  const { table: products, prepare, finish } = slotProducts(b, table, weight, slots, width);
  const dense = b.tensor(slotRows, tokenWidth);
  const dOutput = matrix(width);
  const slotWeight = matrix(width, columns);
  const dSlot = matrix(tokenWidth, slots * tokenWidth);

  /** Writes the slot embeddings of the batch and their gradients to `dense`. */
  function fillDense(w: number): void {
    const n = b.rowCount(rows);
    kernels.slotEmbedding(n, slots, tokenWidth, features, offsets, w + table.offset, dense.value);
    view(dOutput, y.grad, n);
    for (let slot = 0; slot < slots; slot++) {
      view(slotWeight, w + weight.offset + slot * width * 4, tokenWidth);
      view(dSlot, dense.grad + slot * tokenWidth * 4, n);
      multiplyByTransposed(kernels, dOutput, slotWeight, dSlot, 0, 0, 0, b.scratch());
    }
  }

  b.add({
    prepare,
    forward(w) {
      const t = w + products.offset;
      const mode = bias ? 2 : writeMode;
      const start = bias ? w + bias.offset : 0;
      kernels.embeddingBag(b.rowCount(rows), width, features, offsets, t, y.value, mode, start);
    },
    backward(_, g) {
      if (!g) return;
      const n = b.rowCount(rows);
      kernels.embeddingBagBackward(n, width, features, offsets, y.grad, g + products.offset, g + products.touched);
      if (bias) kernels.columnSum(n, width, y.grad, width, g + bias.offset, 1);
    },
    finish,
    gradientParts(w) {
      fillDense(w);
      const parts: [Parameter, GradientPart][] = [
        // As in a dense layer over the concatenated slots; the order of the elements of W does not change inner
        // products.
        [weight, { kind: 'outer', rows, x: dense.value, width: slots * tokenWidth, d: y.grad, dWidth: width }],
        [table, { kind: 'scatter', source, d: dense.grad, dWidth: tokenWidth }],
      ];
      if (bias) parts.push([bias, { kind: 'sum', rows, d: y.grad, dWidth: width, period: 1 }]);
      return parts;
    },
  });
  return y;
}
