/** What the workers of a queue report about themselves: a list for people, on which no result depends. */
import type { Redis } from 'ioredis';
import { parseJson } from '../../check/parseJson.ts';
import { isJsonObject } from '../../record/json.ts';
import { workerNotesKey, workersKey } from './names.ts';

/** Interval of the reports in ms. */
export const REPORT_MS = 5000;

/** A worker that has not reported for this time in ms has ended. */
const SILENT_MS = 20_000;

export interface WorkerNote {
  readonly name: string;
  /** Names of the queues from which it takes jobs. */
  readonly queues: readonly string[];
  /** Number of jobs that it runs at the same time. */
  readonly concurrency: number;
  /** Number of jobs that it has finished. */
  readonly done: number;
}

/** The workers of a queue: the number of jobs that they run at the same time, and their names. */
export interface Workforce {
  readonly lanes: number;
  readonly names: readonly string[];
}

// The time is that of Redis, because the clocks of the workers differ.
const reportScript = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], 0, now - ARGV[3])) do
  redis.call('ZREM', KEYS[1], name)
  redis.call('HDEL', KEYS[2], name)
end`;

export async function reportWorker(redis: Redis, note: WorkerNote): Promise<void> {
  await redis.eval(reportScript, 2, workersKey, workerNotesKey, note.name, JSON.stringify(note), SILENT_MS);
}

export async function removeWorker(redis: Redis, name: string): Promise<void> {
  await redis.zrem(workersKey, name);
  await redis.hdel(workerNotesKey, name);
}

function noteOf(text: string): WorkerNote | null {
  try {
    const note = parseJson(text);
    if (!isJsonObject(note) || typeof note.name !== 'string' || !Array.isArray(note.queues)) return null;
    if (!Number.isSafeInteger(note.concurrency) || !Number.isSafeInteger(note.done)) return null;
    return note as unknown as WorkerNote;
  } catch {
    return null;
  }
}

/** The workers that take jobs from the queue. */
export async function workforceOf(redis: Redis, queue: string): Promise<Workforce> {
  const [seconds, microseconds] = await redis.time();
  const since = Number(seconds) * 1000 + Number(microseconds) / 1000 - SILENT_MS;
  const names = await redis.zrangebyscore(workersKey, since, '+inf');
  if (names.length === 0) return { lanes: 0, names: [] };
  const texts = await redis.hmget(workerNotesKey, ...names);
  const notes = texts
    .flatMap((text) => (text === null ? [] : (noteOf(text) ?? [])))
    .filter(({ queues }) => queues.includes(queue));
  return {
    lanes: notes.reduce((sum, { concurrency }) => sum + concurrency, 0),
    names: notes.map(({ name }) => name).sort(),
  };
}
