/** Measures what a gateway costs: calls of leases and votes on a real Redis, memory, requests over HTTP, idle load. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as bullmq from 'bullmq';
import * as ioredis from 'ioredis';
import { serveGateway } from '../../src/cli/gateway/gateway.ts';
import type { Identity } from '../../src/cli/gateway/identity.ts';
import { openLeases } from '../../src/cli/gateway/leases.ts';
import { standardLimits } from '../../src/cli/gateway/server.ts';
import { prefix, queueName } from '../../src/cli/queue/names.ts';
import { addedJob, openJob } from '../../src/cli/queue/openJob.ts';
import { runVolunteerJob } from '../../src/entry/volunteer.ts';
import { textSha256 } from '../../src/record/sha256.ts';
import { numericsVersion, unbraidVersion } from '../../src/version.ts';

export interface Measured {
  readonly leaseVoteCalls: number;
  readonly bytesPerLease: number;
  readonly bytesPerIdentity: number;
  readonly bytesPerOpenJob: number;
  readonly requests: number;
  readonly idlePercent: number;
  readonly idleJobs: number;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function withRedis<T>(work: (client: ioredis.Redis, address: string) => Promise<T>): Promise<T> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  const folder = mkdtempSync(join(tmpdir(), 'unbraid-volunteers-'));
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'];
  const server = spawn('redis-server', args, { stdio: 'ignore' });
  const client = new ioredis.Redis(port);
  client.on('error', () => {});
  try {
    return await work(client, `redis://127.0.0.1:${port}`);
  } finally {
    client.disconnect();
    server.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

const usedBytes = async (client: ioredis.Redis): Promise<number> =>
  Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1]);

const identityOf = (i: number): Identity => {
  const who = textSha256(`identity ${i}`).slice(0, 32);
  return { who, network: who, trusted: false, name: '' };
};

/**
 * Calls per second of forty clients that lease and vote, and bytes of Redis for a lease, an identity and an open job.
 */
async function measureLeases(client: ioredis.Redis): Promise<Omit<Measured, 'requests' | 'idlePercent' | 'idleJobs'>> {
  const leases = openLeases(client, 'measured');
  const ids = Array.from({ length: 4000 }, (_, i) => textSha256(`job ${i}`));
  const start = await usedBytes(client);
  for (const id of ids) await leases.open(id);
  const opened = await usedBytes(client);
  for (let i = 0; i < 2000; i++) await leases.lease(identityOf(i), 600_000);
  const leased = await usedBytes(client);
  await client.flushall();
  for (const id of ids.slice(0, 1000)) await leases.open(id);
  // A checked identity, so that no job waits for a replay.
  let [calls, next, votes] = [0, 1000, 0];
  const untilMs = performance.now() + 6000;
  const startMs = performance.now();
  const lane = async (lane: number): Promise<void> => {
    for (let i = 0; performance.now() < untilMs; i++) {
      const identity = { ...identityOf((lane << 20) + (i % 500)), trusted: true };
      calls++;
      const found = await leases.lease(identity, 600_000);
      if (typeof found === 'string') continue;
      calls++;
      votes++;
      const given = { sha: textSha256(found.job), body: Buffer.alloc(1500, 1), checks: true, drawn: false };
      const { end } = await leases.vote(found.token, identity, given);
      if (end === 'accepted') {
        await leases.finish(found.job);
        await leases.open(textSha256(`more ${next++}`));
      }
    }
  };
  await Promise.all(Array.from({ length: 40 }, (_, i) => lane(i)));
  const leaseVoteCalls = calls / ((performance.now() - startMs) / 1000);
  if (votes < 100) throw new Error(`measure: there must be votes, got ${votes}`);
  await client.flushall();
  const empty = await usedBytes(client);
  for (let i = 0; i < 10_000; i++) await client.sadd('ub:measured:gateway:checked', identityOf(i).who);
  const identities = await usedBytes(client);
  await client.flushall();
  return {
    leaseVoteCalls,
    bytesPerOpenJob: (opened - start) / ids.length,
    bytesPerLease: (leased - opened) / 2000,
    bytesPerIdentity: (identities - empty) / 10_000,
  };
}

/** Requests over HTTP per second of one gateway, and its processor time with jobs and without requests. */
async function measureGateway(address: string): Promise<Pick<Measured, 'requests' | 'idlePercent' | 'idleJobs'>> {
  const jobs = Array.from({ length: 1000 }, (_, seed) => ({
    ...{ kind: 'group-sign', seconds: 0 },
    input: { q: 0.3, r: 0.6, rest: 0.1, groupSize: 4, episodes: 400, seed },
  }));
  const queue = new bullmq.Queue(queueName('plain'), { connection: { url: address }, prefix });
  await queue.addBulk(jobs.map((job) => addedJob(openJob(job))));
  const stop = new AbortController();
  let ended: Promise<number> = Promise.resolve(0);
  const port = await new Promise<number>((resolve) => {
    ended = serveGateway({
      ...{ libraries: { bullmq, ioredis }, address, name: 'measured', host: '127.0.0.1', port: 0, origins: [] },
      ...{ proxy: true, tokens: null, spotCheck: 1e-9, leaseMs: 600_000, longest: 300, open: jobs.length },
      ...{ limits: { ...standardLimits, rate: { burst: 1e6, perSecond: 1e6 } }, drainMs: 100 },
      locks: { lock: 30_000, stalled: 10_000 },
      openRunner: () => ({ run: (job) => runVolunteerJob(job), close() {} }),
      note: () => {},
      onListening: resolve,
      signal: stop.signal,
    });
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 20 });
  const post = (path: string, from: number, lease: string, body: string): Promise<{ status: number; text: string }> =>
    new Promise((resolve, reject) => {
      const headers = {
        ...{ 'Content-Type': 'application/json', 'X-Forwarded-For': `10.${from >> 8}.${from & 255}.1` },
        ...(lease !== '' && { 'X-Unbraid-Lease': lease }),
      };
      const sent = request({ agent, port, path, host: '127.0.0.1', method: 'POST', headers }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      });
      sent.on('error', reject).end(body);
    });
  const version = JSON.stringify({ unbraid: unbraidVersion, numerics: numericsVersion });
  await post('/lease', 0, '', version);
  await pause(4000);
  const before = process.cpuUsage();
  await pause(15_000);
  const used = process.cpuUsage(before);
  const results = new Map<string, string>();
  for (const job of jobs) results.set(openJob(job).id, JSON.stringify(await runVolunteerJob(job)));
  let [requests, counted] = [0, 0];
  const startMs = performance.now();
  const lane = async (first: number): Promise<void> => {
    for (let from = first; from < 4000 && performance.now() < startMs + 6000; from += 20) {
      requests += 1;
      const { status, text } = await post('/lease', from, '', version);
      if (status !== 200) continue;
      const { lease, id } = JSON.parse(text) as { lease: string; id: string };
      requests += 1;
      if ((await post('/submit', from, lease, results.get(id) ?? '')).status === 200) counted++;
    }
  };
  await Promise.all(Array.from({ length: 20 }, (_, i) => lane(i + 1)));
  const perSecond = requests / ((performance.now() - startMs) / 1000);
  if (counted < 100) throw new Error(`measure: results must be counted, got ${counted}`);
  stop.abort();
  await ended;
  agent.destroy();
  await queue.close();
  return { requests: perSecond, idlePercent: ((used.user + used.system) / 15e6) * 100, idleJobs: jobs.length };
}

export function measure(): Promise<Measured> {
  return withRedis(async (client, address) => ({
    ...(await measureLeases(client)),
    ...(await measureGateway(address)),
  }));
}
