import { attentionBackward, attentionForward, matchBackward, matchForward } from '../kernels/queryGroups.ts';
import { activation, addScaled, linear } from './linear.ts';
import { type Builder, sampleRows, type Tensor } from './network.ts';
import { layerNorm } from './normalization.ts';

function checkHeads(name: string, width: number, heads: number): void {
  if (!Number.isInteger(heads) || heads < 1 || width % heads !== 0) {
    throw new RangeError(
      `${name}: heads must divide the token width ${width}, got ${heads}; change config.heads or config.tokenWidth`,
    );
  }
}

/**
 * softmax(q k^T / sqrt(width / heads)) v per state and head, over the slots of the state that hold tokens. This layer
 * adds no parameters.
 */
function attend(b: Builder, q: Tensor, k: Tensor, v: Tensor, heads: number): Tensor {
  const { kernels } = b.arena;
  const { width } = q;
  const keys = b.batch.shape.stateSlots;
  const { offsets, unit } = sampleRows(b.batch, q.rows);
  const out = b.tensor(q.rows, width);
  const weights = b.tensor(q.rows, heads * keys).value;
  const dScores = b.arena.floats((q.rows === 'stateSlot' ? keys : b.batch.room.actions * unit) * keys);
  const modes = [b.read(q), b.read(k), b.read(v)];
  b.write(out);
  b.needMatmul(keys, width);
  const attention = { heads, width, groups: { keys, offsets, unit }, weights };
  const values = { q: q.value, k: k.value, v: v.value, out: out.value };
  const grads = { q: q.grad, k: k.grad, v: v.grad, out: out.grad };
  b.add({
    forward: () => attentionForward(kernels, b.batch.states, attention, b.batch.stateMask, values, b.scratch()),
    backward() {
      if (modes.some((mode) => mode() === 1))
        throw new Error(
          'attend: queries, keys and values must have one reader, got others; let those read a copy made by addScaled',
        );
      attentionBackward(kernels, b.batch.states, attention, values, grads, dScores, b.scratch());
    },
  });
  return out;
}

/**
 * Multi-head attention from `queries` (one per row: actions, or slots of states or of actions) to the slots `memory` of
 * the state. Returns [queries, width], before a residual connection.
 */
export function multiHeadAttention(
  b: Builder,
  name: string,
  queries: Tensor,
  memory: Tensor,
  heads: number,
  into?: Tensor,
): Tensor {
  checkHeads('multiHeadAttention', queries.width, heads);
  const q = linear(b, `${name}.query`, queries, queries.width, { bias: false });
  const k = linear(b, `${name}.key`, memory, queries.width, { bias: false });
  const v = linear(b, `${name}.value`, memory, queries.width, { bias: false });
  return linear(b, `${name}.out`, attend(b, q, k, v, heads), queries.width, { bias: false, into });
}

/**
 * A pre-norm transformer block over the slots of the state: x + attention(norm x), then + W2 gelu(W1 norm x) with a
 * hidden layer four times as wide.
 */
export function selfAttentionBlock(b: Builder, name: string, x: Tensor, heads: number): Tensor {
  const attended = addScaled(b, x, 1);
  const normed = layerNorm(b, `${name}.norm1`, x);
  multiHeadAttention(b, `${name}.attention`, normed, normed, heads, attended);
  const y = addScaled(b, attended, 1);
  const hidden = linear(b, `${name}.expand`, layerNorm(b, `${name}.norm2`, attended), 4 * x.width);
  linear(b, `${name}.contract`, activation(b, 'gelu', hidden), x.width, { bias: false, into: y });
  return y;
}

/**
 * Match map: y[action, slot a * stateSlots + slot s] = q[action, a] . k[state, s]. It shows which words of an action
 * also occur in the state, and in which slot. A softmax would remove the size of the match.
 */
export function matchMap(b: Builder, q: Tensor, k: Tensor): Tensor {
  const { kernels } = b.arena;
  const { stateSlots, actionSlots } = b.batch.shape;
  const { width } = q;
  const y = b.tensor('action', actionSlots * stateSlots);
  const modes = [b.read(q), b.read(k)];
  b.write(y);
  b.needMatmul(stateSlots, width);
  const groups = { keys: stateSlots, offsets: b.batch.rowOffsets, unit: actionSlots };
  const values = { width, q: q.value, k: k.value, map: y.value };
  const grads = { q: q.grad, k: k.grad, map: y.grad };
  b.add({
    forward: () => matchForward(kernels, b.batch.states, groups, values, b.scratch()),
    backward() {
      if (modes.some((mode) => mode() === 1)) {
        throw new Error(
          'matchMap: queries and keys must not be read by layers composed after it; let those read a copy made by addScaled',
        );
      }
      matchBackward(kernels, b.batch.states, groups, values, grads, b.scratch());
    },
  });
  return y;
}

/** Mean over the slots that hold tokens: [states or actions, x.width]. */
export function meanOverSlots(b: Builder, x: Tensor): Tensor {
  const { kernels } = b.arena;
  const ofState = x.rows === 'stateSlot';
  const rows = ofState ? 'state' : 'action';
  const slots = ofState ? b.batch.shape.stateSlots : b.batch.shape.actionSlots;
  const mask = ofState ? b.batch.stateMask : b.batch.actionMask;
  const y = b.tensor(rows, x.width);
  const readMode = b.read(x);
  b.write(y);
  b.add({
    forward: () => kernels.meanPool(b.rowCount(rows), slots, x.width, mask, x.value, y.value, 0),
    backward: () => kernels.meanPoolBackward(b.rowCount(rows), slots, x.width, mask, y.grad, x.grad, readMode()),
  });
  return y;
}

/** Concatenates the slots of each state: a view of the same memory as a tensor [states, stateSlots * x.width]. */
export function concatenateSlots(b: Builder, x: Tensor): Tensor {
  return {
    rows: 'state',
    width: b.batch.shape.stateSlots * x.width,
    value: x.value,
    grad: x.grad,
    // Both views share one count of readers, so that the order of writers of the gradient is the same for both.
    get readers() {
      return x.readers;
    },
    set readers(count) {
      x.readers = count;
    },
    writers: 1,
  };
}
