/**
 * Speed of the kernels, each as a share of a floating-point peak measured in the same run, sample about with it: shares compare between
 * machines and under load, times do not. `nothing` is a kernel call without work: the cost of the crossing.
 *
 *   node bench/kernels.ts [--json]
 */
import { readFileSync } from 'node:fs';
import asc from 'assemblyscript/asc';
import { Bench } from 'tinybench';
import { type Arena, createArena, matmulScratchBytes } from '../src/kernels/arena.ts';
import { randomStream } from '../src/random.ts';

const ROUNDS = 9;
const SAMPLE_MS = 6;
const WARMUP_MS = 60;
/** Floating-point operations per sample, at least: some 20 microseconds, far above the timer's resolution. */
const SAMPLE_OPERATIONS = 1e6;
const PEAK_STEP_OPERATIONS = 64;

interface Case {
  readonly name: string;
  /** Single-precision additions, multiplications, divisions, roots and comparisons of one call. */
  readonly operations: number;
  readonly call: () => void;
}

interface Result {
  name: string;
  microseconds: number;
  gflops: number;
  share: number;
}

/** Compiles bench/peak.ts in memory; returns a case that runs the probe once per call. */
async function peakCase(): Promise<Case> {
  const source = readFileSync(new URL('./peak.ts', import.meta.url), 'utf8');
  let binary: Uint8Array<ArrayBuffer> | undefined;
  const options = ['peak.ts', '-o', 'peak.wasm', '--enable', 'simd', '--optimizeLevel', '3', '--runtime', 'stub'];
  const { error, stderr } = await asc.main([...options, '--memoryBase', '1024'], {
    readFile: (name) => (name === 'peak.ts' ? source : null),
    writeFile: (name, contents) => {
      if (name === 'peak.wasm' && typeof contents !== 'string') binary = Uint8Array.from(contents);
    },
    listFiles: () => [],
  });
  if (error || !binary) throw new Error(`bench/peak.ts does not compile: ${stderr.toString()}`);
  const { instance } = await WebAssembly.instantiate(binary, {});
  const exports = instance.exports as { peak: (steps: number, pointer: number) => number; memory: WebAssembly.Memory };
  new Float32Array(exports.memory.buffer, 0, 32).fill(1 / 3);
  const steps = SAMPLE_OPERATIONS / PEAK_STEP_OPERATIONS;
  return { name: 'peak', operations: SAMPLE_OPERATIONS, call: () => void exports.peak(steps, 0) };
}

function filled(arena: Arena, count: number): number {
  const random = randomStream(1, 'bench/kernels', count);
  const pointer = arena.floats(count);
  arena.write(
    pointer,
    Float32Array.from({ length: count }, () => random.uniform() - 0.5),
  );
  return pointer;
}

function matmulCases(arena: Arena): Case[] {
  const { kernels } = arena;
  const cubes = [64, 128, 256, 512].map((n) => [n, n, n]);
  return [...cubes, [64, 32, 32], [900, 64, 66]].flatMap(([m, n, k]) => {
    const a = filled(arena, m * k);
    const b = filled(arena, k * n);
    const c = filled(arena, m * n);
    const scratch = arena.reserve(matmulScratchBytes(k, n));
    const operations = 2 * m * n * k;
    const size = `${m}x${n}x${k}`;
    return [
      { name: `matmulNN ${size}`, operations, call: () => kernels.matmulNN(m, n, k, a, k, b, n, c, n, 0, 0, scratch) },
      { name: `matmulNT ${size}`, operations, call: () => kernels.matmulNT(m, n, k, a, k, b, k, c, n, 0, 0, scratch) },
      { name: `matmulTN ${size}`, operations, call: () => kernels.matmulTN(m, n, k, a, m, b, n, c, n, 0, scratch) },
    ];
  });
}

/** Kernels whose work grows with the number of elements; operations per element are counted in assembly/. */
function elementwiseCases(arena: Arena): Case[] {
  const { kernels } = arena;
  const n = 16_384;
  const [x, y, p, m, v] = Array.from({ length: 5 }, () => filled(arena, n));
  arena.zero(v, n * 4);
  // Slopes of exactly 1, or repeated backward calls would multiply the gradient down to subnormal numbers, which are slow.
  const zeros = arena.floats(n);
  const large = arena.floats(n);
  kernels.fill(large, n, 12);
  const width = 64;
  const rows = n / width;
  const saved = [filled(arena, n), filled(arena, rows)];
  const offsets = arena.floats(n / 8 + 1);
  for (let i = 0; i <= n / 8; i++) arena.i32[(offsets >> 2) + i] = 8 * i;
  const each = (name: string, perElement: number, call: () => void): Case => ({
    name,
    operations: perElement * n,
    call,
  });
  return [
    each('tanh forward', 22, () => kernels.activationForward(1, x, y, n)),
    each('tanh backward', 3, () => kernels.activationBackward(1, zeros, y, n)),
    each('relu forward', 1, () => kernels.activationForward(2, x, y, n)),
    each('gelu forward', 30, () => kernels.activationForward(3, x, y, n)),
    each('gelu backward', 39, () => kernels.activationBackward(3, large, p, n)),
    each('addInto', 1, () => kernels.addInto(y, x, n)),
    each('columnSum', 1, () => kernels.columnSum(rows, width, x, width, y, 0)),
    each('sumOfSquares', 2, () => void kernels.sumOfSquares(x, n)),
    each('adamw', 16, () => kernels.adamw(n, p, x, m, v, 1e-3, 0.9, 0.999, 1e-8, 0, 1, 1)),
    each('layerNormForward', 7, () => kernels.layerNormForward(rows, width, x, m, v, y, saved[0], saved[1])),
    each('logSoftmax of 8', 22, () => kernels.logSoftmax(n / 8, offsets, x, 0, 1, y)),
  ];
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
const nothing: Case = { name: 'nothing', operations: 0, call: () => arena.kernels.fill(0, 0, 0) };
const cases = [...matmulCases(arena), ...elementwiseCases(arena)];
round([peak], WARMUP_MS);
const measured = [nothing, ...cases].map((item) => measure(item, peak));
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
