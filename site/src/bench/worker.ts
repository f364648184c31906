/** The worker that measures this browser. Each number is the best of several short repetitions, as rates of a page vary. */
import { expose } from 'comlink';
import { createArena, createPolicy, train } from 'unbraid';
import { gramTotal } from 'unbraid/coupling';
import { createLookAlike } from 'unbraid/env';
import { createLearner, createStateList, inputShape, lossSet, pushState, update } from 'unbraid/learn';
import { openCrew, spawnWorker } from 'unbraid/workers';
import peakUrl from '../../../wasm/peak.wasm?url';

/** A measured task. */
export interface Measured {
  readonly name: string;
  /** Milliseconds of one repetition. */
  readonly ms: number;
  /** Billions of floating-point operations a second, where they were counted. */
  readonly gflops: number | null;
}

export interface BenchWorker {
  /** Measures all tasks; reports each as it ends. */
  run(threads: readonly number[], report: (measured: Measured, done: number, total: number) => void): Promise<void>;
}

/** Milliseconds that the repetitions of a task take at least. */
const leastMs = 400;

/** The shortest time of one repetition in `leastMs`, in batches of some milliseconds: clocks of pages are coarse. */
function best(repeat: () => void): number {
  repeat();
  let perBatch = 1;
  let shortest = Number.POSITIVE_INFINITY;
  const end = performance.now() + leastMs;
  while (performance.now() < end || shortest === Number.POSITIVE_INFINITY) {
    const start = performance.now();
    for (let i = 0; i < perBatch; i++) repeat();
    const ms = performance.now() - start;
    if (ms < 2) perBatch *= 2;
    else shortest = Math.min(shortest, ms / perBatch);
  }
  return shortest;
}

const gflops = (operations: number, ms: number): number => operations / ms / 1e6;

async function peakTask(): Promise<Measured> {
  const response = await fetch(peakUrl);
  const module = await WebAssembly.compile(await response.arrayBuffer());
  const instance = await WebAssembly.instantiate(module, { env: { abort: () => {} } });
  const { peak } = instance.exports as { peak(steps: number, at: number): number };
  const steps = 2 ** 16;
  const ms = best(() => peak(steps, 1024));
  return { name: 'peak of 128-bit vectors', ms, gflops: gflops(64 * steps, ms) };
}

const sizes = [
  [64, 32, 32],
  [128, 128, 128],
  [256, 256, 256],
] as const;

async function matrixTasks(): Promise<Measured[]> {
  const arena = await createArena();
  const { kernels } = arena;
  const [a, b, c, scratch] = [256 * 256, 256 * 256, 256 * 256, 2 * 256 * 256].map((floats) => arena.floats(floats));
  kernels.fill(a, 256 * 256, 0.5);
  kernels.fill(b, 256 * 256, 0.25);
  return sizes.map(([m, n, k]) => {
    const ms = best(() => kernels.matmulNN(m, n, k, a, k, b, n, c, n, 0, 0, scratch));
    return { name: `matrix product ${m} × ${n} × ${k}`, ms, gflops: gflops(2 * m * n * k, ms) };
  });
}

async function policyTasks(): Promise<Measured[]> {
  const environment = createLookAlike();
  const widths = { tokenWidth: 8, matchWidth: 1, hidden: 64, embedding: 32, blocks: 0, heads: 1, logitScale: 1 };
  const policy = createPolicy(await createArena(), environment.spec, { policy: 'mlp', ...widths });
  policy.network.initialise(policy.weights, 1);
  policy.network.prepare(policy.weights);
  const n = 256;
  const list = createStateList(inputShape(environment.spec), n);
  const taken = new Int32Array(n);
  let step = environment.reset({ seed: 1, split: 'train' });
  for (let s = 0; s < n; s++) {
    pushState(list, step.observation, step.info.admissibleActions);
    taken[s] = s % step.info.admissibleActions.length;
    step = environment.step(taken[s]);
    if (step.terminated || step.truncated) step = environment.reset({ seed: s, split: 'train' });
  }
  const states = Int32Array.from({ length: n }, (_, s) => s);
  const gram = best(() => void gramTotal(policy, policy.weights, { list, states, taken }));
  const learner = createLearner(policy);
  const advantage = Float32Array.from({ length: n }, (_, s) => (s % 2 === 0 ? 1 : -1));
  const losses = lossSet({ list, taken, oldLogProb: new Float32Array(n).fill(-1.8), advantage });
  const updates = best(() => void update(learner, [losses], { learningRate: 1e-5 }));
  return [
    { name: 'Gram matrix of 256 samples', ms: gram, gflops: null },
    { name: 'GRPO update on 256 states', ms: updates, gflops: null },
  ];
}

const runConfig = { env: 'household', iterations: 6, coldStartUpdates: 20, evalEpisodes: 20, couplingPairs: 0 };

async function runTask(threads: number): Promise<Measured> {
  const crew = await openCrew(spawnWorker, threads);
  try {
    const start = performance.now();
    await train(runConfig, { crew });
    return {
      name: `household run, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
      ms: performance.now() - start,
      gflops: null,
    };
  } finally {
    crew.close();
  }
}

const api: BenchWorker = {
  async run(threads, report) {
    const total = 3 + sizes.length + threads.length;
    let done = 0;
    const tell = (measured: Measured): void => report(measured, ++done, total);
    tell(await peakTask());
    for (const measured of await matrixTasks()) tell(measured);
    for (const measured of await policyTasks()) tell(measured);
    for (const count of threads) tell(await runTask(count));
  },
};

expose(api);
