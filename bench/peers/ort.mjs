/** ONNX Runtime on one thread: node ort.mjs INPUTS web|node. Its models are written here with onnx-proto. */
import { createRequire } from 'node:module';
import proto from 'onnx-proto';
import { readInputs, serve } from '../serve.ts';
import { MATMUL_SIZES, workload } from './workload.mjs';

const require = createRequire(import.meta.url);
const kind = process.argv[3];
const name = kind === 'web' ? 'onnxruntime-web' : 'onnxruntime-node';
const { default: ort } = await import(name).then((module) => ('default' in module ? module : { default: module }));
if (kind === 'web') ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'error';
const { onnx } = proto;
const FLOAT = onnx.TensorProto.DataType.FLOAT;

function valueInfo(name, shape) {
  return { name, type: { tensorType: { elemType: FLOAT, shape: { dim: shape.map((dimValue) => ({ dimValue })) } } } };
}

function session(node, input, output, initializer) {
  const graph = { name: 'bench', node, input, output, initializer };
  const bytes = onnx.ModelProto.encode({ irVersion: 8, opsetImport: [{ domain: '', version: 13 }], graph }).finish();
  return ort.InferenceSession.create(Uint8Array.from(bytes), {
    executionProviders: [kind === 'web' ? 'wasm' : 'cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
  });
}

const inputs = readInputs(process.argv[2]);
const tasks = {};
for (const n of MATMUL_SIZES) {
  const shape = [n, n];
  const multiply = await session(
    [{ opType: 'MatMul', input: ['a', 'b'], output: ['c'] }],
    [valueInfo('a', shape), valueInfo('b', shape)],
    [valueInfo('c', shape)],
    [],
  );
  const [a, b] = ['a', 'b'].map((side) => new ort.Tensor('float32', inputs[`matmul${n}/${side}`].values, shape));
  const run = () => multiply.run({ a, b });
  tasks[`matmul${n}`] = { run, check: async () => ({ c: (await run()).c.data }) };
}

const { observation, parameters } = workload(inputs, 'mlp');
const width = observation.shape[1];
const vector = observation.values.slice(0, width);
const gemm = (input, layer, output) => ({
  opType: 'Gemm',
  input: [input, `${layer}.weight`, `${layer}.bias`],
  output: [output],
});
const policy = await session(
  [
    gemm('x', 'first', 'z1'),
    { opType: 'Tanh', input: ['z1'], output: ['h1'] },
    gemm('h1', 'second', 'z2'),
    { opType: 'Tanh', input: ['z2'], output: ['h2'] },
    gemm('h2', 'logits', 'z3'),
    { opType: 'LogSoftmax', input: ['z3'], output: ['y'], attribute: [{ name: 'axis', type: 2, i: 1 }] },
  ],
  [valueInfo('x', [1, width])],
  [valueInfo('y', [1, 16])],
  Object.entries(parameters).map(([name, { shape, values }]) => ({
    name,
    dims: shape,
    dataType: FLOAT,
    floatData: Array.from(values),
  })),
);
const infer = async () => (await policy.run({ x: new ort.Tensor('float32', vector, [1, width]) })).y.data;
tasks.inference = { run: infer, check: async () => ({ logProbs: await infer() }) };

await serve(tasks, { [name]: require('./package.json').dependencies[name] });
