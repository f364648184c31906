import { index32 } from '../kernels/address.ts';
import { matchBackward, matchForward } from '../kernels/queryGroups.ts';
import type { Builder, GradientPart, Init, Tensor } from './network.ts';

/**
 * y[action] = x[action] . (sum of W[t] over the tokens t in one slot of the action), with W `name.weight`
 * [vocabularySize, x.width]: a linear layer of width 1 with separate weights for each verb. An action without a token
 * in this slot uses its first slot with a token.
 *
 * @param slot the action slot whose token selects the weights
 */
export function tokenHeads(b: Builder, name: string, x: Tensor, slot: number, init: Init): Tensor {
  const { arena, batch } = b;
  const { kernels } = arena;
  const { room, shape } = batch;
  const { width } = x;
  const weight = b.parameter(`${name}.weight`, [shape.vocabularySize, width], init);
  const y = b.tensor('action', 1);
  const readMode = b.read(x);
  b.write(y);
  b.needMatmul(width);
  const tokens = arena.floats(room.actionFeatures);
  const offsets = arena.floats(room.actions + 1);
  /** The slot whose tokens select the weights of each action; -1 for an action without tokens. */
  const chosen = new Int32Array(room.actions);
  const own = b.tensor('action', width);
  const dX = arena.floats(room.actions * width);
  // Only per-sample gradients use this: the gradient of the head in the slots of its tokens, zero in the other slots.
  const bySlot = arena.floats(room.actions * shape.actionSlots * width);

  // One query and one key per action: their match map is the dot product.
  const groups = { keys: 1, offsets: 0, unit: 1 };
  const values = { width, q: x.value, k: own.value, map: y.value };
  const grads = { q: dX, k: own.grad, map: y.grad };

  function choose(): void {
    const { i32 } = arena;
    const features = index32(batch.actionFeatures);
    let count = 0;
    i32[index32(offsets)] = 0;
    for (let row = 0; row < batch.actions; row++) {
      const from = features + i32[index32(batch.actionOffsets) + row];
      const to = features + i32[index32(batch.actionOffsets) + row + 1];
      let wanted = from < to ? i32[from] % shape.actionSlots : -1;
      for (let f = from; f < to; f++) if (i32[f] % shape.actionSlots === slot) wanted = slot;
      chosen[row] = wanted;
      for (let f = from; f < to; f++) {
        const at = i32[f] % shape.actionSlots;
        if (at === wanted) i32[index32(tokens) + count++] = (i32[f] - at) / shape.actionSlots;
      }
      i32[index32(offsets) + row + 1] = count;
    }
  }

  b.add({
    forward(w) {
      const n = batch.actions;
      choose();
      kernels.embeddingBag(n, width, tokens, offsets, w + weight.offset, own.value, 0, 0);
      matchForward(kernels, n, groups, values, b.scratch());
    },
    backward(_, g) {
      const n = batch.actions;
      matchBackward(kernels, n, groups, values, grads, b.scratch());
      if (g) kernels.embeddingBagBackward(n, width, tokens, offsets, own.grad, g + weight.offset, 0);
      kernels.addScaled(n * width, 1, dX, x.grad, readMode());
    },
    gradientParts() {
      kernels.fill(bySlot, batch.actions * shape.actionSlots * width, 0);
      for (let row = 0; row < batch.actions; row++) {
        const at = bySlot + (row * shape.actionSlots + Math.max(0, chosen[row])) * width * 4;
        arena.copy(at, own.grad + row * width * 4, width * 4);
      }
      const part: GradientPart = { kind: 'scatter', source: 'action', d: bySlot, dWidth: width };
      return [[weight, part]];
    },
  });
  return y;
}
