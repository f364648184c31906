import { matrix, multiply, multiplyByTransposed, multiplyTransposed, view } from '../kernels/matrices.ts';
import type { Builder, GradientPart, Init, Parameter, Rows, Tensor } from './network.ts';

/** Selects the features of the batch that a layer reads: those of the states or those of the candidate actions. */
export type Source = 'state' | 'action';

/**
 * The features of a source: addresses in the batch, slots per row, and the kinds of rows of the source and of its
 * slots.
 */
export function sourceOf(b: Builder, source: Source) {
  const { batch } = b;
  const rows: Rows = source;
  return source === 'state'
    ? ({
        features: batch.stateFeatures,
        offsets: batch.stateOffsets,
        slots: batch.shape.stateSlots,
        rows,
        slotRows: 'stateSlot',
      } as const)
    : ({
        features: batch.actionFeatures,
        offsets: batch.actionOffsets,
        slots: batch.shape.actionSlots,
        rows,
        slotRows: 'actionSlot',
      } as const);
}

/** The token table `name` [vocabularySize, width]. Several layers can share it. */
export function tokenTable(
  b: Builder,
  name: string,
  width: number,
  init: Init = { kind: 'normal', scale: 0.6 },
): Parameter {
  return b.parameter(name, [b.batch.shape.vocabularySize, width], init);
}

/**
 * x[row, slot] = sum of the embeddings of the tokens of the slot, plus (if `position` is given) a learned vector per
 * slot.
 */
export function slotTokens(b: Builder, source: Source, table: Parameter, position?: string): Tensor {
  const { kernels } = b.arena;
  const { features, offsets, slots, rows, slotRows } = sourceOf(b, source);
  const width = table.shape[1];
  const x = b.tensor(slotRows, width);
  b.write(x);
  const positions = position ? b.parameter(position, [slots, width], { kind: 'normal', scale: 0.1 }) : null;
  b.add({
    forward(w) {
      const n = b.rowCount(rows);
      kernels.slotEmbedding(n, slots, width, features, offsets, w + table.offset, x.value);
      if (positions) kernels.addPeriodic(n, slots, width, w + positions.offset, x.value);
    },
    backward(_, g) {
      if (!g) return;
      const n = b.rowCount(rows);
      kernels.slotEmbeddingBackward(n, slots, width, features, offsets, x.grad, g + table.offset);
      if (positions) kernels.columnSum(n, slots * width, x.grad, slots * width, g + positions.offset, 1);
    },
    gradientParts() {
      const parts: [Parameter, GradientPart][] = [[table, { kind: 'scatter', source, d: x.grad, dWidth: width }]];
      if (positions) parts.push([positions, { kind: 'sum', rows: slotRows, d: x.grad, dWidth: width, period: slots }]);
      return parts;
    },
  });
  return x;
}

/**
 * The product of the table and a weight `name.weight` [table width, width]: a derived table [vocabulary, width] with
 * its backward pass.
 */
export interface ProjectedTable {
  readonly weight: Parameter;
  /**
   * Byte offset of the product in a weight vector, and of its gradient in a gradient vector. Valid after the network is
   * built.
   */
  readonly offset: () => number;
  prepare(w: number): void;
  finish(w: number, g: number): void;
  /**
   * Parts of per-sample gradients. `d` [rows of the slots, width] is the gradient of scale * (embedding of the slot) W.
   * `dense` is a buffer for the embeddings of the slots and their gradients.
   */
  gradientParts(w: number, source: Source, d: number, dense: Tensor): [Parameter, GradientPart][];
}

/** scale * table W, computed once per version of the weights. */
export function projectTable(b: Builder, name: string, table: Parameter, width: number, scale: number): ProjectedTable {
  const { kernels } = b.arena;
  const [vocabulary, tokenWidth] = table.shape;
  const weight = b.parameter(`${name}.weight`, [tokenWidth, width], {
    kind: 'uniform',
    scale: 1 / Math.sqrt(tokenWidth),
  });
  const projected = b.derived(vocabulary * width);
  b.needMatmul(tokenWidth, width, vocabulary);
  const [tokens, dTokens] = [matrix(tokenWidth), matrix(tokenWidth)];
  const [weights, dWeights] = [matrix(width), matrix(width)];
  const [product, dProduct] = [matrix(width), matrix(width)];
  return {
    weight,
    offset: () => projected.offset,
    prepare(w) {
      const t = w + projected.offset;
      view(tokens, w + table.offset, vocabulary);
      view(weights, w + weight.offset, tokenWidth);
      multiply(kernels, tokens, weights, view(product, t, vocabulary), 0, 0, b.scratch());
      if (scale !== 1) kernels.scaleBy(t, vocabulary * width, scale);
    },
    finish(w, g) {
      const d = g + projected.offset;
      if (scale !== 1) kernels.scaleBy(d, vocabulary * width, scale);
      view(dProduct, d, vocabulary);
      view(tokens, w + table.offset, vocabulary);
      multiplyTransposed(kernels, tokens, dProduct, view(dWeights, g + weight.offset, tokenWidth), 1, 0, b.scratch());
      view(weights, w + weight.offset, tokenWidth);
      view(dTokens, g + table.offset, vocabulary);
      multiplyByTransposed(kernels, dProduct, weights, dTokens, 1, 0, 0, b.scratch());
    },
    gradientParts(w, source, d, dense) {
      const { features, offsets, slots, rows, slotRows } = sourceOf(b, source);
      const n = b.rowCount(rows);
      const x = dense.value;
      const dx = dense.grad;
      kernels.slotEmbedding(n, slots, tokenWidth, features, offsets, w + table.offset, x);
      view(dProduct, d, n * slots);
      view(weights, w + weight.offset, tokenWidth);
      multiplyByTransposed(kernels, dProduct, weights, view(dTokens, dx, n * slots), 0, 0, 0, b.scratch());
      if (scale !== 1) {
        kernels.scaleBy(x, n * slots * tokenWidth, scale);
        kernels.scaleBy(dx, n * slots * tokenWidth, scale);
      }
      return [
        [weight, { kind: 'outer', rows: slotRows, x, width: tokenWidth, d, dWidth: width }],
        [table, { kind: 'scatter', source, d: dx, dWidth: tokenWidth }],
      ];
    },
  };
}

/**
 * y[row, slot] = scale * (embedding of the slot) W, with W `name.weight` [table width, width]. The product of the table
 * and W is computed once per version of the weights and then looked up. The result has the same sums as a product per
 * slot, in another order of addition, at a fraction of the work.
 */
export function slotProjection(
  b: Builder,
  name: string,
  source: Source,
  table: Parameter,
  width: number,
  scale = 1,
): Tensor {
  const { kernels } = b.arena;
  const { features, offsets, slots, rows, slotRows } = sourceOf(b, source);
  const projected = projectTable(b, name, table, width, scale);
  const y = b.tensor(slotRows, width);
  b.write(y);
  // Slot embeddings and their gradients; only per-sample gradients use them.
  const dense = b.tensor(slotRows, table.shape[1]);
  b.add({
    prepare: projected.prepare,
    forward(w) {
      kernels.slotEmbedding(b.rowCount(rows), slots, width, features, offsets, w + projected.offset(), y.value);
    },
    backward(_, g) {
      if (!g) return;
      const d = g + projected.offset();
      kernels.slotEmbeddingBackward(b.rowCount(rows), slots, width, features, offsets, y.grad, d);
    },
    finish: projected.finish,
    gradientParts: (w) => projected.gradientParts(w, source, y.grad, dense),
  });
  return y;
}
