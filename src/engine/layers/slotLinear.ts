import { checkKeys } from '../../check/values.ts';
import { index32 } from '../kernels/address.ts';
import { type Source, sourceOf } from './embedding.ts';
import { fanInUniform, type LinearOptions } from './linear.ts';
import type { Builder, GradientPart, Parameter, Tensor } from './network.ts';

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
  const { arena } = b;
  const { kernels } = arena;
  const { features, offsets, slots, rows, slotRows } = sourceOf(b, source);
  const [vocabulary, tokenWidth] = table.shape;
  const columns = slots * width;
  const usual = fanInUniform(slots * tokenWidth);
  const weight = b.parameter(`${name}.weight`, [tokenWidth, columns], options.init ?? usual);
  const bias = (options.bias ?? true) ? b.parameter(`${name}.bias`, [width], options.biasInit ?? usual) : null;
  const products = b.derivedRows(vocabulary * slots, width);
  const y = options.into ?? b.tensor(rows, width);
  const writeMode = b.write(y);
  if (bias && writeMode === 1)
    throw new Error(`slotLinear: only the first writer of a tensor may have a bias, got ${name}; pass bias: false`);
  const dense = b.tensor(slotRows, tokenWidth);
  // Buffers for one slot at a time: its tokens, their rows in the table of products, and the rows of both tables and of
  // their gradients.
  const [tokens, tokenSlots] = [arena.floats(vocabulary), arena.floats(vocabulary)];
  const [x, dX] = [arena.floats(vocabulary * tokenWidth), arena.floats(vocabulary * tokenWidth)];
  const d = arena.floats(vocabulary * width);

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

  b.needMatmul(tokenWidth, columns, vocabulary);
  b.needMatmul(columns, tokenWidth, width);
  b.add({
    prepare(w) {
      const t = w + products.offset;
      kernels.matmulNN(
        vocabulary,
        columns,
        tokenWidth,
        w + table.offset,
        tokenWidth,
        w + weight.offset,
        columns,
        t,
        columns,
        0,
        0,
        b.scratch(),
      );
    },
    forward(w) {
      const mode = bias ? 2 : writeMode;
      kernels.embeddingBag(
        b.rowCount(rows),
        width,
        features,
        offsets,
        w + products.offset,
        y.value,
        mode,
        bias ? w + bias.offset : 0,
      );
    },
    backward(_, g) {
      if (!g) return;
      const n = b.rowCount(rows);
      kernels.embeddingBagBackward(n, width, features, offsets, y.grad, g + products.offset, g + products.touched);
      if (bias) kernels.columnSum(n, width, y.grad, width, g + bias.offset, 1);
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
        kernels.matmulTN(tokenWidth, width, n, x, tokenWidth, d, width, g + at, columns, 1, 0, s);
        kernels.gatherRows(n, tokenWidth, tokens, g + table.offset, dX, 0);
        kernels.matmulNT(n, tokenWidth, width, d, width, w + at, columns, dX, tokenWidth, 1, 0, 0, s);
        kernels.scatterRows(n, tokenWidth, tokens, dX, g + table.offset, 0);
      }
    },
    gradientParts(w) {
      const n = b.rowCount(rows);
      kernels.slotEmbedding(n, slots, tokenWidth, features, offsets, w + table.offset, dense.value);
      for (let slot = 0; slot < slots; slot++) {
        const slotWeight = w + weight.offset + slot * width * 4;
        const out = dense.grad + slot * tokenWidth * 4;
        kernels.matmulNT(
          n,
          tokenWidth,
          width,
          y.grad,
          width,
          slotWeight,
          columns,
          out,
          slots * tokenWidth,
          0,
          0,
          0,
          b.scratch(),
        );
      }
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
