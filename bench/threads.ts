/**
 * Speed-up of several threads over one: complete runs on household in turn, in one process, and the medians of their
 * ratios. For comparison it measures the capacity of the machine at that time: as many one-thread runs at once,
 * compared with one such run alone. Cores that are threads of one physical core, or that other processes use, have a
 * lower capacity than their number. `share` is the speed-up divided by the capacity.
 *
 *     node bench/threads.ts [--workers 2] [--rounds 5] [--iterations 160] [--method grpo] [--groups 10]
 *         [--busy 0] [--json]
 *
 * `--groups` is the config's `groupsPerIteration`: the work of one thread alone is a smaller share of larger
 * iterations. Run this script without other load to measure free cores. `--busy N` starts N processes that each occupy
 * a core. For one core that all threads share: `taskset -c 0 node bench/threads.ts`.
 */
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { type Crew, openCrew } from '../src/parallel/crew.ts';
import { train } from '../src/train/trainer.ts';
import { spawnWorker } from '../workers/spawn.node.ts';

const { values } = parseArgs({
  options: {
    workers: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '5' },
    iterations: { type: 'string', default: '160' },
    method: { type: 'string', default: 'grpo' },
    groups: { type: 'string', default: '10' },
    busy: { type: 'string', default: '0' },
    json: { type: 'boolean', default: false },
  },
});
const workers = Number(values.workers);
const config = {
  method: values.method,
  iterations: Number(values.iterations),
  groupsPerIteration: Number(values.groups),
  seed: 1,
};

async function timedRun(crew: Crew): Promise<{ ms: number; hash: string }> {
  const startMs = performance.now();
  const { parametersSha256: hash } = await train(config, { crew });
  return { ms: performance.now() - startMs, hash };
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
}

/** A second thread that makes complete runs by itself on request. */
function openRunner(): { run(): Promise<number>; close(): void } {
  const worker = new Worker(new URL(import.meta.url), { argv: process.argv.slice(2) });
  return {
    run: () =>
      new Promise((resolve, reject) => {
        worker.once('message', resolve);
        worker.once('error', reject);
        worker.postMessage('run');
      }),
    close: () => void worker.terminate(),
  };
}

async function measure(): Promise<void> {
  const [one, several] = [await openCrew(spawnWorker, 1), await openCrew(spawnWorker, workers)];
  const runners = Array.from({ length: workers - 1 }, openRunner);
  const busy = Array.from({ length: Number(values.busy) }, () => spawn(process.execPath, ['-e', 'for (;;);']));
  const speedups: number[] = [];
  const capacities: number[] = [];
  const oneMs: number[] = [];
  const severalMs: number[] = [];
  const hashes = new Set<string>();
  try {
    // The first round warms the kernels up.
    for (let round = 0; round <= Number(values.rounds); round++) {
      const alone = await timedRun(one);
      const together = await timedRun(several);
      const others = runners.map((runner) => runner.run());
      const own = await timedRun(one);
      const slowest = Math.max(own.ms, ...(await Promise.all(others)));
      const again = await timedRun(one);
      for (const { hash } of [alone, together, own, again]) hashes.add(hash);
      if (round === 0) continue;
      const before = (alone.ms + again.ms) / 2;
      speedups.push(before / together.ms);
      capacities.push((workers * before) / slowest);
      oneMs.push(before);
      severalMs.push(together.ms);
    }
  } finally {
    one.close();
    several.close();
    for (const runner of runners) runner.close();
    for (const other of busy) other.kill();
  }
  const speedup = median(speedups);
  const capacity = median(capacities);
  const sameBits = hashes.size === 1;
  const { method, iterations, groupsPerIteration } = config;
  const times = { oneMs: Math.round(median(oneMs)), severalMs: Math.round(median(severalMs)) };
  const share = median(speedups.map((ratio, i) => ratio / capacities[i]));
  const { size, memory, reason } = several;
  const result = {
    method,
    iterations,
    groupsPerIteration,
    busy: busy.length,
    workers,
    size,
    memory,
    ...times,
    speedup,
    capacity,
    share,
    sameBits,
  };
  const two = (x: number): string => x.toFixed(2);
  const text = [
    `${method}, ${iterations} iterations of ${groupsPerIteration} groups, ${busy.length} busy processes beside it: ${workers} threads asked for, ${size} at work (${reason}), ${times.severalMs} ms, one thread ${times.oneMs} ms`,
    `speed-up ${two(speedup)} (of rounds: ${speedups.map(two).join(', ')})`,
    `${workers} runs of one thread at once do ${two(capacity)} times the work of one (of rounds: ${capacities.map(two).join(', ')})`,
    `share of what the machine gives: ${two(share)}; same bits: ${sameBits}`,
  ].join('\n');
  console.log(values.json ? JSON.stringify(result) : text);
  if (!sameBits) process.exitCode = 1;
}

if (isMainThread) await measure();
else {
  const crew = await openCrew(spawnWorker, 1);
  parentPort?.on('message', async () => parentPort?.postMessage((await timedRun(crew)).ms));
}
