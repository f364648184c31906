/**
 * The processor time of a GRPO run on household inside and outside kernels and environment. A second, bitwise identical
 * run records every call of both with its arguments, and the calls are then repeated alone. A clock around each call
 * would cost more than small kernels take, and samples of the stack count the work around a call as time outside.
 */
import type { Environment } from '../src/env/environment.ts';
import type { RunParts } from '../src/train/run.ts';
import { train } from '../src/train/trainer.ts';

/** Iterations that are measured: their code is compiled, and the clock of the thread advances in steps of some ms. */
const MEASURED = { from: 30, to: 60 };

/** Runs, and rounds in which the calls are repeated. */
const RUNS = 5;
const ROUNDS = 9;

/** The time that counts: other programs on the other thread of the core only make a round longer. */
function lowerQuartile(times: number[]): number {
  return times.sort((a, b) => a - b)[Math.floor(times.length / 4)];
}

type Call = () => unknown;

/** Processor time of this thread in ms. */
function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1e3;
}

/** Appends to `calls` every call of a function of `object`, until the returned function is called. */
function recordCalls(object: object, names: readonly string[], calls: Call[]): () => void {
  const functions = object as Record<string, unknown>;
  const before = Object.fromEntries(names.map((name) => [name, functions[name]]));
  for (const name of names) {
    const original = functions[name];
    if (typeof original !== 'function') continue;
    functions[name] = (...given: unknown[]) => {
      calls.push(() => original.apply(object, given));
      return original.apply(object, given);
    };
  }
  return () => void Object.assign(functions, before);
}

/** Milliseconds of the calls, one after the other. */
function aloneMs(calls: readonly Call[]): number {
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const startMs = threadMs();
    for (const call of calls) call();
    rounds.push(threadMs() - startMs);
  }
  return lowerQuartile(rounds);
}

const methods = ['reset', 'step', 'stateHash', 'expertActions'] as const satisfies readonly (keyof Environment)[];

/** Shares of the processor time of the run, and its ms per iteration. */
export interface TimeShares {
  readonly kernels: number;
  readonly environment: number;
  readonly outside: number;
  readonly iterationMs: number;
}

/** @param module the build of the kernels */
export async function timeShares(config: Parameters<typeof train>[0], module: WebAssembly.Module): Promise<TimeShares> {
  const { from, to } = MEASURED;
  const run = (begin: () => void, end: () => void, onParts?: (parts: RunParts) => void) =>
    train(
      { ...config, iterations: to + 1 },
      {
        module,
        ...(onParts && { onParts }),
        onProgress({ phase, done }) {
          if (phase !== 'train') return;
          if (done === from) begin();
          if (done === to) end();
        },
      },
    );
  const totals: number[] = [];
  for (let i = 0; i < RUNS; i++) {
    let startMs = 0;
    await run(
      () => {
        startMs = threadMs();
      },
      () => {
        totals.push(threadMs() - startMs);
      },
    );
  }
  const totalMs = lowerQuartile(totals);
  let parts: RunParts | undefined;
  let stop: (() => void)[] = [];
  let kernelsMs = 0;
  let environmentMs = 0;
  const [ofKernels, ofEnvironments]: [Call[], Call[]] = [[], []];
  await run(
    () => {
      if (!parts) throw new Error('timeShares: a run must pass its parts before its first iteration');
      const { kernels } = parts.learner.policy.arena;
      const ofArena = recordCalls(kernels, Object.keys(kernels), ofKernels);
      stop = [ofArena, ...parts.environments.map((each) => recordCalls(each, methods, ofEnvironments))];
    },
    () => {
      for (const each of stop) each();
      environmentMs = aloneMs(ofEnvironments);
      kernelsMs = aloneMs(ofKernels);
    },
    (given) => {
      parts = given;
    },
  );
  const kernels = kernelsMs / totalMs;
  const environment = environmentMs / totalMs;
  return { kernels, environment, outside: 1 - kernels - environment, iterationMs: totalMs / (to - from) };
}
