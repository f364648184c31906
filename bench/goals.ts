/** The speed goals as rows. Each row has a number measured in this run, or the reason why it is missing. */
import { gramSizes, growth } from './inputs.ts';
import {
  exponent,
  jobRatio,
  jobRuns,
  jobSeconds,
  learnsOtherwise,
  type Measured,
  need,
  peakShare,
  timesAsLong,
} from './ratios.ts';
import type { Outcome, Row } from './result.ts';
import { scalingRow } from './scaling.ts';

type Sense = Row['sense'];

function measuredValue<T>(outcome: Outcome<T>): T {
  if ('reason' in outcome) throw new Error(outcome.reason);
  return outcome.value;
}

function row(name: string, goal: number | null, sense: Sense, unit: string, measure: () => number): Row {
  try {
    const value = measure();
    const holds = goal === null || (sense === 'at least' ? value >= goal : value <= goal);
    return { name, value, goal, sense, unit, holds };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { name, value: null, goal, sense, unit, holds: false, reason };
  }
}

const times = 'times as long';

/** Smallest share of the peak among the tasks, with the narrow build. */
function share({ measurements }: Measured, tasks: readonly string[]): number {
  return Math.min(...tasks.map((task) => peakShare(need(measurements, task, 'unbraid-off'))));
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

/** Gains of the wide build over the narrow one. */
function widthRows(measured: Measured): Row[] {
  const widthRow = (name: string, task: string): Row =>
    row(`Wide against off: ${name}`, 1.6, 'at least', 'times as fast', () =>
      against(measured, task, [['unbraid-off', task]]),
    );
  return [
    widthRow('MLP training step', 'mlpStep'),
    widthRow('encoder training step', 'attentionStep'),
    widthRow('step of the default policy, 64 states of 10 actions', 'defaultPolicy'),
    ...gramSizes.map((n) => widthRow(`Gram matrix of ${n.toLocaleString('en')}`, `gram${n}`)),
    row('Wide against off: household run of 160 iterations', 1.35, 'at least', 'times as fast', () =>
      jobRatio(jobRuns(measured, 'household', 'unbraid-off'), jobRuns(measured, 'household', 'unbraid')),
    ),
  ];
}

/** Goals relative to peers. */
function peerRows(measured: Measured): Row[] {
  const peerRow = (name: string, goal: number, task: string, others: readonly PeerTask[]): Row =>
    row(name, goal, 'at least', times, () => against(measured, task, others));
  const formula = gramSizes.map((n) => [`gram${n}`, [['torch', `gram${n}:formula`]]] as const);
  return [
    peerRow('MLP training step: PyTorch', 1.2, 'mlpStep', [['torch', 'mlpStep']]),
    peerRow('MLP training step: JAX with jit', 1.1, 'mlpStep', [['jax', 'mlpStep']]),
    peerRow('Encoder training step: PyTorch', 0.85, 'attentionStep', [['torch', 'attentionStep']]),
    peerRow('Encoder training step: JAX with jit', 0.95, 'attentionStep', [['jax', 'attentionStep']]),
    peerRow('MLP training step: tfjs-wasm', 18, 'mlpStep', [['tfjs-wasm', 'mlpStep']]),
    peerRow('MLP training step: jax-js', 4.5, 'mlpStep', [['jax-js', 'mlpStep']]),
    ...gramSizes.map((n) =>
      peerRow(
        `Gram matrix of ${n.toLocaleString('en')}: vmap(grad) and J Jᵀ, the faster of JAX and PyTorch`,
        20,
        `gram${n}`,
        ['jax', 'torch'].map((worker) => [worker, `gram${n}:vmap`] as const),
      ),
    ),
    row('Gram matrix of 256 and 1,024: the same formula in PyTorch', 0.8, 'at least', times, () =>
      Math.min(...formula.map(([task, others]) => against(measured, task, others))),
    ),
    peerRow('Inference of one state: onnxruntime-web', 1, 'inference', [['ort-web', 'inference']]),
    peerRow('Inference of one state: tfjs-wasm', 3, 'inference', [['tfjs-wasm', 'inference']]),
  ];
}

/** A complete training beside the same job in PyTorch. */
function jobRows(measured: Measured): Row[] {
  const [own, torch] = ['unbraid', 'torch'].map((worker) => () => jobRuns(measured, 'training', worker));
  return [
    row('Whole job: 160 iterations of household, PyTorch', null, 'at least', times, () => {
      if (learnsOtherwise(torch(), own())) throw new Error('its success at the end differs from that of unbraid');
      return jobRatio(torch(), own());
    }),
    row('Whole job: unbraid', null, 'at most', 's', () => jobSeconds(own())),
    row('Whole job: PyTorch', null, 'at most', 's', () => jobSeconds(torch())),
    row('Training steps on a GPU: PyTorch eager, CUDA graph, JAX', null, 'at most', 'µs', () => {
      throw new Error('no machine with a GPU was available, and the benchmark has no path for one');
    }),
  ];
}

/** Speed-ups of several threads. */
function scalingRows(measured: Measured): Row[] {
  const at = (threads: number, groups: number) => scalingRow(measuredValue(measured.scaling), threads, groups);
  const two = (name: string, groups: number): Row =>
    row(`Two threads, ${name}: of what two independent runs do`, 0.9, 'at least', '', () => {
      const { share: found } = at(2, groups);
      if (found === null) throw new Error('two threads were not measured');
      return found;
    });
  const many = (name: string, goal: number, rows: readonly number[], measure: () => number): Row => {
    const made = row(name, goal, 'at least', 'times one thread', measure);
    const predicted = made.value !== null && rows.some((threads) => !at(threads, 40).measured);
    return predicted ? { ...made, predicted } : made;
  };
  return [
    two('default groups', 10),
    two('four times the groups', 40),
    many('8 threads, four times the groups', 5.5, [8], () => at(8, 40).speedup),
    many('16 threads, four times the groups', 8, [16], () => at(16, 40).speedup),
    { ...many('16 threads against 8', 0.95, [8, 16], () => at(16, 40).speedup / at(8, 40).speedup), unit: 'times 8' },
  ];
}

/** Goals of the narrow build, as shares of the peak: hosts without merged operations keep their speed. */
function peakRows(measured: Measured): Row[] {
  const peakRow = (name: string, goal: number, tasks: readonly string[]): Row =>
    row(`Narrow build: ${name}`, goal, 'at least', 'of the peak', () => share(measured, tasks));
  return [
    peakRow('matrix products of 128³ and more', 0.92, forms('128x128x128', '256x256x256', '512x512x512')),
    peakRow('matrix product 64 x 32 x 32, and TN with 16 columns', 0.82, ['matmulNN 64x32x32', 'matmulTN 128x16x256']),
    peakRow('MLP training step', 0.82, ['mlpStep']),
    peakRow('encoder training step', 0.8, ['attentionStep']),
  ];
}

/** Goals of complete runs: time, memory and bytes. */
function runRows(measured: Measured): Row[] {
  const { iteration, sizes, startUpMs } = measured;
  const most = (name: string, goal: number, unit: string, measure: () => number): Row =>
    row(name, goal, 'at most', unit, measure);
  const outside = 'GRPO on household: time outside kernels and environment';
  return [
    most(outside, 0.1, 'of the time', () => measuredValue(iteration).outside),
    most('Heap growth over 1,000 updates', 1, 'MB', () => measuredValue(iteration).heapGrowthBytes / 1e6),
    most('Largest build of the engine, gzipped', 40, 'kB', () => {
      return Math.max(...Object.values(measuredValue(sizes).engine)) / 1e3;
    }),
    most('Edge build, wasm and JavaScript, gzipped', 32, 'kB', () => measuredValue(sizes).edge / 1e3),
    most('Import to first update in Node', 150, 'ms', () => measuredValue(startUpMs).library),
    most('Import to first update in Node, with the choice of the build as in the command', 150, 'ms', () => {
      return measuredValue(startUpMs).command;
    }),
    most('Growth with the batch, 256 to 4,096: power', 1.1, '', () => growthExponent(measured, 'batch', 256)),
    most('Growth with the tokens, 32 to 128: power', 2, '', () => growthExponent(measured, 'tokens', 32)),
  ];
}

/** The rows of the table of goals, in its order. */
export function goalRows(measured: Measured): Row[] {
  return [widthRows, peerRows, jobRows, scalingRows, runRows, peakRows].flatMap((rows) => rows(measured));
}
