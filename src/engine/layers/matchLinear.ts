import { index32 } from '../kernels/address.ts';
import { projectTable } from './embedding.ts';
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
  // Buffers by pair: queries and match rows in the order of states; match rows and products sorted by slot.
  const q = arena.floats(pairs.most * keys.width);
  const dQ = arena.floats(pairs.most * keys.width);
  const rows = arena.floats(pairs.most * stateSlots);
  const sorted = arena.floats(pairs.most * stateSlots);
  const dSorted = arena.floats(pairs.most * stateSlots);
  const products = arena.floats(pairs.most * width);
  const dSlotWeight = stateSlots * width * 4;
  // Only per-sample gradients use these: the tensors that linear, matchMap and slotProjection would store.
  const map = b.tensor('action', columns);
  const embeddings = b.tensor('actionSlot', table.shape[1]);
  const queries = b.tensor('actionSlot', keys.width);

  function match(w: number): void {
    kernels.gatherRows(pairs.count(), keys.width, pairs.tokens, w + query.offset(), q, 0);
    kernels.matchForward(batch.states, keys.width, stateSlots, pairs.offsets, 1, q, keys.value, rows, b.scratch());
    kernels.gatherRows(pairs.count(), stateSlots, pairs.order, rows, sorted, 0);
  }

  b.add({
    prepare: query.prepare,
    forward(w) {
      pairs.find();
      match(w);
      for (let slot = 0; slot < actionSlots; slot++) {
        const from = pairs.slotStart(slot);
        const n = pairs.slotStart(slot + 1) - from;
        const x = sorted + from * stateSlots * 4;
        const slotWeight = w + weight.offset + slot * dSlotWeight;
        const out = products + from * width * 4;
        kernels.matmulNN(n, width, stateSlots, x, stateSlots, slotWeight, width, out, width, 0, 0, b.scratch());
      }
      kernels.embeddingBag(batch.actions, width, pairs.at, batch.actionOffsets, products, y.value, writeMode, 0);
    },
    backward(w, g) {
      if (keysMode() === 1) {
        throw new Error(
          'matchLinear: keys must not be read by layers composed after it; let those read a copy made by addScaled',
        );
      }
      const s = b.scratch();
      kernels.fill(products, pairs.count() * width, 0);
      kernels.embeddingBagBackward(batch.actions, width, pairs.at, batch.actionOffsets, y.grad, products, 0);
      for (let slot = 0; slot < actionSlots; slot++) {
        const from = pairs.slotStart(slot);
        const n = pairs.slotStart(slot + 1) - from;
        const x = sorted + from * stateSlots * 4;
        const dX = dSorted + from * stateSlots * 4;
        const d = products + from * width * 4;
        const slotAt = weight.offset + slot * dSlotWeight;
        if (g) kernels.matmulTN(stateSlots, width, n, x, stateSlots, d, width, g + slotAt, width, 1, 0, s);
        kernels.matmulNT(n, stateSlots, width, d, width, w + slotAt, width, dX, stateSlots, 0, 0, 0, s);
      }
      kernels.gatherRows(pairs.count(), stateSlots, pairs.position, dSorted, rows, 0);
      kernels.matchBackward(
        batch.states,
        keys.width,
        stateSlots,
        pairs.offsets,
        1,
        q,
        keys.value,
        rows,
        dQ,
        keys.grad,
        s,
      );
      if (g) kernels.scatterRows(pairs.count(), keys.width, pairs.tokens, dQ, g + query.offset(), 1);
    },
    finish: query.finish,
    gradientParts(w) {
      const s = b.scratch();
      const { actions, states, rowOffsets, actionFeatures, actionOffsets } = batch;
      kernels.slotEmbedding(
        actions,
        actionSlots,
        keys.width,
        actionFeatures,
        actionOffsets,
        w + query.offset(),
        queries.value,
      );
      kernels.matchForward(
        states,
        keys.width,
        stateSlots,
        rowOffsets,
        actionSlots,
        queries.value,
        keys.value,
        map.value,
        s,
      );
      kernels.matmulNT(actions, columns, width, y.grad, width, w + weight.offset, width, map.grad, columns, 0, 0, 0, s);
      kernels.matchBackward(
        states,
        keys.width,
        stateSlots,
        rowOffsets,
        actionSlots,
        queries.value,
        keys.value,
        map.grad,
        queries.grad,
        keys.grad,
        s,
      );
      const parts: [Parameter, GradientPart][] = [
        [weight, { kind: 'outer', rows: 'action', x: map.value, width: columns, d: y.grad, dWidth: width }],
      ];
      return [...parts, ...query.gradientParts(w, 'action', queries.grad, embeddings)];
    },
  });
  return y;
}
