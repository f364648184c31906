/**
 * The command line of unbraid in a process of its own, with studies of small jobs. The variable UNBRAID_FLEET has
 * faults as JSON. They replace methods of the libraries or wrap threads, so the product needs no code for them.
 */
import { appendFileSync, existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Job, Worker } from 'bullmq';
import { buildProgram, type Engine } from '../../src/cli/program.ts';
import { runProgram } from '../../src/cli/shared/commandShell.ts';
import { abortOnSignals } from '../../src/cli/signals.ts';
import { openThreadRunner } from '../../src/cli/study/threadRunner.ts';
import type { JobRunner } from '../../src/study/runJobs.ts';
import { unbraidVersion } from '../../src/version.ts';
import { testStudies } from './testStudies.ts';

/** What happens to jobs of a seed, in place of a result. */
export type Poison = 'exit' | 'SIGKILL' | 'memory';

export interface FleetFaults {
  /** Lock and interval of the stalled check in ms, instead of those of the command. */
  readonly locks?: readonly [number, number];
  /** File to which each start of a job appends `PID SEED`. */
  readonly starts?: string;
  /** A job waits while this file exists. */
  readonly hold?: string;
  /** Jobs fail while this file exists. */
  readonly broken?: string;
  readonly poison?: Readonly<Record<number, Poison>>;
  /** Jobs take this time in ms and return a result without training. */
  readonly fakeMs?: number;
  /** The process kills itself between storing the first result and completing its job. */
  readonly killBeforeComplete?: true;
}

const faults = JSON.parse(process.env.UNBRAID_FLEET ?? '{}') as FleetFaults;

/** Called by the constructor of a worker after it has its options, and before it uses them. */
type WithLocks = { createLockManager(): void; opts: Record<string, number> };

function install({ locks, killBeforeComplete }: FleetFaults): void {
  const prototype = Worker.prototype as unknown as WithLocks;
  const create = prototype.createLockManager;
  if (locks !== undefined) {
    prototype.createLockManager = function (this: WithLocks) {
      Object.assign(this.opts, { lockDuration: locks[0], lockRenewTime: locks[0] / 2, stalledInterval: locks[1] });
      create.call(this);
    };
  }
  if (killBeforeComplete) Job.prototype.moveToCompleted = async () => process.kill(process.pid, 'SIGKILL') as never;
}

function takeMemory(): void {
  const all: number[][] = [];
  for (;;) all.push(new Array(1e6).fill(all.length));
}

/** Numbers of the form that the kind has. */
function fakeResult(kind: string): Awaited<ReturnType<JobRunner['run']>> {
  const success = { train: 0.5, inDomain: 0.5, outOfDomain: 0.5 };
  if (kind === 'bandit') return { success, cosine: { start: 0.5, end: 0.25 }, envSteps: 100 };
  // About 1 MB that gzip can hardly shorten.
  const probabilities = [Array.from({ length: 50_000 }, Math.random)];
  return { probabilities, returns: [1] };
}

const openJobRunner: Engine['openJobRunner'] = (kernels, programs) => {
  const runner = faults.fakeMs === undefined ? openThreadRunner(kernels, programs) : null;
  return {
    async run(job) {
      const { seed } = job.input;
      if (faults.starts !== undefined) appendFileSync(faults.starts, `${process.pid} ${seed}\n`);
      while (faults.hold !== undefined && existsSync(faults.hold)) await sleep(10);
      if (faults.broken !== undefined && existsSync(faults.broken)) throw new Error('the disk of this worker is full');
      const poison = faults.poison?.[Number(seed)];
      if (poison === 'exit') process.exit(1);
      if (poison === 'SIGKILL') process.kill(process.pid, 'SIGKILL');
      if (poison === 'memory') takeMemory();
      if (runner !== null) return runner.run(job);
      await sleep(faults.fakeMs);
      return fakeResult(job.kind);
    },
    close: () => runner?.close(),
  };
};

const signal = abortOnSignals(process);
install(faults);
const { stdout, stderr, env } = process;
const openCrew = async (): Promise<never> => {
  throw new Error('no job needs a worker pool');
};
const host = { stdout, stderr, env, signal, cores: availableParallelism(), openCrew };
const engine = { openJobRunner, missingGames: () => null, studies: async () => testStudies } as unknown as Engine;
const program = buildProgram(host, unbraidVersion, async () => engine);
process.exitCode = await runProgram(program, process.argv.slice(2), host);
