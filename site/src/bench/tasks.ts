/** The tasks of the benchmark: what each does, how much work it is, and what its number tells. */

export interface Task {
  /** In links and stored results. */
  readonly id: string;
  readonly name: string;
  /** What is computed, and what a difference between machines tells. */
  readonly about: string;
  /** Floating-point operations of one repetition, where they are counted. */
  readonly operations: number | null;
}

/** Rows, columns and inner size of the matrix products. */
export const sizes = [
  [64, 32, 32],
  [128, 128, 128],
  [256, 256, 256],
] as const;

export const peakSteps = 2 ** 16;

const product = ([m, n, k]: (typeof sizes)[number], about: string): Task => ({
  id: `matmul-${m}-${n}-${k}`,
  name: `Matrix product ${m} × ${n} × ${k}`,
  about,
  operations: 2 * m * n * k,
});

export const kernelTasks: readonly Task[] = [
  {
    id: 'peak',
    name: 'Peak of 128-bit vectors',
    about:
      'Additions and multiplications on registers alone. No WebAssembly program with such vectors is faster, unless the browser merges two of them into one of 256 bits.',
    operations: 64 * peakSteps,
  },
  product(sizes[0], 'A small layer of a policy. Calls and the edges of blocks count.'),
  product(sizes[1], 'A layer of middle size. It fits into the first caches.'),
  product(sizes[2], 'A large layer. It tells how well the kernel uses the caches.'),
];

export const policyTasks: readonly Task[] = [
  {
    id: 'gram-256',
    name: 'Gram matrix of 256 samples',
    about:
      'Inner products of all pairs of 256 gradients of a network with 64 hidden units: one measurement of coupling.',
    operations: null,
  },
  {
    id: 'update-256',
    name: 'GRPO update on 256 states',
    about: 'Forward, backward and one step of Adam on the same network: one step of training.',
    operations: null,
  },
];

/** Threads of the runs, where a machine has that many. */
export const runThreads = [1, 2, 4, 8] as const;

export const runTask = (threads: number): Task => ({
  id: `run-${threads}`,
  name: `Short household run, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
  about:
    'Six iterations of the household task with its start: games, updates and evaluation. More threads help where there is a core for each.',
  operations: null,
});

export const allTasks: readonly Task[] = [...kernelTasks, ...policyTasks, ...runThreads.map(runTask)];

/** Seconds that a measurement takes, roughly. */
export const estimate = (threads: readonly number[]): number => 5 + 4 * threads.length;
