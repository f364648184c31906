/**
 * The worker side of a benchmark in JavaScript, for the engine and for its peers. A worker reads commands, one JSON
 * object per line, and answers each with one line. bench/peers/worker.py implements the same protocol.
 *
 *     first line     {"tasks": [...], "versions": {...}}
 *     {"check": t}   {"values": {name: base64 of float32}}
 *     {"time": t, "milliseconds": ms}     {"microseconds": mean of one call, "busy": ..., "work": ..., "bytes": ...}
 *     {"job": j, "seed": n}     {"microseconds": one run, "busy": ..., "values": {"success": ...}}
 *
 * `busy` is the processor time of the process divided by elapsed time. Below 1, another process had the processor.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Bench } from 'tinybench';
import { decodeSafetensors } from '../src/record/safetensors.ts';
import type { Job } from './training.ts';

export interface Task {
  /** Runs one call; returns a promise if the library does. */
  readonly run: () => unknown;
  /** Floating-point operations of one call (for a rollout: environment steps), if they are counted. */
  readonly work?: () => number;
  /** Bytes read and written by one call, if they are counted. */
  readonly bytes?: number;
  /** Results of one call, by name. */
  readonly check?: () => Record<string, Float32Array> | Promise<Record<string, Float32Array>>;
}

/** Inputs of all tasks, by name. */
export type Inputs = Record<string, { readonly shape: readonly number[]; readonly values: Float32Array | Int32Array }>;

/** Shortest duration of one tinybench sample: short calls are measured several at a time. */
const SAMPLE_MICROSECONDS = 50;
const WARMUP_MS = 300;

export function readInputs(path: string): Inputs {
  const inputs: Inputs = {};
  for (const { name, shape, values } of decodeSafetensors(readFileSync(path)).tensors) {
    if (values instanceof Float32Array || values instanceof Int32Array) inputs[name] = { shape, values };
  }
  return inputs;
}

/**
 * Mean time of a call, with `calls` calls per tinybench sample. Calls of the same duration come before it and are not
 * counted: other processes have run since the last sample, and the code of this one is no longer in the cache.
 */
async function measure(
  run: () => unknown,
  calls: number,
  milliseconds: number,
): Promise<{ microseconds: number; busy: number }> {
  const bench = new Bench({ time: milliseconds, iterations: 1, warmup: false, throws: true });
  const first = run();
  if (first instanceof Promise) await first;
  for (const untilMs = performance.now() + milliseconds; performance.now() < untilMs; ) {
    const result = run();
    if (first instanceof Promise) await result;
  }
  const wallStart = performance.now();
  const cpuStart = process.cpuUsage();
  if (first instanceof Promise) {
    bench.add('task', async () => {
      for (let i = 0; i < calls; i++) await run();
    });
    await bench.run();
  } else {
    bench.add('task', () => {
      for (let i = 0; i < calls; i++) run();
    });
    bench.runSync();
  }
  const { user, system } = process.cpuUsage(cpuStart);
  const busy = (user + system) / 1e3 / (performance.now() - wallStart);
  const [{ result }] = bench.tasks;
  if (result.state !== 'completed') throw new Error(`the measurement ended as ${result.state}`);
  return { microseconds: (result.latency.mean * 1000) / calls, busy };
}

interface Command {
  readonly check?: string;
  readonly time?: string;
  readonly milliseconds?: number;
  readonly job?: string;
  readonly seed?: number;
}

const encode = (floats: Float32Array): string =>
  Buffer.from(floats.buffer, floats.byteOffset, floats.byteLength).toString('base64');

/** Times one run of a job, without a run before it. */
async function timeJob(job: Job, seed: number): Promise<object> {
  const wallStart = performance.now();
  const cpuStart = process.cpuUsage();
  const success = await job(seed);
  const microseconds = (performance.now() - wallStart) * 1e3;
  const { user, system } = process.cpuUsage(cpuStart);
  return { microseconds, busy: (user + system) / microseconds, values: { success: encode(success) } };
}

/** Answers commands on stdin until it closes. */
export async function serve(
  tasks: Readonly<Record<string, Task>>,
  versions: Readonly<Record<string, string>>,
  jobs: Readonly<Record<string, Job>> = {},
) {
  const callsOf = new Map<string, number>();
  const send = (answer: object): void => void process.stdout.write(`${JSON.stringify(answer)}\n`);
  send({ tasks: Object.keys(tasks), versions });
  for await (const line of createInterface({ input: process.stdin })) {
    const command = JSON.parse(line) as Command;
    const name = command.check ?? command.time ?? command.job ?? '';
    const task = tasks[name];
    try {
      if (command.check !== undefined) {
        const values = Object.entries((await task.check?.()) ?? {}).map(([key, floats]) => {
          return [key, encode(floats)];
        });
        send({ values: Object.fromEntries(values) });
        continue;
      }
      if (command.job !== undefined) {
        send(await timeJob(jobs[name], command.seed ?? 1));
        continue;
      }
      let calls = callsOf.get(name);
      if (calls === undefined) {
        const { microseconds } = await measure(task.run, 1, WARMUP_MS);
        calls = Math.max(1, Math.round(SAMPLE_MICROSECONDS / microseconds));
        callsOf.set(name, calls);
      }
      const { microseconds, busy } = await measure(task.run, calls, command.milliseconds ?? 1);
      send({ microseconds, busy, work: task.work?.(), bytes: task.bytes });
    } catch (error) {
      send({ error: `${name}: ${error instanceof Error ? error.message : String(error)}`.slice(0, 400) });
    }
  }
}
