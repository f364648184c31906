/** Tables of a benchmark run as Markdown. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { barsFigure, compared, ratios, times } from './bars.ts';
import { peakShare } from './goals.ts';
import { growth } from './inputs.ts';
import { between, markdownTable } from './markdown.ts';
import type { BenchResult, Measurement, Outcome, Row } from './result.ts';
import { rooflineFigure } from './roofline.ts';

const part = 'performance';

/** Microseconds with three digits, in µs, ms or s. */
export function duration(microseconds: number): string {
  if (microseconds < 1) return `${Number((microseconds * 1e3).toPrecision(3))} ns`;
  if (microseconds < 1e3) return `${Number(microseconds.toPrecision(3))} µs`;
  return `${Number((microseconds / 1e3).toPrecision(3))} ms`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)}%`;
}

function goalTable(rows: readonly Row[]): string {
  const shown = ({ value, unit, reason }: Row): string =>
    value === null ? `none: ${reason}` : `${Number(value.toPrecision(3))} ${unit}`.trim();
  return markdownTable(
    ['What', 'Measured', 'Goal', ''],
    rows.map((row) => [row.name, shown(row), `${row.sense} ${row.goal}`, row.holds ? 'holds' : 'misses']),
  );
}

function own({ measurements }: BenchResult, task: string): Measurement | undefined {
  return measurements.find((m) => m.task === task && m.worker === 'unbraid' && m.microseconds !== null);
}

function kernelTable(result: BenchResult): string {
  const tasks = result.measurements.filter((m) => m.bytes > 0 || m.task === 'nothing').map(({ task }) => task);
  const rows = tasks.flatMap((task) => {
    const m = own(result, task);
    if (!m?.microseconds || task.startsWith('stream')) return [];
    const rate = m.work > 0 ? [(m.work / m.microseconds / 1e3).toFixed(1), percent(peakShare(m))] : ['', ''];
    return [[task, duration(m.microseconds), ...rate]];
  });
  return markdownTable(['Kernel', 'A call', 'GFLOP/s', 'Of the peak'], rows);
}

function comparedTable(result: BenchResult): string {
  const rows = Object.entries(compared).flatMap(([task, name]) => {
    const m = own(result, task);
    if (!m?.microseconds) return [];
    const others = ratios(result, task).map((other) => `${other.name} ${times(other.ratio)}`);
    return [[name, duration(m.microseconds), m.work > 0 ? percent(peakShare(m)) : '', others.join(', ')]];
  });
  return markdownTable(['Task', 'unbraid', 'Of the peak', 'Time of others divided by the time of unbraid'], rows);
}

const growthTitles: Readonly<Record<keyof typeof growth, readonly [head: string, of: string]>> = {
  batch: ['Batch', 'MLP training step'],
  width: ['Width', 'MLP training step, batch 256'],
  actions: ['Actions', 'step of the policy that scores listed actions, 64 states'],
  tokens: ['Tokens', 'encoder training step, batch 16'],
};

function growthTable(result: BenchResult, kind: keyof typeof growth): string {
  const rows = growth[kind].flatMap((n) => {
    const m = own(result, `growth/${kind}/${n}`);
    if (!m?.microseconds) return [];
    return [
      [
        n.toLocaleString('en'),
        duration(m.microseconds),
        duration(m.microseconds / n),
        m.work > 0 ? percent(peakShare(m)) : '',
      ],
    ];
  });
  const [head, of] = growthTitles[kind];
  return `${of[0].toUpperCase()}${of.slice(1)}:\n\n${markdownTable([head, 'A step', `By ${head.toLowerCase()}`, 'Of the peak'], rows)}`;
}

function outcomeText<T>(outcome: Outcome<T>, text: (value: T) => string): string {
  return 'value' in outcome ? text(outcome.value) : `Not measured: ${outcome.reason}.`;
}

function iterationText(result: BenchResult): string {
  return outcomeText(
    result.iteration,
    ({ kernels, environment, outside, iterationMs, top, heapGrowthBytes, updates }) => {
      const most = Object.entries(top).map(([name, share]) => `${name} ${(100 * share).toFixed(1)}%`);
      return (
        `A GRPO iteration on household (80 episodes, 6 updates) takes ${iterationMs.toFixed(0)} ms: ${percent(kernels)} in kernels, ` +
        `${percent(environment)} in the environment, ${(100 * outside).toFixed(1)}% outside both. Most of that: ${most.join(', ')}. ` +
        `Over ${updates.toLocaleString('en')} updates heap and buffers grew by ${(heapGrowthBytes / 1e3).toFixed(0)} kB.`
      );
    },
  );
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
    '## Beside other libraries',
    `![Time of other libraries over that of unbraid, by task](${name}-bars.svg)`,
    comparedTable(result),
    '## Kernels',
    `![Rate of each kernel under the roofs of the measured peak and bandwidths](${name}-roofline.svg)`,
    kernelTable(result),
    '## A whole run',
    iterationText(result),
    rolloutText(result),
    '## Growth',
    ...(Object.keys(growth) as (keyof typeof growth)[]).map((kind) => growthTable(result, kind)),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

const columns = ['tfjs-wasm', 'jax-js', 'onnxruntime-web', 'PyTorch', 'JAX'];

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
  return `## Speed\n\n${markdownTable(['One thread', 'unbraid', ...columns], rows)}\n\nEach cell of another library is its time divided by the time of unbraid; above 1, unbraid is faster. Medians of one interleaved run on ${processor}; equal results were checked first ([details](${link})).`;
}

const preface = `# Performance

Every number is the median of samples taken in turn in one run: the engine, each peer, and between any two samples a probe of the
processor's floating-point peak. A sample counts only where its process had the processor all the time, and the
probes before and after it agree and are near the fastest of the run.
Ratios are of times in units of that probe. Shares of the peak and ratios compare between machines; times do not. Each library runs on one thread, in a process of its own, on the same
inputs, and is timed only after its loss, gradients and parameters after three steps agreed with ours. "Operations" count single-precision
additions, multiplications, divisions, roots and comparisons.

<!-- ${part}:start -->
<!-- ${part}:end -->

## What bounds the misses

WebAssembly's vectors hold four floats and multiply and add in two operations. A native library uses vectors of eight or sixteen with one
fused operation where the processor has them, so a goal against PyTorch or JAX asks for work that the wider machine does not save:

* Training steps at the share of the peak shown above cannot be faster than the peak. Where the native library's rate is
* above that peak,
  "1.0 times as long" is out of reach for a step that is almost all matrix products, as that of the encoder is.
* A Gram matrix by the same formula: only the upper half is computed, which saves a factor of two; the vectors' width
* costs
  more than that. Against vmap(grad) the gain is bounded in the same way, as J Jᵀ runs at the native library's rate.
* Small products and kernels by element wait for memory and for single results; they are listed above with their rates.

What was tried, and what each attempt gave, is in [decisions/0005](../decisions/0005-gram-by-parts.md) and
[decisions/0012](../decisions/0012-kernel-speed.md).
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
