/** The document of a benchmark run, and the table of the README. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { barsFigure, compared, ratios, times } from './bars.ts';
import { between, markdownTable } from './markdown.ts';
import { jobRatio, jobRuns, jobSeconds, successMean } from './ratios.ts';
import type { BenchResult, JobRun, Outcome } from './result.ts';
import { rooflineFigure } from './roofline.ts';
import { modelError } from './scaling.ts';
import {
  comparedTable,
  duration,
  goalTable,
  growthTable,
  growthTitles,
  kernelTable,
  own,
  percent,
  widthTable,
} from './tables.ts';

const part = 'performance';

function outcomeText<T>(outcome: Outcome<T>, text: (value: T) => string): string {
  return 'value' in outcome ? text(outcome.value) : `Not measured: ${outcome.reason}.`;
}

function iterationText(result: BenchResult): string {
  return outcomeText(
    result.iteration,
    ({ build, kernels, environment, outside, iterationMs, top, heapGrowthBytes, updates }) => {
      const most = Object.entries(top).map(([name, share]) => `${name} ${(100 * share).toFixed(1)}%`);
      return (
        `A GRPO iteration on household (80 episodes, 6 updates) takes the ${build} build ${iterationMs.toFixed(0)} ms: ${percent(kernels)} in kernels, ` +
        `${percent(environment)} in the environment, ${(100 * outside).toFixed(1)}% outside both. Most of that: ${most.join(', ')}. ` +
        `Over ${updates.toLocaleString('en')} updates heap and buffers grew by ${(heapGrowthBytes / 1e3).toFixed(0)} kB.`
      );
    },
  );
}

/** The training beside the same job in PyTorch. */
function jobText(result: BenchResult): string {
  let own: readonly JobRun[];
  let torch: readonly JobRun[];
  try {
    [own, torch] = ['unbraid', 'torch'].map((worker) => jobRuns(result, 'training', worker));
  } catch (error) {
    return `The training beside PyTorch was not measured: ${(error as Error).message}.`;
  }
  const success = (runs: readonly JobRun[]): string => {
    const { mean, variance } = successMean(runs);
    return `${mean.toFixed(2)} ± ${(2 * Math.sqrt(variance)).toFixed(2)}`;
  };
  return (
    `160 iterations of GRPO on household with their cold start, without evaluations, take unbraid ${duration(jobSeconds(own) * 1e6)} ` +
    `and PyTorch (eager, environment in NumPy for all episodes at once) ${duration(jobSeconds(torch) * 1e6)}, ` +
    `${times(jobRatio(torch, own))} as long, on one thread each. ` +
    'Both train the same network with the same hyperparameters on the same games and demonstrations. ' +
    `The rules of the environment in NumPy agree on the demonstrations. Mean success in the last 20 iterations, over ${own.length} seeds, ` +
    `with two standard errors: unbraid ${success(own)}, PyTorch ${success(torch)}.`
  );
}

/** Speed-ups of several threads. */
function threadsText(result: BenchResult): string {
  return outcomeText(result.scaling, (rows) => {
    const two = (x: number | null): string => x?.toFixed(2) ?? '';
    const lines = rows.map(({ threads, groups, measured, speedup, predicted, independent, share }) => [
      ...[String(threads), String(groups), measured ? two(speedup) : ''],
      ...[two(predicted), two(independent), two(share)],
    ]);
    const head = ['Threads', 'Groups', 'Times one thread', 'Predicted', 'As many independent runs', 'Share of these'];
    const error = modelError(rows);
    const note = error === null ? '' : ` Its error on two threads is at most ${percent(error)}.`;
    return (
      `${markdownTable(head, lines)}\n\nComplete runs on household, with the narrow build. The prediction is of a model of the ` +
      `critical path from the phases of one thread. Rows without a measurement need more cores than this machine has.${note}`
    );
  });
}

function rolloutText(result: BenchResult): string {
  const m = own(result, 'rollout');
  if (!m?.microseconds) return '';
  const rate = Math.round((m.work / m.microseconds) * 1e3);
  return `Rollouts (80 episodes of household at once, default policy): ${rate} thousand environment steps a second.`;
}

function conditions({ command, machine, versions, missing, peakGflops, measurements }: BenchResult): string {
  const list = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const absent = Object.entries(missing).map(([key, reason]) => `${key}: ${reason}`);
  const kept = measurements.reduce((sum, m) => sum + m.kept, 0);
  const seen = measurements.reduce((sum, m) => sum + m.seen, 0);
  return [
    `\`${command}\` on ${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}.`,
    `Versions: ${list.join(', ')}.${absent.length > 0 ? ` Missing: ${absent.join('; ')}.` : ''}`,
    `Peak of the run: ${peakGflops.toFixed(1)} GFLOP/s. ${kept} of ${seen} samples were undisturbed and count.`,
  ].join('\n');
}

/** The document's part between its markers. `name` is the prefix of the figures' file names. */
export function report(result: BenchResult, name: string): string {
  return [
    conditions(result),
    '## Goals',
    goalTable(result.rows),
    '## Wide and narrow build',
    `The peak is the rate of 128-bit vectors. The wide build computes with 256-bit vectors, whose limit is twice this rate, so shares above 100% are possible.`,
    widthTable(result),
    '## Beside other libraries',
    `![Time of other libraries over that of unbraid, by task](${name}-bars.svg)`,
    comparedTable(result),
    '## Kernels',
    `![Rate of each kernel under the roofs of the measured peak and bandwidths](${name}-roofline.svg)`,
    kernelTable(result),
    '## A whole run',
    iterationText(result),
    rolloutText(result),
    jobText(result),
    '## Threads',
    threadsText(result),
    '## Growth',
    ...(Object.keys(growthTitles) as (keyof typeof growthTitles)[]).map((kind) => growthTable(result, kind)),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

const columns = ['unbraid, narrow build', 'tfjs-wasm', 'jax-js', 'onnxruntime-web', 'PyTorch', 'JAX'];

/** The table of the README: the engine's times, and the times of other libraries divided by them. */
export function readmeTable(result: BenchResult, link: string): string {
  const rows = Object.entries(compared).flatMap(([task, name]) => {
    const m = own(result, task);
    if (!m?.microseconds) return [];
    const found = ratios(result, task);
    // Of several ways to a Gram matrix, use the general one that needs no formula: vmap(grad).
    const cells = columns.map((column) =>
      found.find((other) => other.name === column || other.name.startsWith(`${column}, vmap`)),
    );
    return [[name, duration(m.microseconds), ...cells.map((cell) => (cell ? times(cell.ratio) : ''))]];
  });
  const { processor } = result.machine;
  return `## Speed\n\n${markdownTable(['One thread', 'unbraid', 'narrow build', ...columns.slice(1)], rows)}\n\nThe narrow build runs where 128-bit operations are not merged. Its cells and those of other libraries are their time divided by the time of unbraid; above 1, unbraid is faster. Medians of one interleaved run on ${processor}; equal results were checked first ([details](${link})).`;
}

const preface = `# Performance

Every number is the median of samples taken in turn in one run: the wide and the narrow build of the engine, each peer
library, and between any two samples a probe of the processor's peak rate with 128-bit vectors. A sample counts only if
its process had the processor all the time, and the probes before and after it agree and are near the fastest of the
run. Ratios are of times in units of that probe. Each library runs on one thread, in a process of its own, on the same
inputs. It is timed only after its loss, gradients and parameters after three steps agreed with those of unbraid; the
two builds must agree in every bit. "Operations" are single-precision additions, multiplications, divisions, roots and
comparisons.

<!-- ${part}:start -->
<!-- ${part}:end -->
`;

/**
 * Writes BASE.md, BASE-bars.svg and BASE-roofline.svg, and the table of README.md if it has the markers. Returns the
 * paths of the written files.
 */
export function writeReport(result: BenchResult, base: string): string[] {
  const written = [`${base}-bars.svg`, `${base}-roofline.svg`, `${base}.md`];
  const [bars, roofline, document] = written;
  writeFileSync(bars, barsFigure(result));
  writeFileSync(roofline, rooflineFigure(result));
  const text = existsSync(document) ? readFileSync(document, 'utf8') : preface;
  writeFileSync(document, between(text, part, report(result, basename(base))));
  const readme = fileURLToPath(new URL('../README.md', import.meta.url));
  const present = readFileSync(readme, 'utf8');
  if (present.includes(`<!-- ${part}:start -->`)) {
    writeFileSync(readme, between(present, part, readmeTable(result, `${base}.md`)));
    written.push(readme);
  }
  return written;
}
