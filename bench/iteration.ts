/**
 * Measures the time of a complete GRPO run on household outside kernels and environment, the functions outside them
 * that take most (by V8's sampling profiler), and the heap growth per update, with the wide build where it can run.
 * Prints one JSON object. Run with --expose-gc.
 */
import { type Profiler, Session } from 'node:inspector';
import { engineModule } from '../src/engine/kernels/load.ts';
import { openWide } from '../src/engine/kernels/wide.ts';
import { train } from '../src/train/trainer.ts';
import { timeShares } from './replayed.ts';

const PROFILED = { from: 10, to: 60 };
const HEAP = { fromUpdate: 120, updates: 1002 };
const SAMPLING_MICROSECONDS = 200;
const config = { env: 'household', method: 'grpo', seed: 1, evalEpisodes: 1, couplingPairs: 1 } as const;
const UPDATES_PER_ITERATION = 6;

/** Whether a stack frame is neither in a kernel nor in the environment. */
function isOutside({ url, functionName }: Profiler.Profile['nodes'][number]['callFrame']): boolean {
  return functionName !== '(idle)' && !url.startsWith('wasm:') && !url.includes('/src/env/');
}

/** The functions outside kernels and environment that take the most time, as shares of the whole. */
function topOutside({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): Record<string, number> {
  const byId = new Map(nodes.map((node) => [node.id, node.callFrame]));
  const outside = new Map<string, number>();
  let total = 0;
  samples.forEach((id, i) => {
    const frame = byId.get(id);
    // Exclude the start and stop of the profiler itself.
    if (!frame || frame.url === 'node:inspector') return;
    if (frame.functionName !== '(idle)') total += timeDeltas[i];
    if (!isOutside(frame)) return;
    const name = `${frame.functionName || '(anonymous)'} ${frame.url.replace(/^.*\//, '')}`.trim();
    outside.set(name, (outside.get(name) ?? 0) + timeDeltas[i]);
  });
  const top = [...outside].sort((a, b) => b[1] - a[1]).slice(0, 8);
  return Object.fromEntries(top.map(([name, us]) => [name, us / total]));
}

async function profile() {
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.setSamplingInterval', { interval: SAMPLING_MICROSECONDS });
  let found: ReturnType<typeof topOutside> = {};
  await train(
    { ...config, iterations: PROFILED.to + 1 },
    {
      module,
      onProgress({ phase, done }) {
        if (phase !== 'train') return;
        if (done === PROFILED.from) session.post('Profiler.start');
        if (done === PROFILED.to) {
          session.post('Profiler.stop', (error, result) => {
            if (error) throw error;
            found = topOutside(result.profile);
          });
        }
      },
    },
  );
  session.disconnect();
  return found;
}

/** Growth of heap and buffers in bytes over HEAP.updates updates, with garbage collection before each reading. */
async function heapGrowth(): Promise<number> {
  const first = HEAP.fromUpdate / UPDATES_PER_ITERATION;
  const last = first + HEAP.updates / UPDATES_PER_ITERATION;
  const used: number[] = [];
  await train(
    { ...config, iterations: last + 1 },
    {
      module,
      onProgress({ phase, done }) {
        if (phase !== 'train' || (done !== first && done !== last)) return;
        globalThis.gc?.();
        globalThis.gc?.();
        const { heapUsed, external } = process.memoryUsage();
        used.push(heapUsed + external);
      },
    },
  );
  return used[1] - used[0];
}

const { build, module: wide } = await openWide('single');
const module = wide ?? (await engineModule());

if (!globalThis.gc) throw new Error('bench/iteration.ts: run it with --expose-gc');
const shares = await timeShares(config, module);
const top = await profile();
console.log(JSON.stringify({ build, ...shares, top, heapGrowthBytes: await heapGrowth(), updates: HEAP.updates }));
