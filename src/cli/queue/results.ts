/**
 * Results of jobs in Redis. A stored result, and not the state of a job in the queue, decides whether a job is
 * finished: a queue can mark a job as failed although a worker has stored its result.
 */
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Redis } from 'ioredis';
import { parseJson } from '../../check/parseJson.ts';
import { encodeJson, isJsonObject, type JsonRecord } from '../../record/json.ts';
import { resultSha } from '../../study/resultIdentity.ts';
import { runKind } from '../../study/trained/runFolderJob.ts';
import type { Made, MadeResult } from '../study/executor.ts';
import { resultKey } from './names.ts';

/** Largest text of a result in bytes. The results of all studies are below 1 MB. */
const mostResultBytes = 64 * 1024 * 1024;

/** Time in seconds for which Redis keeps a result that was not collected, and one that was. */
const KEPT_SECONDS = 7 * 24 * 3600;
const COLLECTED_SECONDS = 3600;
/** The same of the folder of a run, which takes megabytes. */
const COLLECTED_RUN_SECONDS = 120;

/** Stores a result if there is none. Returns 1 if it was stored, 0 if an equal one is there, -1 if another one is. */
const keepScript = `
local sha = redis.call('HGET', KEYS[1], 'sha')
if not sha then
  redis.call('HSET', KEYS[1], 'sha', ARGV[1], 'body', ARGV[2], 'by', ARGV[3])
  redis.call('EXPIRE', KEYS[1], ARGV[4])
  return 1
end
if sha == ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'other:' .. ARGV[3], ARGV[1])
return -1`;

export type Kept = 'new' | 'same' | 'other';

/**
 * Stores a result under the id of its job. The first result of an id stays.
 *
 * @param kind of the job
 */
export async function keepResult(
  redis: Redis,
  queue: string,
  id: string,
  kind: string,
  { result, made }: MadeResult,
): Promise<Kept> {
  // In the order of its keys, which the file of the job has, too.
  const body = gzipSync(encodeJson({ result, made: { ...made } }, 'result of a job'));
  const key = resultKey(queue, id);
  const answer = await redis.eval(keepScript, 1, key, resultSha(kind, result), body, made.worker, KEPT_SECONDS);
  return answer === 1 ? 'new' : answer === 0 ? 'same' : 'other';
}

/** Whether the key of a result is of another type, so that no command for results can read it. */
function isOtherType(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('WRONGTYPE');
}

/** Which of the ids have a result, of whatever content. @throws if Redis refuses the command */
export async function withResult(redis: Redis, queue: string, ids: readonly string[]): Promise<readonly string[]> {
  if (ids.length === 0) return [];
  const pipeline = redis.pipeline();
  for (const id of ids) pipeline.hexists(resultKey(queue, id), 'body');
  const answers = (await pipeline.exec()) ?? [];
  return ids.filter((_, i) => {
    const [error, found] = answers[i];
    if (error !== null && !isOtherType(error)) throw error;
    return error !== null || found === 1;
  });
}

const texts: readonly (keyof Made)[] = ['worker', 'host', 'runtime'];

/** Longest name of a worker, a host or a runtime that is recorded. */
const LONGEST = 200;

function isMade(value: unknown): value is Made {
  if (!isJsonObject(value) || Object.keys(value).length !== texts.length + 1) return false;
  const named = texts.every((key) => typeof value[key] === 'string' && (value[key] as string).length <= LONGEST);
  return named && typeof value.seconds === 'number' && value.seconds >= 0;
}

/**
 * The stored result of a job; null if there is none. The content is a stranger's.
 *
 * @param kind of the job
 * @throws Error with the reason, if the content is no result, is too large, or does not match its hash; the error of
 *   Redis, if it refuses the command
 */
export async function readResult(redis: Redis, queue: string, id: string, kind: string): Promise<MadeResult | null> {
  const [sha, body] = await redis.hmgetBuffer(resultKey(queue, id), 'sha', 'body').catch((error) => {
    throw isOtherType(error) ? new Error('its key has another type') : error;
  });
  if (body === null) return null;
  let content: unknown;
  try {
    content = parseJson(gunzipSync(body, { maxOutputLength: mostResultBytes }).toString());
  } catch (error) {
    throw new Error(`it cannot be read (${(error as Error).message})`);
  }
  if (!isJsonObject(content) || !isJsonObject(content.result) || !isMade(content.made)) {
    throw new Error('it is no result with the worker that made it');
  }
  const result = content.result as JsonRecord;
  if (resultSha(kind, result) !== String(sha)) throw new Error('it does not match its hash');
  return { result, made: content.made };
}

export async function removeResult(redis: Redis, queue: string, id: string): Promise<void> {
  await redis.del(resultKey(queue, id));
}

/** Shortens the time for which a collected result stays, during which other commands can still collect it. */
export async function forgetResult(redis: Redis, queue: string, id: string, kind: string): Promise<void> {
  await redis.expire(resultKey(queue, id), kind === runKind.name ? COLLECTED_RUN_SECONDS : COLLECTED_SECONDS);
}
