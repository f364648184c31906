import type { Builder, Tensor } from './network.ts';

/**
 * y = gamma * (x - mean) / sqrt(variance + 1e-5) + beta over each row; gamma is `name.gamma`, beta is `name.beta`, both
 * [x.width].
 */
export function layerNorm(b: Builder, name: string, x: Tensor): Tensor {
  const { kernels } = b.arena;
  const { width } = x;
  const gamma = b.parameter(`${name}.gamma`, [width], { kind: 'constant', scale: 1 });
  const beta = b.parameter(`${name}.beta`, [width], { kind: 'constant', scale: 0 });
  const y = b.tensor(x.rows, width);
  const xHat = b.tensor(x.rows, width).value;
  const rstd = b.tensor(x.rows, 1).value;
  const readMode = b.read(x);
  b.write(y);
  const discarded = b.arena.floats(2 * width);
  b.add({
    forward(w) {
      kernels.layerNormForward(
        b.rowCount(x.rows),
        width,
        x.value,
        w + gamma.offset,
        w + beta.offset,
        y.value,
        xHat,
        rstd,
      );
    },
    backward(w, g) {
      const dGamma = g ? g + gamma.offset : discarded;
      const dBeta = g ? g + beta.offset : discarded + width * 4;
      kernels.layerNormBackward(
        b.rowCount(x.rows),
        width,
        y.grad,
        w + gamma.offset,
        xHat,
        rstd,
        x.grad,
        readMode(),
        dGamma,
        dBeta,
      );
    },
    gradientParts: () => [
      [gamma, { kind: 'product', rows: x.rows, x: xHat, d: y.grad, dWidth: width }],
      [beta, { kind: 'sum', rows: x.rows, d: y.grad, dWidth: width, period: 1 }],
    ],
  });
  return y;
}
