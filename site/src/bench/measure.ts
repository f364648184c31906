/** Measures the tasks. The same code runs in a browser and in Node. */
import { createArena, createPolicy, train } from 'unbraid';
import { gramTotal } from 'unbraid/coupling';
import { createLookAlike } from 'unbraid/env';
import { createLearner, createStateList, inputShape, lossSet, pushState, update } from 'unbraid/learn';
import { openCrew, spawnWorker } from 'unbraid/workers';
import { kernelTasks, peakSteps, policyTasks, runTask, sizes } from './tasks.ts';

/** A measured task. */
export interface Measured {
  readonly id: string;
  /** Milliseconds of the fastest repetition. */
  readonly ms: number;
  /** The median of the repetitions over the fastest: 1.05 means that half of them took 5% longer. */
  readonly noise: number;
}

/** Milliseconds that the repetitions of a task take at least. */
const leastMs = 500;

/**
 * Milliseconds of one batch of repetitions: a hundred steps of the clock, which are coarse in some pages. Short batches
 * are better, because another program interrupts fewer of them.
 */
function batchOf(): number {
  let step = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 20; i++) {
    const start = performance.now();
    let now = start;
    while (now === start) now = performance.now();
    step = Math.min(step, now - start);
  }
  return Math.min(20, Math.max(1, 100 * step));
}

/** Repetitions of a run: each takes a second or more. */
const runs = 3;

function summary(id: string, times: readonly number[]): Measured {
  const sorted = [...times].sort((a, b) => a - b);
  return { id, ms: sorted[0], noise: sorted[Math.floor(sorted.length / 2)] / sorted[0] };
}

function timed(id: string, repeat: () => void): Measured {
  repeat();
  const batchMs = batchOf();
  let perBatch = 1;
  const times: number[] = [];
  const end = performance.now() + leastMs;
  while (performance.now() < end || times.length < 3) {
    const start = performance.now();
    for (let i = 0; i < perBatch; i++) repeat();
    const ms = performance.now() - start;
    if (ms < batchMs) perBatch *= 2;
    else times.push(ms / perBatch);
  }
  return summary(id, times);
}

async function measurePeak(bytes: BufferSource): Promise<Measured> {
  const { instance } = await WebAssembly.instantiate(bytes, { env: { abort: () => {} } });
  const { peak } = instance.exports as { peak(steps: number, at: number): number };
  return timed(kernelTasks[0].id, () => void peak(peakSteps, 1024));
}

async function measureProducts(tell: (measured: Measured) => void): Promise<void> {
  const arena = await createArena();
  const { kernels } = arena;
  const [a, b, c, scratch] = [1, 1, 1, 2].map((many) => arena.floats(many * 256 * 256));
  kernels.fill(a, 256 * 256, 0.5);
  kernels.fill(b, 256 * 256, 0.25);
  for (const [i, [m, n, k]] of sizes.entries()) {
    tell(timed(kernelTasks[i + 1].id, () => kernels.matmulNN(m, n, k, a, k, b, n, c, n, 0, 0, scratch)));
  }
}

async function measurePolicy(tell: (measured: Measured) => void): Promise<void> {
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
  tell(timed(policyTasks[0].id, () => void gramTotal(policy, policy.weights, { list, states, taken })));
  const learner = createLearner(policy);
  const advantage = Float32Array.from({ length: n }, (_, s) => (s % 2 === 0 ? 1 : -1));
  const losses = lossSet({ list, taken, oldLogProb: new Float32Array(n).fill(-1.8), advantage });
  tell(timed(policyTasks[1].id, () => void update(learner, [losses], { learningRate: 1e-5 })));
}

const runConfig = { env: 'household', iterations: 6, coldStartUpdates: 20, evalEpisodes: 20, couplingPairs: 0 };

async function measureRun(threads: number): Promise<Measured> {
  const crew = await openCrew(spawnWorker, threads);
  try {
    const times: number[] = [];
    for (let i = 0; i < runs; i++) {
      const start = performance.now();
      await train(runConfig, { crew });
      times.push(performance.now() - start);
    }
    return summary(runTask(threads).id, times);
  } finally {
    crew.close();
  }
}

/**
 * Measures all tasks and reports each as it ends.
 *
 * @param peak bytes of peak.wasm
 * @param threads counts for the runs
 */
export async function measureAll(
  peak: BufferSource,
  threads: readonly number[],
  tell: (measured: Measured) => void,
): Promise<void> {
  tell(await measurePeak(peak));
  await measureProducts(tell);
  await measurePolicy(tell);
  for (const count of threads) tell(await measureRun(count));
}
