/**
 * Scaling over threads: complete runs on household on 1, 2, 4, 8 and 16 threads, with the default number of groups and
 * four times as many, in turn in one process; medians of their ratios. Beside each speed-up stands what as many
 * independent one-thread runs do at the same time, in units of one run: cores that are threads of one physical core, or
 * that other processes use, give less than their number. `share` is the speed-up divided by that.
 *
 * Rows for which this machine has too few cores are `predicted` by the model of `criticalPath.ts` from the phases of
 * one thread. Measured rows state the prediction, too, so that its error is known.
 *
 *     node bench/threads.ts [--threads 1,2,4,8,16] [--groups 10,40] [--rounds 5] [--iterations 160] [--method grpo]
 *         [--busy 0] [--json]
 *
 * `--groups` lists values of the config's `groupsPerIteration`; runs with more groups have proportionally fewer
 * iterations. Run this script without other load to measure free cores. `--busy N` starts N processes that each occupy
 * a core. For one core that all threads share: `taskset -c 0 node bench/threads.ts`.
 */
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { type Crew, openCrew } from '../src/parallel/crew.ts';
import { availableCores } from '../src/parallel/updateBoard.ts';
import { train } from '../src/train/trainer.ts';
import { spawnWorker } from '../workers/spawn.node.ts';
import { predictMs } from './criticalPath.ts';
import { measurePhases } from './phaseTimes.ts';

const { values } = parseArgs({
  options: {
    threads: { type: 'string', default: '1,2,4,8,16' },
    groups: { type: 'string', default: '10,40' },
    rounds: { type: 'string', default: '5' },
    iterations: { type: 'string', default: '160' },
    method: { type: 'string', default: 'grpo' },
    busy: { type: 'string', default: '0' },
    json: { type: 'boolean', default: false },
  },
});
const numbers = (text: string): number[] => text.split(',').map(Number);
const DEFAULT_GROUPS = 10;

function configOf(groups: number): Parameters<typeof train>[0] {
  const iterations = Math.max(5, Math.round((Number(values.iterations) * DEFAULT_GROUPS) / groups));
  return { method: values.method, iterations, groupsPerIteration: groups, seed: 1 };
}

/** One row of the table. Ratios are to one thread; null where nothing was measured. */
interface Row {
  readonly groups: number;
  readonly threads: number;
  readonly measured: boolean;
  readonly ms: number | null;
  readonly speedup: number;
  /** Speed-up that the model predicts. */
  readonly predicted: number;
  /** Work of as many independent runs at once, in units of one run alone. */
  readonly independent: number | null;
  readonly share: number | null;
}

async function timedRun(crew: Crew, groups: number): Promise<{ ms: number; hash: string }> {
  const startMs = performance.now();
  const { parametersSha256: hash } = await train(configOf(groups), { crew });
  return { ms: performance.now() - startMs, hash };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

/** A thread that makes complete runs by itself on request. */
function openRunner(groups: number): { run(): Promise<number>; close(): void } {
  const worker = new Worker(new URL(import.meta.url), { argv: process.argv.slice(2), workerData: { groups } });
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

/** Measures one number of threads: rounds of one thread, several threads, and independent runs. */
async function measureRow(
  groups: number,
  threads: number,
  one: Crew,
  predicted: number,
  hashes: Set<string>,
): Promise<Row> {
  const several = await openCrew(spawnWorker, threads);
  const runners = Array.from({ length: threads - 1 }, () => openRunner(groups));
  const [speedups, independents, ms]: number[][] = [[], [], []];
  try {
    // The first round warms the kernels up.
    for (let round = 0; round <= Number(values.rounds); round++) {
      const alone = await timedRun(one, groups);
      const together = await timedRun(several, groups);
      const others = runners.map((runner) => runner.run());
      const own = await timedRun(one, groups);
      const slowest = Math.max(own.ms, ...(await Promise.all(others)));
      const again = await timedRun(one, groups);
      for (const { hash } of [alone, together, own, again]) hashes.add(hash);
      if (round === 0) continue;
      const before = (alone.ms + again.ms) / 2;
      speedups.push(before / together.ms);
      independents.push((threads * before) / slowest);
      ms.push(together.ms);
    }
  } finally {
    several.close();
    for (const runner of runners) runner.close();
  }
  return {
    ...{ groups, threads, measured: true, ms: Math.round(median(ms)), predicted },
    speedup: median(speedups),
    independent: median(independents),
    share: median(speedups.map((ratio, i) => ratio / independents[i])),
  };
}

async function measureGroups(groups: number, cores: number): Promise<Row[]> {
  const one = await openCrew(spawnWorker, 1);
  const hashes = new Set<string>();
  await timedRun(one, groups);
  const phases = await measurePhases(configOf(groups), one);
  const predict = (threads: number): number => predictMs(phases, 1) / predictMs(phases, threads);
  const rows: Row[] = [];
  for (const threads of numbers(values.threads)) {
    const predicted = predict(threads);
    if (threads === 1) {
      const ms = Math.round(predictMs(phases, 1));
      rows.push({ groups, threads, measured: true, ms, speedup: 1, predicted: 1, independent: 1, share: 1 });
    } else if (threads <= cores) rows.push(await measureRow(groups, threads, one, predicted, hashes));
    else {
      const unknown = { ms: null, independent: null, share: null };
      rows.push({ groups, threads, measured: false, speedup: predicted, predicted, ...unknown });
    }
  }
  one.close();
  if (hashes.size > 1)
    throw new Error(`threads: all runs must have equal parameters, got ${[...hashes].join(' and ')}`);
  return rows;
}

const two = (x: number | null): string => (x === null ? '' : x.toFixed(2));

function lineOf({ groups, threads, measured, ms, speedup, predicted, independent, share }: Row): string {
  const cells = [groups, threads, ms ?? '', two(speedup), two(predicted), two(independent), two(share)];
  return `${cells.map((cell) => String(cell).padStart(11)).join(' ')}  ${measured ? 'measured' : 'predicted'}`;
}

async function measure(): Promise<void> {
  const busy = Array.from({ length: Number(values.busy) }, () => spawn(process.execPath, ['-e', 'for (;;);']));
  const cores = availableCores() ?? 1;
  const rows: Row[] = [];
  try {
    for (const groups of numbers(values.groups)) rows.push(...(await measureGroups(groups, cores)));
  } finally {
    for (const other of busy) other.kill();
  }
  const { method, iterations, rounds } = values;
  const result = { method, iterations: Number(iterations), rounds: Number(rounds), busy: busy.length, cores, rows };
  const names = ['groups', 'threads', 'ms', 'speed-up', 'model', 'independent', 'share'];
  const title = `${method}, ${iterations} iterations of ${DEFAULT_GROUPS} groups or as many episodes, ${cores} cores, ${busy.length} busy processes beside it; all runs have equal parameters`;
  const table = [title, names.map((name) => name.padStart(11)).join(' '), ...rows.map(lineOf)].join('\n');
  console.log(values.json ? JSON.stringify(result) : table);
}

if (isMainThread) await measure();
else {
  const crew = await openCrew(spawnWorker, 1);
  const { groups } = workerData as { groups: number };
  parentPort?.on('message', async () => parentPort?.postMessage((await timedRun(crew, groups)).ms));
}
