// Column sums of a matrix, taken over its rows: the gradients of biases and of position embeddings.
import { ZEROS } from './math';
import { ACCUMULATE } from './matmulTile';
import { at } from './memory';

/** out[n] (mode 0: =, 1: +=) the sum of the rows of x[m,n], in row order. */
export function columnSum(m: i32, n: i32, x: usize, ldx: i32, out: usize, mode: i32): void {
  const stride = (<usize>ldx) << 2;
  let j = 0;
  // Four vectors at a time: the additions of one vector depend on each other, and independent vectors hide their
  // latency.
  for (; j + 16 <= n; j += 16) {
    const to = at(out, j);
    const start = mode == ACCUMULATE ? to : ZEROS;
    let s0 = v128.load(start);
    let s1 = v128.load(start, 16);
    let s2 = v128.load(start, 32);
    let s3 = v128.load(start, 48);
    let p = at(x, j);
    for (let i = 0; i < m; i++) {
      s0 = f32x4.add(s0, v128.load(p));
      s1 = f32x4.add(s1, v128.load(p, 16));
      s2 = f32x4.add(s2, v128.load(p, 32));
      s3 = f32x4.add(s3, v128.load(p, 48));
      p += stride;
    }
    v128.store(to, s0);
    v128.store(to, s1, 16);
    v128.store(to, s2, 32);
    v128.store(to, s3, 48);
  }
  for (; j + 4 <= n; j += 4) {
    let sum = mode == ACCUMULATE ? v128.load(at(out, j)) : f32x4.splat(0);
    let p = at(x, j);
    for (let i = 0; i < m; i++) {
      sum = f32x4.add(sum, v128.load(p));
      p += stride;
    }
    v128.store(at(out, j), sum);
  }
  for (; j < n; j++) {
    let sum: f32 = mode == ACCUMULATE ? load<f32>(at(out, j)) : 0;
    for (let i = 0; i < m; i++) sum += load<f32>(at(x, j) + <usize>i * stride);
    store<f32>(at(out, j), sum);
  }
}
