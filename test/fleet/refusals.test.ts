/** Redis that is away, has lost everything, or refuses commands: workers and submitters wait and continue. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Fleet, filesOf, openFleet, shortLocks, startedSeeds, until } from './processes.ts';
import { missingRedis, type RedisServer, startRedis } from './redis.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const missing = missingRedis();
if (missing !== null) console.log(`skipped: Redis; ${missing}`);

const SEEDS = 4;

/** Number of commands that the server has refused so far, by `INFO`. */
async function refusalsOf(client: Redis): Promise<number> {
  const counts = (await client.info('errorstats')).matchAll(/errorstat_\w+:count=(\d+)/g);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}

describe.skipIf(missing !== null)('Redis fails', () => {
  let fleet: Fleet;
  let expected: Readonly<Record<string, string>>;
  const servers: RedisServer[] = [];
  const openRedis = async (more: readonly string[] = []): Promise<RedisServer> => {
    const server = await startRedis(more);
    servers.push(server);
    return server;
  };
  const path = (name: string): string => join(fleet.folder, name);

  /** A study whose first job has started and waits. */
  const begin = async (name: string, { address }: RedisServer) => {
    const [hold, starts] = [path(`${name}-hold`), path(`${name}-starts`)];
    writeFileSync(hold, '');
    const worker = fleet.worker(address, { ...shortLocks, hold, starts });
    const study = fleet.study(address, name, SEEDS);
    await until(() => startedSeeds(starts).length === 1, [worker, study]);
    return { worker, study, starts, release: () => rmSync(hold) };
  };

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

  test.concurrent('it is killed and keeps nothing: the submitter adds its jobs again', async () => {
    const redis = await openRedis();
    const { worker, study, release } = await begin('nothing', redis);
    await redis.kill();
    await until(() => worker.stderr().includes('queue: the connection is lost'), [worker, study]);
    await redis.start();
    await until(() => worker.stderr().includes('queue: connected again'), [worker, study]);
    release();
    expect((await study.ended()).code).toBe(0);
    expect(filesOf(path('nothing'))).toEqual(expected);
  });

  test.concurrent('it is killed with an append-only file: its jobs are there again', async () => {
    const redis = await openRedis(['--appendonly', 'yes', '--appendfsync', 'always']);
    const { worker, study, release } = await begin('appended', redis);
    await redis.kill();
    await until(() => worker.stderr().includes('queue: the connection is lost'), [worker, study]);
    await redis.start();
    await until(async () => (await redis.client.scard('ub:queues')) === 1, [worker, study]);
    release();
    expect((await study.ended()).code).toBe(0);
    expect(filesOf(path('appended'))).toEqual(expected);
  });

  test.concurrent('FLUSHALL while a job runs', async () => {
    const redis = await openRedis();
    const { study, release } = await begin('flushed', redis);
    await redis.client.flushall();
    release();
    expect((await study.ended()).code).toBe(0);
    expect(filesOf(path('flushed'))).toEqual(expected);
  });

  test.concurrent('while it is away, Ctrl-C detaches and SIGTERM ends a worker, with or without a job', async () => {
    const redis = await openRedis();
    const { worker, study, release } = await begin('away', redis);
    const idle = fleet.worker(redis.address, shortLocks);
    await until(async () => (await redis.client.zcard('ub:workers')) === 2, [worker, study, idle]);
    await redis.kill();
    await until(() => idle.stderr().includes('the connection is lost'), [worker, study, idle]);
    study.child.kill('SIGINT');
    for (const { child } of [idle, worker]) child.kill('SIGTERM');
    release();
    const { code, stderr } = await study.ended();
    expect(code).toBe(130);
    expect(stderr).toContain('resume with: unbraid study bandits --quick --seeds 4 --queue redis://127.0.0.1:');
    for (const each of [idle, worker]) expect((await each.ended()).code).toBe(143);
  });

  /** Number of commands that Redis refuses meanwhile. */
  const countRefusals = async (client: Redis, during: () => Promise<void>): Promise<number> => {
    const before = await refusalsOf(client);
    await during();
    return (await refusalsOf(client)) - before;
  };

  test.concurrent.each([
    ['OOM', ['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0']],
    ['READONLY', ['REPLICAOF', '127.0.0.1', '1'], ['REPLICAOF', 'NO', 'ONE']],
    ['NOPERM', ['ACL', 'SETUSER', 'default', '-@write'], ['ACL', 'SETUSER', 'default', '+@all']],
  ] as const)('it answers %s for a while: few commands meanwhile, then all jobs are done', async (name, start, end) => {
    const redis = await openRedis();
    const { worker, study, release } = await begin(name, redis);
    const call = async ([command, ...args]: readonly string[]): Promise<void> =>
      void (await redis.client.call(command, ...args));
    // A worker without a job asks for one all the time.
    const idle = fleet.worker(redis.address, shortLocks);
    await until(async () => (await redis.client.zcard('ub:workers')) === 2, [worker, study, idle]);
    const refusals = await countRefusals(redis.client, async () => {
      await call(start);
      release();
      const paused = (text: string): boolean => text.includes('no job is taken for 2 s');
      await until(() => [worker, idle].some(({ stderr }) => paused(stderr())), [worker, study, idle]);
    });
    // Without a pause there are 1,500 a second.
    expect(refusals).toBeLessThan(200);
    expect(refusals).toBeGreaterThan(1);
    await call(end);
    expect((await study.ended()).code).toBe(0);
    expect(filesOf(path(name))).toEqual(expected);
  });
});
