/**
 * Worker processes: the engine and its peers, one process each. They receive one request at a time, so that they never
 * run concurrently.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface WorkerSpec {
  readonly key: string;
  /** Display name. */
  readonly name: string;
  readonly command: readonly string[];
}

interface Timing {
  readonly microseconds: number;
  /** Processor time divided by elapsed time. */
  readonly busy: number;
  readonly work: number;
  readonly bytes: number;
}

export interface Worker {
  readonly spec: WorkerSpec;
  readonly tasks: ReadonlySet<string>;
  readonly versions: Readonly<Record<string, string>>;
  /** The results of one call of the task. */
  check(task: string): Promise<Record<string, Float32Array>>;
  /** Mean microseconds of a call over about `milliseconds`, and its operations and bytes (0: not counted). */
  time(task: string, milliseconds: number): Promise<Timing>;
  /** Runs a job once: its time, and the success of each iteration. */
  job(name: string, seed: number): Promise<JobTiming>;
  close(): void;
}

export interface JobTiming extends Pick<Timing, 'microseconds' | 'busy'> {
  readonly success: Float32Array;
}

interface Answer {
  readonly tasks?: string[];
  readonly versions?: Record<string, string>;
  readonly values?: Record<string, string>;
  readonly microseconds?: number;
  readonly busy?: number;
  readonly work?: number | null;
  readonly bytes?: number;
  readonly error?: string;
}

/** Name and start command of the engine's two workers and of its peers. A missing peer is reported and skipped. */
export function workerSpecs(inputs: string): WorkerSpec[] {
  const path = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
  const node = (file: string, ...rest: string[]): string[] => [process.execPath, path(file), inputs, ...rest];
  const python = process.env.UNBRAID_PYTHON ?? 'python3';
  const snake = (library: string): string[] => [python, path('./peers/worker.py'), inputs, library];
  return [
    { key: 'unbraid', name: 'unbraid', command: node('./ours.ts', 'wide') },
    { key: 'unbraid-off', name: 'unbraid, narrow build', command: node('./ours.ts', 'off') },
    { key: 'plain', name: 'plain JavaScript', command: node('./peers/plain.mjs') },
    { key: 'tfjs-cpu', name: 'tfjs-cpu', command: node('./peers/tfjs.mjs', 'cpu') },
    { key: 'tfjs-wasm', name: 'tfjs-wasm', command: node('./peers/tfjs.mjs', 'wasm') },
    { key: 'jax-js', name: 'jax-js', command: node('./peers/jaxjs.mjs') },
    { key: 'ort-web', name: 'onnxruntime-web', command: node('./peers/ort.mjs', 'web') },
    { key: 'ort-node', name: 'onnxruntime-node', command: node('./peers/ort.mjs', 'node') },
    { key: 'torch', name: 'PyTorch', command: snake('torch') },
    { key: 'jax', name: 'JAX', command: snake('jax') },
    { key: 'numpy', name: 'NumPy', command: snake('numpy') },
  ];
}

function floats(base64: string): Float32Array {
  return new Float32Array(new Uint8Array(Buffer.from(base64, 'base64')).buffer);
}

/** The line of a traceback or stack that contains the reason. */
function reasonIn(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.trim());
  const error = lines.find((line) => /^\w*(Error|Exception)\b.*:/.test(line));
  return (error ?? lines.findLast((line) => line !== '') ?? '').replace(/ imported from .*/, '');
}

/** A queue of the answers of one process. */
function answersOf(child: ChildProcess): () => Promise<Answer> {
  const ready: Answer[] = [];
  const waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void }[] = [];
  let stderr = '';
  let ended: Error | undefined;
  const end = (error: Error): void => {
    ended = error;
    for (const { reject } of waiting.splice(0)) reject(error);
  };
  child.stderr?.on('data', (text: Buffer) => {
    stderr = (stderr + text).slice(-4000);
  });
  child.on('error', end);
  child.on('close', (code) => end(new Error(reasonIn(stderr) || `the process ended with code ${code}`)));
  if (child.stdout) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      // Libraries print other text to stdout when they start.
      if (!line.startsWith('{')) return;
      const answer = JSON.parse(line) as Answer;
      const next = waiting.shift();
      if (next) next.resolve(answer);
      else ready.push(answer);
    });
  }
  return () =>
    new Promise((resolve, reject) => {
      const answer = ready.shift();
      if (answer) resolve(answer);
      else if (ended) reject(ended);
      else waiting.push({ resolve, reject });
    });
}

/** @throws Error with the reason if the process does not start, most often a library that is not installed */
export async function openWorker(spec: WorkerSpec): Promise<Worker> {
  const [file, ...rest] = spec.command;
  const child = spawn(file, rest, { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => {
    // The process has ended; `answersOf` reports the reason.
  });
  const next = answersOf(child);
  const ask = async (command: object): Promise<Answer> => {
    child.stdin.write(`${JSON.stringify(command)}\n`);
    const answer = await next();
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  };
  const { tasks = [], versions = {} } = await next();
  return {
    spec,
    tasks: new Set(tasks),
    versions,
    async check(task) {
      const { values = {} } = await ask({ check: task });
      return Object.fromEntries(Object.entries(values).map(([name, base64]) => [name, floats(base64)]));
    },
    async time(task, milliseconds) {
      const { microseconds = Number.NaN, busy = 0, work, bytes = 0 } = await ask({ time: task, milliseconds });
      return { microseconds, busy, work: work ?? 0, bytes };
    },
    async job(name, seed) {
      const { microseconds = Number.NaN, busy = 0, values = {} } = await ask({ job: name, seed });
      return { microseconds, busy, success: floats(values.success) };
    },
    close: () => void child.stdin.end(),
  };
}
