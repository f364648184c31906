import { type Source, sourceOf } from './embedding.ts';
import { fanInUniform } from './linear.ts';
import type { Builder, GradientPart, Parameter, Tensor } from './network.ts';

/**
 * A linear layer over the concatenated slot embeddings of each row: y[row] (+)= sum over slots of (slot's embedding) W_slot + b, with W
 * `name.weight` [table width, slots * width] (slot-major columns) and, if `bias`, b `name.bias` [width].
 *
 * The products of every token with every W_slot are made once per version of the weights, so that a row costs one vector addition per token:
 * the sums of a dense layer, reassociated. `finish` turns the gradient of that table into those of W and of the embeddings.
 */
export function slotLinear(
  b: Builder,
  name: string,
  source: Source,
  table: Parameter,
  width: number,
  options: { readonly bias?: boolean; readonly into?: Tensor } = {},
): Tensor {
  const { kernels } = b.arena;
  const { features, offsets, slots, rows, slotRows } = sourceOf(b, source);
  const [vocabulary, tokenWidth] = table.shape;
  const columns = slots * width;
  const weight = b.parameter(`${name}.weight`, [tokenWidth, columns], fanInUniform(slots * tokenWidth));
  const bias = (options.bias ?? true) ? b.parameter(`${name}.bias`, [width], fanInUniform(slots * tokenWidth)) : null;
  const products = b.derived(vocabulary * columns);
  const y = options.into ?? b.tensor(rows, width);
  const writeMode = b.write(y);
  if (bias && writeMode === 1)
    throw new Error(`slotLinear: only the first writer of a tensor may have a bias, got ${name}; pass bias: false`);
  const dense = b.tensor(slotRows, tokenWidth);
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
      kernels.embeddingBagBackward(n, width, features, offsets, y.grad, g + products.offset);
      if (bias) kernels.columnSum(n, width, y.grad, width, g + bias.offset, 1);
    },
    finish(w, g) {
      const d = g + products.offset;
      const s = b.scratch();
      kernels.matmulTN(
        tokenWidth,
        columns,
        vocabulary,
        w + table.offset,
        tokenWidth,
        d,
        columns,
        g + weight.offset,
        columns,
        1,
        0,
        s,
      );
      kernels.matmulNT(
        vocabulary,
        tokenWidth,
        columns,
        d,
        columns,
        w + weight.offset,
        columns,
        g + table.offset,
        tokenWidth,
        1,
        0,
        0,
        s,
      );
    },
    gradientParts(w) {
      const n = b.rowCount(rows);
      const x = dense.value;
      const dx = dense.grad;
      kernels.slotEmbedding(n, slots, tokenWidth, features, offsets, w + table.offset, x);
      for (let slot = 0; slot < slots; slot++) {
        const slotWeight = w + weight.offset + slot * width * 4;
        const out = dx + slot * tokenWidth * 4;
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
        // As a dense layer over the concatenated slots; the order of W's elements does not change inner products.
        [weight, { kind: 'outer', rows, x, width: slots * tokenWidth, d: y.grad, dWidth: width }],
        [table, { kind: 'scatter', source, d: dx, dWidth: tokenWidth }],
      ];
      if (bias) parts.push([bias, { kind: 'sum', rows, d: y.grad, dWidth: width, period: 1 }]);
      return parts;
    },
  });
  return y;
}
