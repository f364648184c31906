/** Many faults in studies of real training runs: kills, restarts of Redis and failures of the network. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomStream } from '../../src/random.ts';
import { filesOf, openFleet, type Running, shortLocks, startedSeeds, until } from './processes.ts';
import type { FleetFaults } from './product.ts';
import { type RedisServer, startRedis } from './redis.ts';
import { openStallingProxy } from './stallingProxy.ts';

/** What one kind of fault did to a study. */
export interface FaultRow {
  readonly name: string;
  /** Number of times that the fault occurred. */
  readonly faults: number;
  readonly jobs: number;
  /** Number of runs of jobs that began. The difference to `jobs` is work that was lost or done twice. */
  readonly starts: number;
  /** Number of results that another worker contradicted. */
  readonly contradictions: number;
  /** Number of commands that ended because jobs failed; the same command then finished them. */
  readonly repeats: number;
  /** What differs from the report without a queue, or did not end. */
  readonly failures: readonly string[];
}

export interface FaultPlan {
  readonly name: string;
  readonly count: number;
  readonly redis?: readonly string[];
  /** Causes one fault. Returns whether it did, or the study was finished before. */
  fault(parts: FaultParts): Promise<boolean>;
}

export interface FaultParts {
  readonly redis: RedisServer;
  /** Starts a worker in place of the one at `i`. */
  replace(i: number): void;
  readonly workers: Running[];
  submitter(): Running;
  submitAgain(): void;
  readonly stall: () => void;
  readonly release: () => void;
  readonly cut: () => void;
  /** A time in ms, uniform up to `most`. */
  random(most: number): number;
}

const JOBS = 60;
const LIMIT_MS = 300_000;

const isOver = ({ child }: Running): boolean => child.exitCode !== null || child.signalCode !== null;

/** Kills one of the two workers some time after it took a job. */
const killWorker: FaultPlan['fault'] = async ({ workers, replace, submitter, random }) => {
  const i = Math.floor(random(2));
  const report = (): boolean => workers[i].stderr().includes('takes jobs') || isOver(submitter());
  await until(report);
  await sleep(300 + random(1500));
  if (isOver(submitter())) return false;
  workers[i].child.kill('SIGKILL');
  replace(i);
  return true;
};

export const faultPlans: readonly FaultPlan[] = [
  { name: 'kill -9 of a worker', count: 20, fault: killWorker },
  {
    ...{ name: 'kill -9 of the submitter', count: 5 },
    async fault({ submitter, submitAgain, random }) {
      await sleep(1500 + random(1500));
      if (isOver(submitter())) return false;
      submitter().child.kill('SIGKILL');
      submitAgain();
      return true;
    },
  },
  {
    ...{ name: 'kill -9 of Redis without persistence', count: 3 },
    async fault({ redis, submitter, random }) {
      await sleep(2000 + random(1000));
      if (isOver(submitter())) return false;
      await redis.kill();
      await sleep(random(2000));
      await redis.start();
      return true;
    },
  },
  {
    ...{ name: 'kill -9 of Redis with appendonly', count: 3, redis: ['--appendonly', 'yes'] },
    async fault({ redis, submitter, random }) {
      await sleep(2000 + random(1000));
      if (isOver(submitter())) return false;
      await redis.kill();
      await sleep(random(2000));
      await redis.start();
      return true;
    },
  },
  {
    ...{ name: 'FLUSHALL', count: 3 },
    async fault({ redis, submitter, random }) {
      await sleep(2000 + random(1000));
      if (isOver(submitter())) return false;
      await redis.client.flushall();
      return true;
    },
  },
  {
    ...{ name: 'SIGSTOP of a worker for 3 s, past its lock', count: 5 },
    async fault({ workers, submitter, random }) {
      await sleep(random(1500));
      if (isOver(submitter())) return false;
      workers[0].child.kill('SIGSTOP');
      await sleep(3000);
      workers[0].child.kill('SIGCONT');
      return true;
    },
  },
  {
    ...{ name: 'the network of the workers stalls for 3 s', count: 5 },
    async fault({ stall, release, submitter, random }) {
      await sleep(random(1500));
      if (isOver(submitter())) return false;
      stall();
      await sleep(3000);
      release();
      return true;
    },
  },
  {
    ...{ name: 'the connections of the workers are cut', count: 10 },
    async fault({ cut, submitter, random }) {
      await sleep(500 + random(1000));
      if (isOver(submitter())) return false;
      cut();
      return true;
    },
  },
];

/** Runs the study of training runs with the faults of the plan, and compares it with the one in `expected`. */
export async function runWithFaults(plan: FaultPlan, expected: Readonly<Record<string, string>>): Promise<FaultRow> {
  const fleet = openFleet();
  const redis = await startRedis(plan.redis);
  const proxy = await openStallingProxy(redis.port);
  const starts = join(fleet.folder, 'starts');
  const faults: FleetFaults = { ...shortLocks, starts };
  const all: Running[] = [];
  const startWorker = (): Running => {
    const worker = fleet.worker(`redis://127.0.0.1:${proxy.port}`, faults);
    all.push(worker);
    return worker;
  };
  const workers = [startWorker(), startWorker()];
  const submit = (): Running => fleet.study(redis.address, 'out', JOBS, 'runs');
  let submitter = submit();
  const next = randomStream(1, `fleet ${plan.name}`);
  const parts: FaultParts = {
    ...{ redis, workers, submitter: () => submitter },
    replace(i) {
      workers[i] = startWorker();
    },
    submitAgain() {
      submitter = submit();
    },
    ...{ stall: proxy.stall, release: proxy.release, cut: proxy.cut },
    random: (most) => next.uniform() * most,
  };
  const failures: string[] = [];
  let [count, repeats] = [0, 0];
  const late = setTimeout(() => {
    failures.push(`the study did not end within ${LIMIT_MS / 1000} s`);
    submitter.child.kill('SIGKILL');
  }, LIMIT_MS);
  try {
    while (startedSeeds(starts).length === 0 && !isOver(submitter)) await sleep(20);
    while (count < plan.count && (await plan.fault(parts))) count++;
    let { code } = await submitter.ended();
    while (code === 1 && repeats < 3) {
      repeats++;
      submitter = submit();
      ({ code } = await submitter.ended());
    }
    if (code !== 0) failures.push(`the study ended with ${code}: ${submitter.stderr().slice(-300)}`);
    const out = join(fleet.folder, 'out');
    const found = existsSync(out) ? filesOf(out) : {};
    const names = [...new Set([...Object.keys(expected), ...Object.keys(found)])];
    const differ = names.filter((name) => expected[name] !== found[name]);
    if (differ.length > 0) failures.push(`files that differ: ${differ.join(', ')}`);
    const contradictions = all.filter((each) => each.stderr().includes('another worker stored another result')).length;
    const started = startedSeeds(starts).length;
    return { name: plan.name, faults: count, jobs: JOBS, starts: started, contradictions, repeats, failures };
  } finally {
    clearTimeout(late);
    proxy.close();
    await fleet.stop();
    await redis.stop();
  }
}

/** The files of the study without a queue. */
export async function localFiles(): Promise<Readonly<Record<string, string>>> {
  const fleet = openFleet();
  const args = ['study', 'runs', '--workers', '2', '--seeds', String(JOBS), '--out', 'local'];
  const { code, stderr } = await fleet.start(args).ended();
  if (code !== 0) throw new Error(`fleet: the study without a queue must end with 0, got ${code}: ${stderr}`);
  const files = filesOf(join(fleet.folder, 'local'));
  await fleet.stop();
  return files;
}
