import { index32 } from '../kernels/address.ts';
import { matrix, multiply, multiplyByTransposed, multiplyTransposed, view } from '../kernels/matrices.ts';
import { matchBackward, matchForward } from '../kernels/queryGroups.ts';
import { type ProjectedTable, projectTable } from './embedding.ts';
import { fanInUniform } from './linear.ts';
import type { Builder, GradientPart, Parameter, Tensor } from './network.ts';

/**
 * Buffers for the pairs of the batch. A pair is a distinct (slot, token) of the candidate actions of a state; see
 * assembly/pairs.ts.
 */
function createPairs(b: Builder) {
  const { arena, batch } = b;
  const { actionSlots, vocabularySize } = batch.shape;
  const most = batch.room.actionFeatures;
  const offsets = arena.floats(batch.room.states + 1);
  const [tokens, order, position, at] = Array.from({ length: 4 }, () => arena.floats(most));
  const latest = arena.floats(vocabularySize * actionSlots);
  const slotOffsets = arena.floats(actionSlots + 2);
  return {
    most,
    offsets,
    tokens,
    order,
    position,
    at,
    count: () => arena.i32[index32(offsets) + batch.states],
    slotStart: (slot: number) => arena.i32[index32(slotOffsets) + slot],
    find() {
      const { states, rowOffsets, actionOffsets, actionFeatures } = batch;
      arena.kernels.distinctPairs(
        states,
        actionSlots,
        rowOffsets,
        actionOffsets,
        actionFeatures,
        latest,
        offsets,
        tokens,
        slotOffsets,
        order,
        position,
        at,
      );
    },
  };
}

type Pairs = ReturnType<typeof createPairs>;

/** Match rows and products of the pairs, f32[pairs, stateSlots] and f32[pairs, width], sorted by slot. */
interface SortedPairs {
  readonly rows: number;
  readonly dRows: number;
  readonly products: number;
}

/**
 * The products of the match rows of each action slot with the weights of this slot, W [actionSlots * stateSlots,
 * width]. In the backward pass, `products` holds the gradient of the products.
 */
function slotMatchProducts(b: Builder, pairs: Pairs, sorted: SortedPairs, weight: Parameter) {
  const { kernels } = b.arena;
  const { stateSlots, actionSlots } = b.batch.shape;
  const [, width] = weight.shape;
  const [x, dX] = [matrix(stateSlots), matrix(stateSlots)];
  const product = matrix(width);
  const [slotWeight, dSlotWeight] = [matrix(width), matrix(width)];
  b.needMatmul(stateSlots, width);

  /** Selects the pairs of a slot. Returns the byte offset of the weights of the slot in a vector. */
  function select(slot: number): number {
    const from = pairs.slotStart(slot);
    const n = pairs.slotStart(slot + 1) - from;
    view(x, sorted.rows + from * stateSlots * 4, n);
    view(dX, sorted.dRows + from * stateSlots * 4, n);
    view(product, sorted.products + from * width * 4, n);
    return weight.offset + slot * stateSlots * width * 4;
  }

  return {
    forward(w: number): void {
      for (let slot = 0; slot < actionSlots; slot++) {
        const at = select(slot);
        multiply(kernels, x, view(slotWeight, w + at, stateSlots), product, 0, 0, b.scratch());
      }
    },
    backward(w: number, g: number): void {
      const s = b.scratch();
      for (let slot = 0; slot < actionSlots; slot++) {
        const at = select(slot);
        if (g) multiplyTransposed(kernels, x, product, view(dSlotWeight, g + at, stateSlots), 1, 0, s);
        multiplyByTransposed(kernels, product, view(slotWeight, w + at, stateSlots), dX, 0, 0, 0, s);
      }
    },
  };
}

/** The parts of per-sample gradients of `matchLinear`: those of `linear(matchMap(slotProjection(action), keys))`. */
function matchGradientParts(b: Builder, weight: Parameter, query: ProjectedTable, table: Parameter, keys: Tensor) {
  const { arena, batch } = b;
  const { kernels } = arena;
  const { stateSlots, actionSlots } = batch.shape;
  const [columns, width] = weight.shape;
  const map = b.tensor('action', columns);
  const embeddings = b.tensor('actionSlot', table.shape[1]);
  const queries = b.tensor('actionSlot', keys.width);
  const groups = { keys: stateSlots, offsets: batch.rowOffsets, unit: actionSlots };
  const values = { width: keys.width, q: queries.value, k: keys.value, map: map.value };
  const grads = { q: queries.grad, k: keys.grad, map: map.grad };
  const [weights, dOutput, dMap] = [matrix(width), matrix(width), matrix(columns)];
  return (w: number, y: Tensor): [Parameter, GradientPart][] => {
    const s = b.scratch();
    const { actions, states, actionFeatures, actionOffsets } = batch;
    const t = w + query.offset();
    kernels.slotEmbedding(actions, actionSlots, keys.width, actionFeatures, actionOffsets, t, queries.value);
    matchForward(kernels, states, groups, values, s);
    view(dOutput, y.grad, actions);
    view(weights, w + weight.offset, columns);
    multiplyByTransposed(kernels, dOutput, weights, view(dMap, map.grad, actions), 0, 0, 0, s);
    matchBackward(kernels, states, groups, values, grads, s);
    const part: GradientPart = {
      kind: 'outer',
      rows: 'action',
      x: map.value,
      width: columns,
      d: y.grad,
      dWidth: width,
    };
    return [[weight, part], ...query.gradientParts(w, 'action', queries.grad, embeddings)];
  };
}

/**
 * y[action] (+)= W m, where m[slot a * stateSlots + slot s] = (Q x_a) . (K x_s) / sqrt(keys.width) is the match map of
 * an action: it shows which words of the action also occur in the state, and in which slot. Q is `name.query.weight`
 * [table width, keys.width], W is `name.weight` [actionSlots * stateSlots, width], and `keys` are K x_s. The result is
 * that of `linear(matchMap(slotProjection(action), keys))` in another order of addition: a word in the same slot of
 * several candidates is matched and multiplied once per state.
 */
export function matchLinear(
  b: Builder,
  name: string,
  table: Parameter,
  keys: Tensor,
  width: number,
  into?: Tensor,
): Tensor {
  const { arena, batch } = b;
  const { kernels } = arena;
  const { stateSlots, actionSlots } = batch.shape;
  const y = into ?? b.tensor('action', width);
  const query = projectTable(b, `${name}.query`, table, keys.width, 1 / Math.sqrt(keys.width));
  const columns = actionSlots * stateSlots;
  const weight = b.parameter(`${name}.weight`, [columns, width], fanInUniform(columns));
  const keysMode = b.read(keys);
  const writeMode = b.write(y);
  b.needMatmul(stateSlots, width, keys.width);
  const pairs = createPairs(b);
  // Buffers by pair, in the order of states.
  const q = arena.floats(pairs.most * keys.width);
  const dQ = arena.floats(pairs.most * keys.width);
  const rows = arena.floats(pairs.most * stateSlots);
  const sorted = {
    rows: arena.floats(pairs.most * stateSlots),
    dRows: arena.floats(pairs.most * stateSlots),
    products: arena.floats(pairs.most * width),
  };
  const slotProducts = slotMatchProducts(b, pairs, sorted, weight);
  const partsOf = matchGradientParts(b, weight, query, table, keys);
  const groups = { keys: stateSlots, offsets: pairs.offsets, unit: 1 };
  const values = { width: keys.width, q, k: keys.value, map: rows };
  const grads = { q: dQ, k: keys.grad, map: rows };

  b.add({
    prepare: query.prepare,
    forward(w) {
      pairs.find();
      kernels.gatherRows(pairs.count(), keys.width, pairs.tokens, w + query.offset(), q, 0);
      matchForward(kernels, batch.states, groups, values, b.scratch());
      kernels.gatherRows(pairs.count(), stateSlots, pairs.order, rows, sorted.rows, 0);
      slotProducts.forward(w);
      kernels.embeddingBag(batch.actions, width, pairs.at, batch.actionOffsets, sorted.products, y.value, writeMode, 0);
    },
    backward(w, g) {
      if (keysMode() === 1) {
        throw new Error(
          'matchLinear: keys must not be read by layers composed after it; let those read a copy made by addScaled',
        );
      }
      kernels.fill(sorted.products, pairs.count() * width, 0);
      kernels.embeddingBagBackward(batch.actions, width, pairs.at, batch.actionOffsets, y.grad, sorted.products, 0);
      slotProducts.backward(w, g);
      kernels.gatherRows(pairs.count(), stateSlots, pairs.position, sorted.dRows, rows, 0);
      matchBackward(kernels, batch.states, groups, values, grads, b.scratch());
      if (g) kernels.scatterRows(pairs.count(), keys.width, pairs.tokens, dQ, g + query.offset(), 1);
    },
    finish: query.finish,
    gradientParts: (w) => partsOf(w, y),
  });
  return y;
}
