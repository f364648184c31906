/** Calls of attention and of match maps. */
import { attentionBackward, attentionForward, matchBackward, matchForward, type QueryGroups } from '../queryGroups.ts';
import { type Bench, type Cases, offsetsOf, scratchBytes } from './bench.ts';

const groups = 5;
const heads = 2;

function attend(bench: Bench, width: number, of: QueryGroups, rows: number): void {
  const { kernels, floats, output } = bench;
  const scratch = bench.scratch(scratchBytes);
  const { keys } = of;
  const [q, k, v] = [rows, groups * keys, groups * keys].map((n) => floats(n * width, 2));
  const weights = output(rows * heads * keys);
  const attention = { heads, width, groups: of, weights };
  const mask = bench.bytes(bench.below(groups * keys, 2));
  attentionForward(kernels, groups, attention, mask, { q, k, v, out: output(rows * width) }, scratch);
  const [dQ, dK, dV] = [rows, groups * keys, groups * keys].map((n) => output(n * width));
  const grads = { q: dQ, k: dK, v: dV, out: floats(rows * width) };
  attentionBackward(kernels, groups, attention, { q, k, v, out: 0 }, grads, bench.scratch(rows * keys * 4), scratch);
  matchForward(kernels, groups, of, { width, q, k, map: output(rows * keys) }, scratch);
  const mapGrads = { q: output(rows * width), k: output(groups * keys * width), map: floats(rows * keys) };
  matchBackward(kernels, groups, of, { width, q, k, map: 0 }, mapGrads, scratch);
}

/** All tails of the keys and of the width of a head. */
export const attention: Cases = function* (bench) {
  const list = offsetsOf(groups);
  for (let keys = 1; keys < 19; keys++) {
    for (const width of [keys, ((keys + 6) % 17) + 1].map((head) => head * heads)) {
      attend(bench, width, { keys, offsets: 0, unit: (keys % 5) + 1 }, groups * ((keys % 5) + 1));
      attend(bench, width, { keys, offsets: bench.ints(list), unit: 2 }, 2 * list[groups]);
      yield;
    }
  }
  attend(bench, 2 * 32, { keys: 33, offsets: 0, unit: 17 }, groups * 17);
  yield;
};
