/** Commands that are killed, stopped and started again: all reports are byte-identical to one without a queue. */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Fleet, filesOf, openFleet, shortLocks, startedSeeds, until } from './processes.ts';
import { listClients, missingRedis, type RedisServer, startRedis } from './redis.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const missing = missingRedis();
if (missing !== null) console.log(`skipped: Redis; ${missing}`);

const SEEDS = 6;

describe.skipIf(missing !== null)('commands that end early', () => {
  let fleet: Fleet;
  /** The files of the study without a queue. */
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
    expect(Object.keys(expected)).toHaveLength(SEEDS + 3);
  });
  afterAll(async () => {
    await fleet.stop();
    for (const server of servers) await server.stop();
  });

  test.concurrent('kill -9 of both workers in mid-job, and of one between storing a result and completing its job', async () => {
    const { address } = await openRedis();
    const [hold, starts] = [path('kill-hold'), path('kill-starts')];
    writeFileSync(hold, '');
    const first = [1, 2].map(() => fleet.worker(address, { ...shortLocks, hold, starts }));
    const study = fleet.study(address, 'kill', SEEDS);
    await until(() => startedSeeds(starts).length === 2, [...first, study]);
    for (const { child } of first) child.kill('SIGKILL');
    rmSync(hold);
    const third = fleet.worker(address, { ...shortLocks, starts, killBeforeComplete: true });
    expect((await third.ended()).signal).toBe('SIGKILL');
    const last = fleet.worker(address, { ...shortLocks, starts });
    expect((await study.ended()).code).toBe(0);
    expect(filesOf(path('kill'))).toEqual(expected);
    // The result that was stored is not computed again: two jobs started twice.
    expect(startedSeeds(starts)).toHaveLength(SEEDS + 2);
    last.child.kill('SIGTERM');
    expect((await last.ended()).code).toBe(143);
  });

  test.concurrent('kill -9 of the submitter, Ctrl-C of the next one, and two at once for the rest', async () => {
    const { address, client } = await openRedis();
    const [hold, starts] = [path('submit-hold'), path('submit-starts')];
    writeFileSync(hold, '');
    const worker = fleet.worker(address, { ...shortLocks, hold, starts });
    const killed = fleet.study(address, 'submit', SEEDS);
    await until(() => startedSeeds(starts).length === 1, [worker, killed]);
    killed.child.kill('SIGKILL');
    await killed.ended();
    const secret = address.replace('redis://', 'redis://default:geheim@');
    await client.call('ACL', 'SETUSER', 'default', 'on', '>geheim', 'nopass');
    const left = fleet.start(['study', 'bandits', '--queue', secret, '--seeds', String(SEEDS), '--out', 'submit']);
    const listens = async (): Promise<boolean> => /name=unbraid-events/.test(await listClients(client));
    await until(listens, [worker, left]);
    left.child.kill('SIGINT');
    const { code, stdout, stderr } = await left.ended();
    expect([code, stdout]).toEqual([130, '']);
    expect(stderr).toContain(
      `unbraid: detached; ${SEEDS} jobs stay in the queue, where workers run them; 0 of ${SEEDS} jobs are finished; resume with: unbraid study bandits --quick --seeds ${SEEDS} --queue --out submit\n`,
    );
    expect(stderr).not.toContain('geheim');
    rmSync(hold);
    const both = ['submit', 'submit-second'].map((out) => fleet.study(address, out, SEEDS));
    for (const study of both) expect((await study.ended()).code).toBe(0);
    expect(filesOf(path('submit'))).toEqual(expected);
    expect(filesOf(path('submit-second'))).toEqual(expected);
    // Each job ran once, for all four commands.
    expect([...startedSeeds(starts)].sort()).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test.concurrent('SIGSTOP of a worker past its lock: another one runs the job, and the first one continues', async () => {
    const { address } = await openRedis();
    const [hold, starts] = [path('stop-hold'), path('stop-starts')];
    writeFileSync(hold, '');
    const stopped = fleet.worker(address, { ...shortLocks, hold, starts });
    const study = fleet.study(address, 'stop', SEEDS);
    await until(() => startedSeeds(starts).length === 1, [stopped, study]);
    stopped.child.kill('SIGSTOP');
    const other = fleet.worker(address, { ...shortLocks, starts });
    expect((await study.ended()).code).toBe(0);
    expect(filesOf(path('stop'))).toEqual(expected);
    expect(startedSeeds(starts)).toHaveLength(SEEDS + 1);
    stopped.child.kill('SIGCONT');
    await until(() => stopped.stderr().includes('its lock is lost; it runs again, here or elsewhere'), [stopped]);
    rmSync(hold);
    // It takes jobs again.
    other.child.kill('SIGTERM');
    await other.ended();
    const next = fleet.study(address, 'stop-next', SEEDS + 1);
    expect((await next.ended()).code).toBe(0);
  });

  test.concurrent('SIGTERM: a worker finishes its job and takes no other; a second one ends it at once', async () => {
    const { address, client } = await openRedis();
    const [hold, starts] = [path('drain-hold'), path('drain-starts')];
    writeFileSync(hold, '');
    const draining = fleet.worker(address, { ...shortLocks, hold, starts });
    const study = fleet.study(address, 'drain', SEEDS);
    await until(() => startedSeeds(starts).length === 1, [draining, study]);
    draining.child.kill('SIGTERM');
    await until(() => draining.stderr().includes('SIGTERM: stopping'), [draining]);
    const waits = fleet.worker(address, { ...shortLocks, hold, starts });
    await until(() => startedSeeds(starts).length === 2, [draining, waits]);
    rmSync(hold);
    const drained = await draining.ended();
    expect([drained.code, drained.stdout]).toEqual([143, '1 jobs done\n']);
    expect((await study.ended()).code).toBe(0);
    expect(filesOf(path('drain'))).toEqual(expected);

    writeFileSync(hold, '');
    const more = fleet.study(address, 'drain-more', SEEDS + 1);
    await until(() => startedSeeds(starts).length === SEEDS + 1, [waits, more]);
    waits.child.kill('SIGTERM');
    await until(() => waits.stderr().includes('SIGTERM: stopping'), [waits]);
    waits.child.kill('SIGTERM');
    expect((await waits.ended()).code).toBe(143);
    expect(existsSync(hold)).toBe(true);
    expect(await client.llen(`ub:${(await client.smembers('ub:queues'))[0]}:active`)).toBe(1);
  });
});
