/**
 * How much faster several threads train than one: whole runs of household in turn, in one process, and the ratio of their medians.
 *
 *     node bench/threads.ts [--workers 2] [--rounds 5] [--iterations 40] [--method classifier+cloning] [--json]
 *
 * Both cores free: run it alone. One core for all threads: `taskset -c 0 node bench/threads.ts`.
 */
import { parseArgs } from 'node:util';
import { openCrew } from '../src/parallel/crew.ts';
import { train } from '../src/train/trainer.ts';
import { spawnWorker } from '../workers/spawn.node.ts';

const { values } = parseArgs({
  options: {
    workers: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '5' },
    iterations: { type: 'string', default: '40' },
    method: { type: 'string', default: 'classifier+cloning' },
    json: { type: 'boolean', default: false },
  },
});
const config = { method: values.method, iterations: Number(values.iterations), evalEpisodes: 100, seed: 1 };

const median = (times: readonly number[]): number => [...times].sort((a, b) => a - b)[times.length >> 1];

const crews = [await openCrew(spawnWorker, 1), await openCrew(spawnWorker, Number(values.workers))];
const timesMs: number[][] = [[], []];
const hashes = new Set<string>();
try {
  // The first round warms the kernels up.
  for (let round = 0; round <= Number(values.rounds); round++) {
    for (const [i, crew] of crews.entries()) {
      const startMs = performance.now();
      const { parametersSha256 } = await train(config, { crew });
      hashes.add(parametersSha256);
      if (round > 0) timesMs[i].push(performance.now() - startMs);
    }
  }
} finally {
  for (const crew of crews) crew.close();
}
const [one, several] = timesMs.map(median);
const ratios = timesMs[0].map((ms, round) => ms / timesMs[1][round]);
const result = {
  method: config.method,
  iterations: config.iterations,
  workers: crews[1].size,
  memory: crews[1].memory,
  oneMs: Math.round(one),
  severalMs: Math.round(several),
  speedup: median(ratios),
  ratios,
  sameBits: hashes.size === 1,
};
console.log(
  values.json
    ? JSON.stringify(result)
    : `${result.workers} threads (${result.memory}) against one, ${result.method}, ${result.iterations} iterations: ${result.severalMs} ms, ${result.oneMs} ms; ${result.speedup.toFixed(2)} times as fast (median of ${ratios.map((r) => r.toFixed(2)).join(', ')}); same bits: ${result.sameBits}`,
);
if (!result.sameBits) process.exitCode = 1;
