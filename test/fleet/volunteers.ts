/** A gateway in this process, and clients of it that can be told to do anything. */
import { request } from 'node:http';
import * as bullmq from 'bullmq';
import * as ioredis from 'ioredis';
import { type GatewayOptions, serveGateway } from '../../src/cli/gateway/gateway.ts';
import { standardLimits } from '../../src/cli/gateway/server.ts';
import { prefix, queueName } from '../../src/cli/queue/names.ts';
import { addedJob, openJob } from '../../src/cli/queue/openJob.ts';
import { readResult } from '../../src/cli/queue/results.ts';
import type { JsonRecord } from '../../src/record/json.ts';
import type { Job } from '../../src/study/job.ts';
import { runJob } from '../../src/study/jobKinds.ts';
import { numericsVersion, unbraidVersion } from '../../src/version.ts';
import type { RedisServer } from './redis.ts';

const libraries = { bullmq, ioredis };

/** Jobs of a few milliseconds. */
export const smallJob = (seed: number, seconds = 0): Job => ({
  ...{ kind: 'group-sign', seconds },
  input: { q: 0.3, r: 0.6, rest: 0.1, groupSize: 4, episodes: 400, seed },
});

/** The result of this machine, of which a client sends a copy. */
export const localResult = (job: Pick<Job, 'kind' | 'input'>): Promise<JsonRecord> =>
  runJob(job, { openBridge: () => Promise.reject(new Error('no bridge')) });

/** A wrong result with the right form. */
export async function wrongResult(job: Pick<Job, 'kind' | 'input'>): Promise<JsonRecord> {
  const result = (await localResult(job)) as { sample: { mean: number } };
  return { ...result, sample: { ...result.sample, mean: result.sample.mean + 1e-9 } } as JsonRecord;
}

export async function addJobs(redis: RedisServer, jobs: readonly Job[]): Promise<readonly string[]> {
  const queue = new bullmq.Queue(queueName('plain'), { connection: { url: redis.address }, prefix });
  const open = jobs.map(openJob);
  await queue.addBulk(open.map((each) => addedJob(each)));
  await queue.close();
  return open.map(({ id }) => id);
}

/** The state of a job in the queue. */
export async function stateOf(redis: RedisServer, id: string): Promise<string> {
  const queue = new bullmq.Queue(queueName('plain'), { connection: { url: redis.address }, prefix });
  const state = await queue.getJobState(id);
  await queue.close();
  return state;
}

export const stored = (redis: RedisServer, id: string, kind = 'group-sign') =>
  readResult(redis.client, queueName('plain'), id, kind);

export interface TestGateway {
  readonly port: number;
  readonly notes: readonly string[];
  /** Number of jobs that it replayed. */
  replays(): number;
  /** Ends it as Ctrl-C does. Returns the number of finished jobs. */
  end(): Promise<number>;
}

export async function openGateway(
  { address }: Pick<RedisServer, 'address'>,
  options: Partial<GatewayOptions> = {},
): Promise<TestGateway> {
  const notes: string[] = [];
  const stop = new AbortController();
  let replays = 0;
  let ended: Promise<number> = Promise.resolve(0);
  const port = await new Promise<number>((resolve, reject) => {
    ended = serveGateway({
      ...{ libraries, address, name: 'test', host: '127.0.0.1', port: 0, origins: [], proxy: false, tokens: null },
      ...{ limits: { ...standardLimits, rate: { burst: 1e4, perSecond: 1e4 } }, spotCheck: 0.0001, leaseMs: 60_000 },
      ...{ longest: 300, open: 20, locks: { lock: 3000, stalled: 1500 }, drainMs: 300 },
      openRunner: () => ({
        run(job) {
          replays++;
          return localResult(job);
        },
        close() {},
      }),
      note: (text) => notes.push(text),
      onListening: resolve,
      signal: stop.signal,
      ...options,
    });
    ended.catch(reject);
  });
  return {
    ...{ port, notes },
    replays: () => replays,
    end() {
      stop.abort();
      return ended;
    },
  };
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: { readonly [key: string]: unknown };
}

interface Sent {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** The address that the gateway sees. All of 127.0.0.0/8 is this machine. */
  readonly from?: string;
}

export function send(
  port: number,
  { path = '/lease', method = 'POST', headers, body = '', from }: Sent,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        ...{ host: '127.0.0.1', port, path, method, agent: false },
        ...(from !== undefined && { localAddress: from }),
        headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body), ...headers },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        response.on('end', () => {
          const parsed = (text === '' ? {} : JSON.parse(text)) as Reply['body'];
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: parsed });
        });
        response.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

export const version = JSON.stringify({ unbraid: unbraidVersion, numerics: numericsVersion });

export interface Leased {
  readonly lease: string;
  readonly id: string;
  readonly job: Pick<Job, 'kind' | 'input'>;
}

/** A client: its address decides who it is, or its token. */
export function client(port: number, from: string, token?: string) {
  const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const leaseOnce = (): Promise<Reply> => send(port, { from, headers, body: version });
  return {
    leaseOnce,
    /** Asks until there is a job. */
    async lease(): Promise<Leased> {
      for (let tries = 0; tries < 200; tries++) {
        const { status, body } = await leaseOnce();
        if (status === 200) return body as unknown as Leased;
        if (status !== 204) throw new Error(`lease: ${status} ${JSON.stringify(body)}`);
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
      throw new Error('lease: no job');
    },
    submit: (lease: string, result: unknown, more: Readonly<Record<string, string>> = {}): Promise<Reply> =>
      send(port, {
        ...{ path: '/submit', from, headers: { ...headers, 'X-Unbraid-Lease': lease, ...more } },
        body: typeof result === 'string' ? result : JSON.stringify(result),
      }),
    giveBack: (lease: string, failed = false): Promise<Reply> =>
      send(port, {
        path: '/return',
        from,
        headers: { ...headers, 'X-Unbraid-Lease': lease },
        body: JSON.stringify({ failed }),
      }),
  };
}
