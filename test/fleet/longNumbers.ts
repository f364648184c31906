/** Scaling, overhead and memory of a queue, with jobs that compute nothing. */
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { queueName } from '../../src/cli/queue/names.ts';
import { addedJob, openJob } from '../../src/cli/queue/openJob.ts';
import { jobOf } from '../../src/study/job.ts';
import { trainKind } from '../../src/study/trained/trainJob.ts';
import { openFleet, type Running, until } from './processes.ts';
import type { FleetFaults } from './product.ts';
import { startRedis } from './redis.ts';
import { trainInput } from './testStudies.ts';

export interface ScalingRow {
  readonly name: string;
  readonly workers: number;
  /** Jobs that one worker runs at the same time. */
  readonly concurrency: number;
  readonly jobs: number;
  /** From the first start of a job to the end of the last one. */
  readonly seconds: number;
  /** Seconds of all jobs by the number of lanes; null if the jobs compute. */
  readonly ideal: number | null;
}

export interface QueueNumbers {
  readonly scaling: readonly ScalingRow[];
  /** Time in ms from the start of a job to the start of the next one, with one worker and jobs that do nothing. */
  readonly overhead: { readonly jobs: number; readonly p50: number; readonly p95: number };
  /** Memory of Redis in bytes with queued jobs, beyond an empty one. */
  readonly queued: { readonly jobs: number; readonly bytes: number };
  /** After a study with many jobs: entries of the event stream, and the largest memory of Redis during it. */
  readonly many: { readonly jobs: number; readonly seconds: number; readonly events: number; readonly bytes: number };
  /** After results of 1 MB: memory of the event stream and of everything. */
  readonly large: { readonly jobs: number; readonly events: number; readonly bytes: number };
}

const queue = queueName('plain');

async function usedMemory(client: Redis): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1]);
}

/** The times in ms at which the jobs of a queue began and ended, in order of their start. */
async function timesOf(address: string): Promise<readonly (readonly [number, number])[]> {
  const reader = new Queue(queue, { connection: { url: address }, prefix: 'ub' });
  const jobs = await reader.getCompleted(0, -1);
  await reader.close();
  return jobs
    .map(({ processedOn, finishedOn }) => [Number(processedOn), Number(finishedOn)] as const)
    .sort((a, b) => a[0] - b[0]);
}

async function succeeded(study: Running): Promise<void> {
  const { code, stderr } = await study.ended();
  if (code !== 0) throw new Error(`fleet: a study must end with 0, got ${code}: ${stderr}`);
}

async function scale(
  name: string,
  workers: number,
  concurrency: number,
  jobs: number,
  faults: FleetFaults,
  study: string,
): Promise<ScalingRow> {
  const fleet = openFleet();
  const redis = await startRedis();
  try {
    const more = ['--concurrency', String(concurrency)];
    const running = Array.from({ length: workers }, () => fleet.worker(redis.address, faults, more));
    await until(async () => (await redis.client.zcard('ub:workers')) === workers, running);
    await succeeded(fleet.study(redis.address, 'out', jobs, study));
    const times = await timesOf(redis.address);
    const seconds = (Math.max(...times.map(([, end]) => end)) - times[0][0]) / 1000;
    const { fakeMs } = faults;
    const ideal = fakeMs === undefined ? null : (jobs * fakeMs) / 1000 / (workers * concurrency);
    return { name, workers, concurrency, jobs, seconds, ideal };
  } finally {
    await fleet.stop();
    await redis.stop();
  }
}

async function measureOverhead(jobs: number): Promise<QueueNumbers['overhead']> {
  const fleet = openFleet();
  const redis = await startRedis();
  try {
    const worker = fleet.worker(redis.address, { fakeMs: 0 });
    await until(async () => (await redis.client.zcard('ub:workers')) === 1, [worker]);
    await succeeded(fleet.study(redis.address, 'out', jobs));
    const starts = (await timesOf(redis.address)).map(([start]) => start);
    const gaps = starts.slice(1).map((start, i) => start - starts[i]);
    gaps.sort((a, b) => a - b);
    const at = (share: number): number => gaps[Math.floor(share * (gaps.length - 1))];
    return { jobs, p50: at(0.5), p95: at(0.95) };
  } finally {
    await fleet.stop();
    await redis.stop();
  }
}

async function measureQueued(jobs: number): Promise<QueueNumbers['queued']> {
  const redis = await startRedis();
  try {
    const before = await usedMemory(redis.client);
    const adder = new Queue(queue, { connection: { url: redis.address }, prefix: 'ub' });
    const all = Array.from({ length: jobs }, (_, seed) => addedJob(openJob(jobOf(trainKind, trainInput(seed), 1))));
    await adder.addBulk(all);
    const bytes = (await usedMemory(redis.client)) - before;
    await adder.close();
    return { jobs, bytes };
  } finally {
    await redis.stop();
  }
}

async function measureMany(jobs: number): Promise<QueueNumbers['many']> {
  const fleet = openFleet();
  const redis = await startRedis();
  try {
    fleet.worker(redis.address, { fakeMs: 0 }, ['--concurrency', '8']);
    const before = performance.now();
    await succeeded(fleet.study(redis.address, 'out', jobs));
    const seconds = (performance.now() - before) / 1000;
    const peak = Number(/used_memory_peak:(\d+)/.exec(await redis.client.info('memory'))?.[1]);
    return { jobs, seconds, events: await redis.client.xlen(`ub:${queue}:events`), bytes: peak };
  } finally {
    await fleet.stop();
    await redis.stop();
  }
}

async function measureLarge(jobs: number): Promise<QueueNumbers['large']> {
  const fleet = openFleet();
  const redis = await startRedis();
  try {
    fleet.worker(redis.address, { fakeMs: 0 }, ['--concurrency', '2']);
    await succeeded(fleet.study(redis.address, 'out', jobs, 'large'));
    const events = Number(await redis.client.call('MEMORY', 'USAGE', `ub:${queue}:events`));
    return { jobs, events, bytes: await usedMemory(redis.client) };
  } finally {
    await fleet.stop();
    await redis.stop();
  }
}

/** @param say receives a line for each finished measurement */
export async function measureQueue(say: (text: string) => void): Promise<QueueNumbers> {
  const scaling: ScalingRow[] = [];
  for (const [workers, concurrency, jobs] of [
    [1, 1, 20],
    [2, 1, 40],
    [2, 10, 400],
    [2, 50, 2000],
  ]) {
    scaling.push(await scale('jobs that wait for 500 ms', workers, concurrency, jobs, { fakeMs: 500 }, 'bandits'));
    say(JSON.stringify(scaling.at(-1)));
  }
  for (const workers of [1, 2]) {
    scaling.push(await scale('training runs', workers, 1, 24, {}, 'runs'));
    say(JSON.stringify(scaling.at(-1)));
  }
  const overhead = await measureOverhead(1000);
  say(JSON.stringify(overhead));
  const queued = await measureQueued(10_000);
  say(JSON.stringify(queued));
  const many = await measureMany(10_000);
  say(JSON.stringify(many));
  const large = await measureLarge(100);
  say(JSON.stringify(large));
  return { scaling, overhead, queued, many, large };
}
