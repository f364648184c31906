// exp in the wide builds, as in activationsWide.ts: sixteen floats in one basic block.
import { exp4 } from './math';
import { at } from './memory';

/** x[n] = e^x; returns the number of floats that it processed. */
export function expWide(x: usize, n: i32): i32 {
  let i = 0;
  for (; i + 16 <= n; i += 16) {
    const to = at(x, i);
    const a = exp4(v128.load(to));
    const b = exp4(v128.load(to, 16));
    const c = exp4(v128.load(to, 32));
    const d = exp4(v128.load(to, 48));
    v128.store(to, a);
    v128.store(to, b, 16);
    v128.store(to, c, 32);
    v128.store(to, d, 48);
  }
  return i;
}
