/**
 * Speed of the kernels, each as a share of a floating-point peak measured in the same run, alternating with its
 * samples. Shares are comparable between machines and under load; times are not. `nothing` is a kernel call without
 * work: the cost of a call from JavaScript to Wasm.
 *
 *     node bench/kernels.ts [--json]
 */
import { Bench } from 'tinybench';
import { createArena } from '../src/engine/kernels/createArena.ts';
import { elementwiseCases, matmulCases, nothingCase } from './kernelCases.ts';
import { type Case, peakCase } from './probe.ts';

const ROUNDS = 9;
const SAMPLE_MS = 6;
const WARMUP_MS = 60;
/**
 * Floating-point operations per sample, at least: about 20 microseconds, much longer than the resolution of the timer.
 */
const SAMPLE_OPERATIONS = 1e6;

interface Result {
  name: string;
  microseconds: number;
  gflops: number;
  share: number;
}

function callsPerSample({ operations }: Case): number {
  return Math.max(1, Math.round(SAMPLE_OPERATIONS / operations));
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

/** Milliseconds per call (medians over the samples of one round) of the cases, measured in turn. */
function round(cases: readonly Case[], timeMs: number): number[] {
  const bench = new Bench({ time: timeMs, iterations: 3, warmup: false, throws: true });
  for (const item of cases) {
    const calls = item.operations > 0 ? callsPerSample(item) : 1000;
    bench.add(item.name, () => {
      for (let i = 0; i < calls; i++) item.call();
    });
  }
  return bench.runSync().map((task, i) => {
    if (task.result.state !== 'completed')
      throw new Error(`${task.name}: the measurement ended as ${task.result.state}`);
    return task.result.latency.p50 / (cases[i].operations > 0 ? callsPerSample(cases[i]) : 1000);
  });
}

function measure(item: Case, peak: Case): { result: Result; peakGflops: number } {
  round([item], WARMUP_MS);
  const samples = Array.from({ length: ROUNDS }, () => {
    const [before, itemMs, after] = round([peak, item, { ...peak, name: 'peak again' }], SAMPLE_MS);
    return { itemMs, peakMs: (before + after) / 2 };
  });
  const itemMs = median(samples.map((sample) => sample.itemMs));
  const gflops = (ms: number, operations: number): number => operations / ms / 1e6;
  const shares = samples.map((s) => gflops(s.itemMs, item.operations) / gflops(s.peakMs, peak.operations));
  const result = {
    name: item.name,
    microseconds: itemMs * 1e3,
    gflops: gflops(itemMs, item.operations),
    share: median(shares),
  };
  return { result, peakGflops: gflops(median(samples.map((s) => s.peakMs)), peak.operations) };
}

const arena = await createArena();
const peak = await peakCase();
const cases = [...matmulCases(arena), ...elementwiseCases(arena)];
round([peak], WARMUP_MS);
const measured = [nothingCase(arena), ...cases].map((item) => measure(item, peak));
const peakGflops = median(measured.map((m) => m.peakGflops));
if (process.argv.includes('--json')) {
  const results = measured.map(({ result }) => result);
  console.log(JSON.stringify({ bench: 'kernels', engine: `node ${process.version}`, peakGflops, results }));
} else {
  console.log(`node ${process.version}, in-run peak ${peakGflops.toFixed(1)} GFLOP/s, medians of ${ROUNDS} rounds`);
  console.log(`${'kernel'.padEnd(24)}${'us a call'.padStart(12)}${'GFLOP/s'.padStart(10)}${'of peak'.padStart(10)}`);
  for (const { result } of measured) {
    const { name, microseconds, gflops, share } = result;
    const rate = gflops > 0 ? `${gflops.toFixed(1).padStart(10)}${`${(100 * share).toFixed(0)}%`.padStart(10)}` : '';
    console.log(name.padEnd(24) + microseconds.toFixed(3).padStart(12) + rate);
  }
}
