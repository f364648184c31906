/** TensorFlow.js on one thread: node tfjs.mjs INPUTS wasm|cpu. */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { readInputs, serve } from '../serve.ts';
import { BETA1, BETA2, CHECKED_RATE, EPSILON, MATMUL_SIZES, stepValues, TIMED_RATE, workload } from './workload.mjs';

const require = createRequire(import.meta.url);
const tf = require('@tensorflow/tfjs');
const backend = process.argv[3];
if (backend === 'wasm') {
  const wasm = require('@tensorflow/tfjs-backend-wasm');
  wasm.setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`);
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
} else require('@tensorflow/tfjs-backend-cpu');
await tf.setBackend(backend);
await tf.ready();

const inputs = readInputs(process.argv[2]);
const tensor = ({ shape, values }) => tf.tensor(values, shape, values instanceof Int32Array ? 'int32' : 'float32');
const tasks = {};

for (const n of MATMUL_SIZES) {
  const a = tensor(inputs[`matmul${n}/a`]);
  const b = tensor(inputs[`matmul${n}/b`]);
  // Both backends compute before matMul returns.
  const run = () => tf.matMul(a, b).dispose();
  const check = () => ({ c: Float32Array.from(tf.tidy(() => tf.matMul(a, b).dataSync())) });
  tasks[`matmul${n}`] = { run, check };
}

function mlp(p, x) {
  const first = tf.tanh(tf.add(tf.matMul(x, p['first.weight']), p['first.bias']));
  const second = tf.tanh(tf.add(tf.matMul(first, p['second.weight']), p['second.bias']));
  return tf.add(tf.matMul(second, p['logits.weight']), p['logits.bias']);
}

function layerNorm(x, gamma, beta) {
  const mean = tf.mean(x, -1, true);
  const centred = tf.sub(x, mean);
  const variance = tf.mean(tf.square(centred), -1, true);
  return tf.add(tf.mul(tf.mul(centred, tf.rsqrt(tf.add(variance, 1e-5))), gamma), beta);
}

function gelu(x) {
  const inner = tf.mul(tf.add(x, tf.mul(tf.mul(tf.square(x), x), 0.044715)), Math.sqrt(2 / Math.PI));
  return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(inner), 1));
}

/** `tokens` are one-hot rows, because the gradient of a lookup has no kernel in this backend. */
function attention(states, length) {
  return (p, tokens) => {
    const width = p.tokens.shape[1];
    const rows = states * length;
    const flat = (x) => tf.reshape(x, [rows, width]);
    const heads = (x) => tf.transpose(tf.reshape(x, [states, length, 2, width / 2]), [0, 2, 1, 3]);
    let x = flat(tf.add(tf.reshape(tf.matMul(tokens, p.tokens), [states, length, width]), p.position));
    for (const block of ['block0.', 'block1.']) {
      const normed = layerNorm(x, p[`${block}norm1.gamma`], p[`${block}norm1.beta`]);
      const [q, k, v] = ['query', 'key', 'value'].map((part) =>
        heads(tf.matMul(normed, p[`${block}attention.${part}.weight`])),
      );
      const weights = tf.softmax(tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(width / 2)));
      const mixed = flat(tf.transpose(tf.matMul(weights, v), [0, 2, 1, 3]));
      x = tf.add(x, tf.matMul(mixed, p[`${block}attention.out.weight`]));
      const again = layerNorm(x, p[`${block}norm2.gamma`], p[`${block}norm2.beta`]);
      const hidden = gelu(tf.add(tf.matMul(again, p[`${block}expand.weight`]), p[`${block}expand.bias`]));
      x = tf.add(x, tf.matMul(hidden, p[`${block}contract.weight`]));
    }
    const mean = tf.mean(tf.reshape(x, [states, length, width]), 1);
    return tf.add(tf.matMul(mean, p['logits.weight']), p['logits.bias']);
  };
}

function trainingStep(prefix, model, observation) {
  const { taken, advantage, parameters } = workload(inputs, prefix);
  const p = Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [name, tf.variable(tensor(value), true, `${prefix}/${name}`)]),
  );
  const variables = Object.values(p);
  const advantages = tensor(advantage);
  const chosen = tf.cast(tf.oneHot(tensor(taken), 16), 'float32');
  const optimizer = tf.train.adam(TIMED_RATE, BETA1, BETA2, EPSILON);
  const lossOf = () =>
    tf.neg(tf.mean(tf.mul(advantages, tf.sum(tf.mul(tf.logSoftmax(model(p, observation)), chosen), 1))));
  const run = () => {
    const loss = optimizer.minimize(lossOf, true, variables);
    const [value] = loss.dataSync();
    loss.dispose();
    return value;
  };
  const check = () => {
    const { value, grads } = tf.variableGrads(lossOf, variables);
    const gradients = Object.fromEntries(
      Object.keys(p).map((name) => [name, Float32Array.from(grads[`${prefix}/${name}`].dataSync())]),
    );
    const loss = value.dataSync()[0];
    optimizer.learningRate = CHECKED_RATE;
    for (let i = 0; i < 3; i++) run();
    optimizer.learningRate = TIMED_RATE;
    const after = Object.fromEntries(
      Object.entries(p).map(([name, value]) => [name, Float32Array.from(value.dataSync())]),
    );
    return stepValues(loss, gradients, after);
  };
  return { run, check };
}

tasks.mlpStep = trainingStep('mlp', mlp, tensor(inputs['mlp/observation']));
if (backend === 'wasm') {
  const { shape, values } = inputs['attention/observation'];
  const [vocabulary] = inputs['attention/tokens'].shape;
  const rows = tf.cast(tf.oneHot(tf.tensor1d(values, 'int32'), vocabulary), 'float32');
  tasks.attentionStep = trainingStep('attention', attention(...shape), rows);
}

{
  const { observation, parameters } = workload(inputs, 'mlp');
  const p = Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, tensor(value)]));
  const vector = observation.values.slice(0, observation.shape[1]);
  const infer = () => tf.tidy(() => tf.logSoftmax(mlp(p, tf.tensor2d(vector, [1, vector.length]))).dataSync());
  tasks.inference = { run: infer, check: () => ({ logProbs: Float32Array.from(infer()) }) };
}

await serve(tasks, { tfjs: tf.version_core });
