/**
 * Plain JavaScript over Float32Array, as written by hand: loops in cache order, without further optimisation. node
 * plain.mjs INPUTS.
 */
import { readInputs, serve } from '../serve.ts';
import { BETA1, BETA2, CHECKED_RATE, EPSILON, MATMUL_SIZES, stepValues, TIMED_RATE, workload } from './workload.mjs';

const inputs = readInputs(process.argv[2]);
const tasks = {};

/** c[m, n] = a[m, k] b[k, n] (+ bias). */
function multiply(m, n, k, a, b, c, bias) {
  for (let i = 0; i < m; i++) {
    const row = c.subarray(i * n, i * n + n);
    if (bias) row.set(bias);
    else row.fill(0);
    for (let l = 0; l < k; l++) {
      const x = a[i * k + l];
      const from = l * n;
      for (let j = 0; j < n; j++) row[j] += x * b[from + j];
    }
  }
}

/** c[k, n] = a[m, k]^T d[m, n]. */
function multiplyLeftTransposed(m, n, k, a, d, c) {
  c.fill(0);
  for (let i = 0; i < m; i++) {
    for (let l = 0; l < k; l++) {
      const x = a[i * k + l];
      const to = l * n;
      for (let j = 0; j < n; j++) c[to + j] += x * d[i * n + j];
    }
  }
}

/** c[m, k] = d[m, n] b[k, n]^T. */
function multiplyRightTransposed(m, n, k, d, b, c) {
  for (let i = 0; i < m; i++) {
    for (let l = 0; l < k; l++) {
      let sum = 0;
      for (let j = 0; j < n; j++) sum += d[i * n + j] * b[l * n + j];
      c[i * k + l] = sum;
    }
  }
}

for (const n of MATMUL_SIZES) {
  const a = inputs[`matmul${n}/a`].values;
  const b = inputs[`matmul${n}/b`].values;
  const c = new Float32Array(n * n);
  const run = () => multiply(n, n, n, a, b, c, null);
  const check = () => {
    run();
    return { c };
  };
  tasks[`matmul${n}`] = { run, check };
}

const { observation, taken, advantage, parameters } = workload(inputs, 'mlp');
const [states, width] = observation.shape;
const names = Object.keys(parameters);
const values = Object.fromEntries(names.map((name) => [name, parameters[name].values.slice()]));
const zeros = () => Object.fromEntries(names.map((name) => [name, new Float32Array(values[name].length)]));
const gradients = zeros();
const firstMoment = zeros();
const secondMoment = zeros();
let updates = 0;
const hidden = 128;
const actions = 16;
const [h1, h2, d1, d2] = [0, 1, 2, 3].map(() => new Float32Array(states * hidden));
const [logProbs, d3] = [0, 1].map(() => new Float32Array(states * actions));

function tanhInPlace(x, count) {
  for (let i = 0; i < count; i++) x[i] = Math.tanh(x[i]);
}

function forward(x, rows) {
  multiply(rows, hidden, width, x, values['first.weight'], h1, values['first.bias']);
  tanhInPlace(h1, rows * hidden);
  multiply(rows, hidden, hidden, h1, values['second.weight'], h2, values['second.bias']);
  tanhInPlace(h2, rows * hidden);
  multiply(rows, actions, hidden, h2, values['logits.weight'], logProbs, values['logits.bias']);
  for (let i = 0; i < rows; i++) {
    const row = logProbs.subarray(i * actions, (i + 1) * actions);
    let top = Number.NEGATIVE_INFINITY;
    for (const logit of row) top = Math.max(top, logit);
    let sum = 0;
    for (const logit of row) sum += Math.exp(logit - top);
    const shift = top + Math.log(sum);
    for (let a = 0; a < actions; a++) row[a] -= shift;
  }
}

function sumColumns(n, d, out) {
  out.fill(0);
  for (let i = 0; i < states; i++) for (let j = 0; j < n; j++) out[j] += d[i * n + j];
}

function timesTanhSlope(d, h) {
  for (let i = 0; i < d.length; i++) d[i] *= 1 - h[i] * h[i];
}

function backward() {
  const x = observation.values;
  forward(x, states);
  let loss = 0;
  for (let i = 0; i < states; i++) {
    const weight = advantage.values[i] / states;
    loss -= weight * logProbs[i * actions + taken.values[i]];
    for (let a = 0; a < actions; a++) {
      d3[i * actions + a] = weight * (Math.exp(logProbs[i * actions + a]) - (a === taken.values[i] ? 1 : 0));
    }
  }
  multiplyLeftTransposed(states, actions, hidden, h2, d3, gradients['logits.weight']);
  sumColumns(actions, d3, gradients['logits.bias']);
  multiplyRightTransposed(states, actions, hidden, d3, values['logits.weight'], d2);
  timesTanhSlope(d2, h2);
  multiplyLeftTransposed(states, hidden, hidden, h1, d2, gradients['second.weight']);
  sumColumns(hidden, d2, gradients['second.bias']);
  multiplyRightTransposed(states, hidden, hidden, d2, values['second.weight'], d1);
  timesTanhSlope(d1, h1);
  multiplyLeftTransposed(states, hidden, width, x, d1, gradients['first.weight']);
  sumColumns(hidden, d1, gradients['first.bias']);
  return loss;
}

function step(rate) {
  backward();
  updates++;
  const correction1 = 1 / (1 - BETA1 ** updates);
  const correction2 = 1 / (1 - BETA2 ** updates);
  for (const name of names) {
    const [p, g, m, v] = [values[name], gradients[name], firstMoment[name], secondMoment[name]];
    for (let i = 0; i < p.length; i++) {
      m[i] = BETA1 * m[i] + (1 - BETA1) * g[i];
      v[i] = BETA2 * v[i] + (1 - BETA2) * g[i] * g[i];
      p[i] -= (rate * (m[i] * correction1)) / (Math.sqrt(v[i] * correction2) + EPSILON);
    }
  }
}

tasks.mlpStep = {
  run: () => step(TIMED_RATE),
  check: () => {
    const loss = backward();
    const before = Object.fromEntries(names.map((name) => [name, gradients[name].slice()]));
    for (let i = 0; i < 3; i++) step(CHECKED_RATE);
    return stepValues(loss, before, values);
  },
};

await serve(tasks, { node: process.versions.node });
