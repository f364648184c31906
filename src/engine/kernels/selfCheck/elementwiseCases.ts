/** Calls of the kernels that work element by element. */
import type { Cases } from './bench.ts';

/** All tails of vectors of up to sixteen lanes, and lengths with a loop before the tail. */
const lengths = [...Array(18).keys(), 31, 33, 64, 65, 257];

/** Zeros, subnormal numbers, and numbers at which the functions saturate. */
const edges = [0, -0, 1e-40, -1e-40, 1e-20, -1e-20, 9, -9, 88, -88, 104, -104, 1e9, -1e9, 1e30, -1e30, 0.5];

export const elementwise: Cases = function* (bench) {
  const { kernels } = bench;
  for (const n of lengths) {
    for (const kind of [1, 2, 3]) {
      const x = bench.floats(n, 4);
      const y = bench.output(n);
      kernels.activationForward(kind, x, y, n);
      kernels.activationBackward(kind, kind === 3 ? x : y, bench.output(n), n);
    }
    kernels.sumOfSquares(bench.floats(n), n);
    const [p, g, m, v] = [bench.output(n), bench.floats(n), bench.output(n), bench.positiveOutput(n)];
    // A large epsilon, which the result depends on.
    kernels.adamw(n, p, g, m, v, 3e-3, 0.9, 0.999, 1e-2, 0.01, 10, 1000);
    kernels.copyBytes(bench.output(n), bench.floats(n), n * 4);
    kernels.addInto(bench.output(n), bench.floats(n), n);
    for (const mode of [0, 1]) kernels.addScaled(n, 0.3, bench.floats(n), bench.output(n), mode);
    kernels.scaleBy(bench.output(n), n, 1.7);
    kernels.fill(bench.output(n), n, 0.1);
    kernels.randomUniform(n, 2, n, -0.5, 0.7, bench.output(n));
    kernels.permute(n, 3, n, bench.output(n));
    kernels.randomNormal(n, 3, n, 0.3, bench.output(n));
    yield;
  }
  for (const kind of [1, 2, 3]) {
    const x = bench.values([...edges, ...edges]);
    const y = bench.output(2 * edges.length);
    kernels.activationForward(kind, x, y, 2 * edges.length);
    kernels.activationBackward(kind, kind === 3 ? x : y, bench.output(2 * edges.length), 2 * edges.length);
    yield;
  }
  for (let x = -90; x < 90; x += 0.87) {
    kernels.exp1(x);
    kernels.sigmoid1(x);
    kernels.log1(x * x + 1e-3);
  }
  yield;
};
