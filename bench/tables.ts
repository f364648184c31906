/** The tables of a benchmark run. */
import { compared, ratios, times } from './bars.ts';
import { growth } from './inputs.ts';
import { markdownTable } from './markdown.ts';
import { jobRatio, jobRuns, jobSeconds, type Measured, peakShare, timesAsLong } from './ratios.ts';
import type { BenchResult, Measurement, Row } from './result.ts';

/** Microseconds with three digits, in µs, ms or s. */
export function duration(microseconds: number): string {
  if (microseconds < 1) return `${Number((microseconds * 1e3).toPrecision(3))} ns`;
  if (microseconds < 1e3) return `${Number(microseconds.toPrecision(3))} µs`;
  if (microseconds < 1e6) return `${Number((microseconds / 1e3).toPrecision(3))} ms`;
  return `${Number((microseconds / 1e6).toPrecision(3))} s`;
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(0)}%`;
}

export function goalTable(rows: readonly Row[]): string {
  const shown = ({ value, unit, reason, predicted }: Row): string =>
    value === null
      ? `none: ${reason}`
      : `${Number(value.toPrecision(3))} ${unit}`.trim() + (predicted ? ', predicted' : '');
  const verdict = ({ goal, holds }: Row): string => (goal === null ? '' : holds ? 'holds' : 'misses');
  return markdownTable(
    ['What', 'Measured', 'Goal', ''],
    rows.map((row) => [row.name, shown(row), row.goal === null ? '' : `${row.sense} ${row.goal}`, verdict(row)]),
  );
}

/** The measurement of a task with a build of the engine, by default the wide one. */
export function own({ measurements }: Measured, task: string, worker = 'unbraid'): Measurement | undefined {
  return measurements.find((m) => m.task === task && m.worker === worker && m.microseconds !== null);
}

export function kernelTable(result: BenchResult): string {
  const measured = result.measurements.filter((m) => m.worker === 'unbraid');
  const tasks = measured.filter((m) => m.bytes > 0 || m.task === 'nothing').map(({ task }) => task);
  const rows = tasks.flatMap((task) => {
    const m = own(result, task);
    if (!m?.microseconds || task.startsWith('stream')) return [];
    const off = own(result, task, 'unbraid-off');
    const rate = m.work > 0 ? [(m.work / m.microseconds / 1e3).toFixed(1), percent(peakShare(m))] : ['', ''];
    return [[task, duration(m.microseconds), ...rate, off ? times(timesAsLong(off, m)) : '']];
  });
  return markdownTable(['Kernel', 'A call', 'GFLOP/s', 'Of the peak', 'Narrow build'], rows);
}

/** Tasks whose times with both builds are compared. */
const widths: Readonly<Record<string, string>> = {
  mlpStep: 'Training step of the MLP 64-128-128-16, batch 256',
  attentionStep: 'Training step of the encoder: batch 64, 32 tokens, width 64, 2 heads, 2 blocks',
  defaultPolicy: 'Training step of the default policy: 64 states of 10 actions',
  gram256: 'Gram matrix of 256 per-sample gradients of the MLP',
  gram1024: 'Gram matrix of 1,024 per-sample gradients of the MLP',
  inference: 'Action log-probabilities of one state, MLP',
  rollout: 'Rollout of 80 episodes of household',
};

/** Times of both builds, and the time of the narrow build divided by that of the wide one. */
export function widthTable(result: BenchResult): string {
  const rows = Object.entries(widths).flatMap(([task, name]) => {
    const [wide, off] = ['unbraid', 'unbraid-off'].map((worker) => own(result, task, worker));
    if (!wide?.microseconds || !off?.microseconds) return [];
    const shares = [wide, off].map((m) => (m.work > 0 && task !== 'rollout' ? percent(peakShare(m)) : ''));
    return [[name, duration(wide.microseconds), duration(off.microseconds), times(timesAsLong(off, wide)), ...shares]];
  });
  try {
    const [wide, off] = ['unbraid', 'unbraid-off'].map((worker) => jobRuns(result, 'household', worker));
    const seconds = [wide, off].map((runs) => duration(jobSeconds(runs) * 1e6));
    rows.push([
      'Run on household: 160 iterations, evaluations and coupling',
      ...seconds,
      times(jobRatio(off, wide)),
      '',
      '',
    ]);
  } catch {
    // A run that was not measured has no row; the table of goals has the reason.
  }
  const head = [
    'One thread',
    'Wide build',
    'Narrow build',
    'Narrow over wide',
    'Wide, of the peak',
    'Narrow, of the peak',
  ];
  return markdownTable(head, rows);
}

export function comparedTable(result: BenchResult): string {
  const rows = Object.entries(compared).flatMap(([task, name]) => {
    const m = own(result, task);
    if (!m?.microseconds) return [];
    const others = ratios(result, task).map((other) => `${other.name} ${times(other.ratio)}`);
    return [[name, duration(m.microseconds), m.work > 0 ? percent(peakShare(m)) : '', others.join(', ')]];
  });
  return markdownTable(['Task', 'unbraid', 'Of the peak', 'Time of others divided by the time of unbraid'], rows);
}

export const growthTitles: Readonly<Record<keyof typeof growth, readonly [head: string, of: string]>> = {
  batch: ['Batch', 'MLP training step'],
  width: ['Width', 'MLP training step, batch 256'],
  actions: ['Actions', 'step of the policy that scores listed actions, 64 states'],
  tokens: ['Tokens', 'encoder training step, batch 16'],
};

export function growthTable(result: BenchResult, kind: keyof typeof growth): string {
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
