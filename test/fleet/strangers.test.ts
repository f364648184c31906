/** Jobs and results that no unbraid made, jobs that kill their workers, and jobs that other workers must run. */

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Queue } from 'bullmq';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { queueName, resultKey } from '../../src/cli/queue/names.ts';
import { jobHash } from '../../src/study/job.ts';
import { resultSha } from '../../src/study/resultIdentity.ts';
import { type Fleet, filesOf, openFleet, shortLocks, startedSeeds, until } from './processes.ts';
import { missingRedis, type RedisServer, startRedis } from './redis.ts';
import { banditInput } from './testStudies.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const missing = missingRedis();
if (missing !== null) console.log(`skipped: Redis; ${missing}`);

const SEEDS = 4;
const queue = queueName('plain');
const idOf = (seed: number): string => jobHash({ kind: 'bandit', input: banditInput(seed) });

describe.skipIf(missing !== null)('strangers and poison', () => {
  let fleet: Fleet;
  let expected: Readonly<Record<string, string>>;
  const servers: RedisServer[] = [];
  const openRedis = async (): Promise<RedisServer> => {
    const server = await startRedis();
    servers.push(server);
    return server;
  };
  const path = (name: string): string => join(fleet.folder, name);

  beforeAll(async () => {
    fleet = openFleet();
    const local = ['study', 'bandits', '--workers', '2', '--seeds', String(SEEDS), '--out', 'local'];
    expect((await fleet.start(local).ended()).code).toBe(0);
    expected = filesOf(path('local'));
  });
  afterAll(async () => {
    await fleet.stop();
    for (const server of servers) await server.stop();
  });

  test.concurrent("a stranger's jobs fail with a reason, jobs of another version stay, and the worker goes on", async () => {
    const { address, client } = await openRedis();
    const strange = new Queue(queue, { connection: { url: address }, prefix: 'ub' });
    const other = new Queue('unbraid-0.0.9-n1', { connection: { url: address }, prefix: 'ub' });
    await client.sadd('ub:queues', other.name);
    await other.add('bandit', { kind: 'bandit', input: banditInput(1) });
    const jobs: readonly [unknown, string][] = [
      [null, 'checkJob: a job must be an object with kind and input, got another value'],
      [{ kind: 'constructor', input: {} }, 'got "constructor"; send a job of this version'],
      [{ kind: 'bandit', input: { iterations: 'many' } }, 'checkJob: the input of a bandit job must'],
      [{ kind: 'train', input: { env: 'exec:sh -c true' } }, 'a job that starts a program must be in the'],
    ];
    const added = await Promise.all(jobs.map(([data]) => strange.add('job', data)));
    const worker = fleet.worker(address);
    await until(async () => (await strange.getFailedCount()) === jobs.length, [worker]);
    for (const [i, job] of added.entries()) {
      expect((await strange.getJob(job.id as string))?.failedReason).toContain(jobs[i][1]);
    }
    expect((await fleet.study(address, 'strange', SEEDS).ended()).code).toBe(0);
    expect(filesOf(path('strange'))).toEqual(expected);
    expect(worker.stderr()).toContain(
      `jobs of unbraid-0.0.9-n1 are left to workers of that kind; this worker takes ${queue}\n`,
    );
    expect(await other.getWaitingCount()).toBe(1);
    await Promise.all([strange.close(), other.close()]);
  });

  test.concurrent('stored results that are garbage, false or of another kind are refused, and their jobs run', async () => {
    const { address, client } = await openRedis();
    const store = (seed: number, result: unknown, sha: string): Promise<number> => {
      const made = { worker: 'liar', host: 'liar', runtime: 'node', seconds: 1 };
      return client.hset(resultKey(queue, idOf(seed)), {
        sha,
        body: gzipSync(JSON.stringify({ result, made })),
        by: 'liar',
      });
    };
    await client.hset(resultKey(queue, idOf(1)), { sha: 'x', body: 'garbage' });
    await client.set(resultKey(queue, idOf(2)), 'of another type');
    await store(3, { success: 1 }, '0'.repeat(64));
    const false4 = { probabilities: [], returns: [] };
    await store(4, false4, resultSha('danger', false4));
    const study = fleet.study(address, 'garbage', SEEDS);
    const worker = fleet.worker(address);
    const { code, stderr } = await study.ended();
    expect([code, stderr.match(/is refused: /g)?.length]).toEqual([0, SEEDS]);
    expect(stderr).toContain('it has not the form of a result of bandit');
    expect(filesOf(path('garbage'))).toEqual(expected);
    expect(worker.child.exitCode).toBeNull();
  });

  test.concurrent('a job that fails is tried again by the same command once its cause is gone', async () => {
    const { address } = await openRedis();
    const broken = path('broken');
    writeFileSync(broken, '');
    fleet.worker(address, { ...shortLocks, broken });
    const { code, stderr } = await fleet.study(address, 'mended', SEEDS).ended();
    expect([code, stderr]).toEqual([1, expect.stringContaining('all 4 jobs failed: the disk of this worker is full')]);
    rmSync(broken);
    expect((await fleet.study(address, 'mended', SEEDS).ended()).code).toBe(0);
    expect(filesOf(path('mended'))).toEqual(expected);
  });

  test.concurrent('a job that ends its worker by exit, SIGKILL or for want of memory fails, and the others are done', async () => {
    const { address } = await openRedis();
    const starts = path('poison-starts');
    const study = fleet.study(address, 'poison', SEEDS);
    const ways = ['SIGKILL', 'exit', 'memory'] as const;
    let kills = 0;
    const supervise = async (): Promise<void> => {
      while (study.child.exitCode === null) {
        const poison = { 2: ways[kills % 3] };
        const args = ['worker', '--queue', address, '--concurrency', '1'];
        const worker = fleet.start(
          args,
          { locks: [700, 300], starts, poison },
          { nodeArgs: ['--max-old-space-size=80'] },
        );
        await until(
          () => worker.child.exitCode !== null || worker.child.signalCode !== null || study.child.exitCode !== null,
        );
        if (study.child.exitCode === null) kills++;
      }
    };
    await supervise();
    const { code, stderr } = await study.ended();
    expect(code).toBe(1);
    expect(stderr).toContain('1 of 4 jobs failed; the first: several workers ended while they ran the job');
    expect(startedSeeds(starts).filter((seed) => seed === 2)).toHaveLength(6);
    expect([...new Set(startedSeeds(starts))].toSorted()).toEqual([1, 2, 3, 4]);
    // Once the cause is gone, the same command runs the job again.
    fleet.worker(address);
    expect((await fleet.study(address, 'poison', SEEDS).ended()).code).toBe(0);
    expect(filesOf(path('poison'))).toEqual(expected);
  });

  test.concurrent('jobs that start programs wait for a worker with --allow-exec', async () => {
    const { address, client } = await openRedis();
    const plain = fleet.worker(address);
    const study = fleet.study(address, 'programs', 2, 'programs');
    expect((await fleet.study(address, 'beside', SEEDS).ended()).code).toBe(0);
    const waits = `ub:${queueName('programs')}:wait`;
    await until(async () => (await client.llen(waits)) === 2, [plain, study]);
    await until(() => plain.stderr().includes(`jobs of ${queueName('programs')} are left`), [plain, study]);
    const open = fleet.worker(address, shortLocks, ['--concurrency', '1', '--allow-exec']);
    expect((await study.ended()).code).toBe(0);
    expect(plain.stderr()).not.toContain('failed');
    expect(open.stderr()).toContain('also jobs that start programs');
  });

  test.concurrent('results of 1 MB leave little in the events of the queue, which are trimmed', async () => {
    const { address, client } = await openRedis();
    fleet.worker(address, { ...shortLocks, fakeMs: 0 });
    expect((await fleet.study(address, 'large', 20, 'large').ended()).code).toBe(0);
    const events = `ub:${queue}:events`;
    expect(await client.xlen(events)).toBeGreaterThan(40);
    expect(Number(await client.call('MEMORY', 'USAGE', events))).toBeLessThan(100_000);
    expect(await client.hget(`ub:${queue}:meta`, 'opts.maxLenEvents')).toBe('10000');
  });
});
