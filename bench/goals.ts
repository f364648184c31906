/** The speed goals as rows. Each row has a number measured in this run, or the reason why it is missing. */

import { PEAK_OPERATIONS } from '../src/cli/profile/probe.ts';
import { gramSizes, growth } from './inputs.ts';
import type { BenchResult, Measurement, Outcome, Row } from './result.ts';

type Measured = Omit<BenchResult, 'rows'>;
type Sense = Row['sense'];

function need(
  measurements: readonly Measurement[],
  task: string,
  worker = 'unbraid',
): Measurement & { microseconds: number } {
  const found = measurements.find((m) => m.task === task && m.worker === worker);
  if (!found) throw new Error(`${task} was not measured on ${worker}`);
  const { microseconds, reason } = found;
  if (microseconds === null) throw new Error(`${task} on ${worker}: ${reason}`);
  return { ...found, microseconds };
}

/** A sample's rate as a share of the peak probe's rate. */
export function peakShare({ peakRatio, work }: Measurement): number {
  return (peakRatio * work) / PEAK_OPERATIONS;
}

/**
 * Time of `other` divided by the time of `own`, each relative to the peak probe next to its samples, because the clock
 * of the processor drifts.
 */
export function timesAsLong(other: Measurement, own: Measurement): number {
  return own.peakRatio / other.peakRatio;
}

/** Exponent of the growth of y with x: least-squares fit of log y over log x. */
export function exponent(points: readonly (readonly [number, number])[]): number {
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)]);
  const mean = (axis: number): number => logs.reduce((sum, log) => sum + log[axis], 0) / logs.length;
  const [mx, my] = [mean(0), mean(1)];
  const covariance = logs.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0);
  return covariance / logs.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
}

function measuredValue<T>(outcome: Outcome<T>): T {
  if ('reason' in outcome) throw new Error(outcome.reason);
  return outcome.value;
}

function row(name: string, goal: number, sense: Sense, unit: string, measure: () => number): Row {
  try {
    const value = measure();
    return { name, value, goal, sense, unit, holds: sense === 'at least' ? value >= goal : value <= goal };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { name, value: null, goal, sense, unit, holds: false, reason };
  }
}

const times = 'times as long';
const peak = 'of the peak';

/** Smallest share of the peak among the tasks. */
function share({ measurements }: Measured, tasks: readonly string[]): number {
  return Math.min(...tasks.map((task) => peakShare(need(measurements, task))));
}

type PeerTask = readonly [worker: string, task: string];

/** Time of the fastest of these peers divided by the engine's time. */
function against({ measurements, missing }: Measured, task: string, others: readonly PeerTask[]): number {
  const found = others.flatMap(([worker, variant]) => {
    if (worker in missing) return [];
    return [timesAsLong(need(measurements, variant, worker), need(measurements, task))];
  });
  if (found.length === 0) throw new Error(others.map(([worker]) => `${worker}: ${missing[worker]}`).join('; '));
  return Math.min(...found);
}

/** Exponent of the growth of the time of a step with a size, from `from` on. */
function growthExponent({ measurements }: Measured, kind: keyof typeof growth, from: number): number {
  return exponent(
    growth[kind]
      .filter((n) => n >= from)
      .map((n) => [n, 1 / need(measurements, `growth/${kind}/${n}`).peakRatio] as const),
  );
}

const forms = (...sizes: string[]) =>
  sizes.flatMap((size) => ['NN', 'NT', 'TN'].map((form) => `matmul${form} ${size}`));

/** Goals of the engine alone, as shares of the peak. */
function peakRows(measured: Measured): Row[] {
  const peakRow = (name: string, goal: number, tasks: readonly string[]): Row =>
    row(name, goal, 'at least', peak, () => share(measured, tasks));
  return [
    peakRow('Matrix products of 128³ and more', 0.92, forms('128x128x128', '256x256x256', '512x512x512')),
    peakRow('Matrix product 64 x 32 x 32, and TN with 16 columns', 0.82, ['matmulNN 64x32x32', 'matmulTN 128x16x256']),
    peakRow('MLP training step', 0.82, ['mlpStep']),
    peakRow('Attention training step', 0.8, ['attentionStep']),
  ];
}

/** Goals relative to peers. */
function peerRows(measured: Measured): Row[] {
  const peerRow = (name: string, goal: number, task: string, others: readonly PeerTask[]): Row =>
    row(name, goal, 'at least', times, () => against(measured, task, others));
  return [
    peerRow('MLP training step: PyTorch', 1.4, 'mlpStep', [['torch', 'mlpStep']]),
    peerRow('Attention training step: PyTorch', 1, 'attentionStep', [['torch', 'attentionStep']]),
    peerRow('MLP training step: JAX with jit', 0.8, 'mlpStep', [['jax', 'mlpStep']]),
    peerRow('MLP training step: tfjs-wasm', 18, 'mlpStep', [['tfjs-wasm', 'mlpStep']]),
    peerRow('MLP training step: jax-js', 4.5, 'mlpStep', [['jax-js', 'mlpStep']]),
    ...gramSizes.map((n) =>
      peerRow(
        `Gram matrix of ${n}: vmap(grad) and J Jᵀ, the faster of JAX and PyTorch`,
        n === 256 ? 30 : 40,
        `gram${n}`,
        ['jax', 'torch'].map((worker) => [worker, `gram${n}:vmap`] as const),
      ),
    ),
    row('Gram matrix: the same formula in PyTorch, and TorchJD', 1, 'at least', times, () =>
      Math.min(
        ...gramSizes.map((n) =>
          against(measured, `gram${n}`, [
            ['torch', `gram${n}:formula`],
            ['torch', `gram${n}:torchjd`],
          ]),
        ),
      ),
    ),
    peerRow('Inference of one state: onnxruntime-web', 1, 'inference', [['ort-web', 'inference']]),
    peerRow('Inference of one state: tfjs-wasm', 3, 'inference', [['tfjs-wasm', 'inference']]),
  ];
}

/** Goals of complete runs: time, memory and bytes. */
function runRows(measured: Measured): Row[] {
  return [
    row(
      'GRPO on household: time outside kernels and environment',
      0.1,
      'at most',
      'of the time',
      () => measuredValue(measured.iteration).outside,
    ),
    row(
      'Heap growth over 1,000 updates',
      1,
      'at most',
      'MB',
      () => measuredValue(measured.iteration).heapGrowthBytes / 1e6,
    ),
    row('Engine .wasm, gzipped', 40, 'at most', 'kB', () => measuredValue(measured.sizes).engine / 1e3),
    row(
      'Edge build, wasm and JavaScript, gzipped',
      32,
      'at most',
      'kB',
      () => measuredValue(measured.sizes).edge / 1e3,
    ),
    row('Import to first update in Node', 150, 'at most', 'ms', () => measuredValue(measured.startUpMs)),
  ];
}

/** The rows of the table of goals, in its order. */
export function goalRows(measured: Measured): Row[] {
  return [
    ...peakRows(measured),
    ...peerRows(measured),
    ...runRows(measured),
    row('Growth with the batch, 256 to 4,096: power', 1.1, 'at most', '', () => growthExponent(measured, 'batch', 256)),
    row('Growth with the tokens, 32 to 128: power', 2, 'at most', '', () => growthExponent(measured, 'tokens', 32)),
  ];
}
