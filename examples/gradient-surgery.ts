/** Gradient surgery on your own gradients: each method needs only their dot products and returns a weight for each. */
import { gradVac, pcGrad, taskOrders, upGrad } from 'unbraid/coupling';

const gradients = [
  [1, 0.5, 0.2],
  [-2, 1, 0.1],
  [0.3, -1, 0.5],
];
const n = gradients.length;
const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, k) => sum + x * b[k], 0);
const gram = gradients.flatMap((a) => gradients.map((b) => dot(a, b)));

// Which task meets which other task first is random: seed 1, update 0.
const orders = taskOrders(n, 1, 0);
const methods = {
  mean: Float64Array.of(1 / n, 1 / n, 1 / n),
  pcGrad: pcGrad(gram, orders),
  gradVac: gradVac(gram, orders, new Float64Array(n * n), 0.01).weights,
  upGrad: upGrad(gram),
};
for (const [name, weights] of Object.entries(methods)) {
  const combined = [0, 1, 2].map((k) => gradients.reduce((sum, gradient, i) => sum + weights[i] * gradient[k], 0));
  // Below 0, a step along the combined gradient undoes a task to first order.
  const worst = Math.min(...gradients.map((gradient) => dot(combined, gradient)));
  console.log(name.padEnd(8), [...weights].map((w) => w.toFixed(3)).join(' '), ' worst:', worst.toFixed(3));
}

// Output:
// mean     0.333 0.333 0.333  worst: -0.103
// pcGrad   0.860 0.535 0.886  worst: 0.034
// gradVac  0.860 0.535 0.886  worst: 0.034
// upGrad   0.966 0.666 0.965  worst: 0.163
