/** jax-js on its Wasm backend, compiled with jit: node jaxjs.mjs INPUTS. */
import { createRequire } from 'node:module';
import { blockUntilReady, defaultDevice, init, jit, nn, numpy as np, valueAndGrad } from '@jax-js/jax';
import { readInputs, serve } from '../serve.ts';
import {
  BETA1,
  BETA2,
  CHECKED_RATE,
  EPSILON,
  MATMUL_SIZES,
  oneHot,
  stepValues,
  TIMED_RATE,
  workload,
} from './workload.mjs';

await init('wasm');
defaultDevice('wasm');
const inputs = readInputs(process.argv[2]);
const array = ({ shape, values }) => np.array(Float32Array.from(values)).reshape([...shape]);
const tasks = {};

for (const n of MATMUL_SIZES) {
  const a = array(inputs[`matmul${n}/a`]);
  const b = array(inputs[`matmul${n}/b`]);
  const product = jit((left, right) => np.matmul(left, right));
  const run = async () => {
    const c = product(a.ref, b.ref);
    await c.blockUntilReady();
    c.dispose();
  };
  tasks[`matmul${n}`] = { run, check: async () => ({ c: await product(a.ref, b.ref).data() }) };
}

const { observation, taken, advantage, parameters } = workload(inputs, 'mlp');
const names = Object.keys(parameters);
const states = observation.shape[0];
const x = array(observation);
const advantages = array(advantage);
const chosen = array({ shape: [states, 16], values: oneHot(taken.values, 16) });

function mlp([w1, b1, w2, b2, w3, b3], x) {
  const first = np.tanh(np.matmul(x, w1).add(b1));
  return np.matmul(np.tanh(np.matmul(first, w2).add(b2)), w3).add(b3);
}
const lossOf = (p, x, advantages, chosen) => nn.logSoftmax(mlp(p, x)).mul(chosen).sum(1).mul(advantages).mean().neg();
const gradientOf = jit((p, x, advantages, chosen) => valueAndGrad(lossOf)(p, x, advantages, chosen));
// rate1 = rate / (1 - beta1^t), correction2 = 1 / (1 - beta2^t). jax-js frees an array at its use; `.ref` keeps it.
const step = jit((p, m, v, rate1, correction2, x, advantages, chosen) => {
  const [loss, g] = valueAndGrad(lossOf)(
    p.map((value) => value.ref),
    x,
    advantages,
    chosen,
  );
  const next = { p: [], m: [], v: [] };
  p.forEach((value, i) => {
    const mi = m[i].mul(BETA1).add(g[i].ref.mul(1 - BETA1));
    const vi = v[i].mul(BETA2).add(g[i].ref.mul(g[i]).mul(1 - BETA2));
    const root = np.sqrt(vi.ref.mul(correction2.ref)).add(EPSILON);
    next.p.push(value.sub(mi.ref.mul(rate1.ref).div(root)));
    next.m.push(mi);
    next.v.push(vi);
  });
  rate1.dispose();
  correction2.dispose();
  return [loss, next.p, next.m, next.v];
});

let p = names.map((name) => array(parameters[name]));
let m = p.map((value) => np.zerosLike(value.ref));
let v = p.map((value) => np.zerosLike(value.ref));
let updates = 0;
async function run(rate = TIMED_RATE) {
  updates++;
  const rate1 = np.array(rate / (1 - BETA1 ** updates));
  const correction2 = np.array(1 / (1 - BETA2 ** updates));
  const [loss, ...after] = step(p, m, v, rate1, correction2, x.ref, advantages.ref, chosen.ref);
  [p, m, v] = after;
  await blockUntilReady(after);
  loss.dispose();
}
const read = async (arrays) => {
  const values = await Promise.all(arrays.map((value) => value.ref.data()));
  return Object.fromEntries(names.map((name, i) => [name, values[i]]));
};
tasks.mlpStep = {
  run: () => run(),
  check: async () => {
    const [loss, gradients] = gradientOf(
      p.map((value) => value.ref),
      x.ref,
      advantages.ref,
      chosen.ref,
    );
    const [value] = await loss.data();
    const before = await read(gradients);
    for (let i = 0; i < 3; i++) await run(CHECKED_RATE);
    return stepValues(value, before, await read(p));
  },
};

{
  const fixed = names.map((name) => array(parameters[name]));
  const width = observation.shape[1];
  const vector = observation.values.slice(0, width);
  const forward = jit((p, x) => nn.logSoftmax(mlp(p, x)));
  const infer = () =>
    forward(
      fixed.map((value) => value.ref),
      np.array(Float32Array.from(vector)).reshape([1, width]),
    ).data();
  tasks.inference = { run: infer, check: async () => ({ logProbs: await infer() }) };
}

const require = createRequire(import.meta.url);
await serve(tasks, { 'jax-js': require('./package.json').dependencies['@jax-js/jax'] });
