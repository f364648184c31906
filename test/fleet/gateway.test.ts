/** The gateway on a real Redis: which results count, and which leases and votes do not. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { readTokens } from '../../src/cli/gateway/identity.ts';
import { canonicalJson } from '../../src/record/json.ts';
import { missingRedis, type RedisServer, startRedis } from './redis.ts';
import {
  addJobs,
  client,
  localResult,
  openGateway,
  send,
  smallJob,
  stateOf,
  stored,
  type TestGateway,
  version,
  wrongResult,
} from './volunteers.ts';

const missing = missingRedis();
const sha = (text: string): string => createHash('sha256').update(text).digest('hex');
const [near, alsoNear, far, further] = ['127.0.0.1', '127.0.0.9', '127.0.1.1', '127.0.2.1'];
const until = (check: () => unknown): Promise<unknown> =>
  vi.waitFor(async () => expect(await check()).toBeTruthy(), { timeout: 15_000, interval: 20 });

describe.skipIf(missing !== null)(`gateway${missing === null ? '' : ` (${missing})`}`, () => {
  let redis: RedisServer;
  let gateway: TestGateway;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis?.stop());
  beforeEach(async () => {
    await redis.client.flushall();
  });
  afterEach(async () => {
    await gateway?.end();
  });

  test('a result counts when two networks sent it, and it has the bits of this machine', async () => {
    gateway = await openGateway(redis);
    const [id] = await addJobs(redis, [smallJob(1)]);
    const first = client(gateway.port, near);
    const { lease, job, id: leased } = await first.lease();
    expect([leased, job]).toEqual([id, { kind: 'group-sign', input: smallJob(1).input }]);
    expect((await first.submit(lease, await localResult(job))).body).toEqual({ counted: true });
    expect((await first.leaseOnce()).status).toBe(204);
    expect(await stored(redis, id)).toBeNull();
    const second = client(gateway.port, far);
    const other = await second.lease();
    expect((await second.submit(other.lease, await localResult(job))).status).toBe(200);
    await until(() => stored(redis, id));
    expect(canonicalJson((await stored(redis, id))?.result ?? {})).toBe(canonicalJson(await localResult(job)));
    await until(async () => (await stateOf(redis, id)) === 'completed');
    // Two identities that were never checked: the gateway has replayed the job.
    expect(gateway.replays()).toBe(1);
    // Keys of finished jobs are gone.
    await until(async () => (await redis.client.keys('ub:*:gateway:job:*')).length === 0);
  });

  test('identities that agreed with a replay are not replayed again, unless the share says so', async () => {
    for (const [spotCheck, replays] of [
      [1e-9, 1],
      [1, 3],
    ]) {
      await redis.client.flushall();
      gateway = await openGateway(redis, { spotCheck });
      const ids = await addJobs(redis, [smallJob(1), smallJob(2), smallJob(3)]);
      for (let i = 0; i < 3; i++) {
        for (const from of [near, far]) {
          const volunteer = client(gateway.port, from);
          const { lease, job } = await volunteer.lease();
          await volunteer.submit(lease, await localResult(job));
        }
        // The second of the pair may get another job first; both get all three in the end.
      }
      for (const id of ids) await until(() => stored(redis, id));
      expect(gateway.replays()).toBe(replays);
      await gateway.end();
    }
  });

  test('equal results of two that were never checked wait for a third that was', async () => {
    gateway = await openGateway(redis, { spotCheck: 1e-9 });
    const give = async (from: string): Promise<string> => {
      const { lease, job, id } = await client(gateway.port, from).lease();
      await client(gateway.port, from).submit(lease, await localResult(job));
      return id;
    };
    const [first] = await addJobs(redis, [smallJob(1)]);
    for (const from of [near, far]) await give(from);
    await until(() => stored(redis, first));
    const [second] = await addJobs(redis, [smallJob(2)]);
    for (const from of [further, '127.0.3.1']) expect(await give(from)).toBe(second);
    // Another identity that was never checked gets no place.
    expect((await client(gateway.port, '127.0.4.1').leaseOnce()).status).toBe(204);
    expect(await stored(redis, second)).toBeNull();
    expect(await give(near)).toBe(second);
    await until(() => stored(redis, second));
    // The two agreed with a checked one, so one of them is enough from now on.
    const [third] = await addJobs(redis, [smallJob(3)]);
    for (const from of [further, '127.0.4.1']) await give(from);
    await until(() => stored(redis, third));
    expect(gateway.replays()).toBe(1);
  });

  test('two that agree on a wrong result are not accepted in one network', async () => {
    gateway = await openGateway(redis, { spotCheck: 0 });
    const [id] = await addJobs(redis, [smallJob(1)]);
    const cheat = client(gateway.port, near);
    const { lease, job } = await cheat.lease();
    await cheat.submit(lease, await wrongResult(job));
    for (let i = 0; i < 10; i++) expect((await client(gateway.port, alsoNear).leaseOnce()).status).toBe(204);
    expect(await stored(redis, id)).toBeNull();
  });

  test('a wrong result is found by a replay: its sender gets no job, and its other results are made again', async () => {
    gateway = await openGateway(redis, { spotCheck: 1e-9 });
    const ids = await addJobs(redis, [smallJob(1)]);
    const [cheat, honest, third] = [near, far, further].map((from) => client(gateway.port, from));
    const give = async (who: typeof cheat, result = localResult): Promise<string> => {
      const { lease, job, id } = await who.lease();
      expect((await who.submit(lease, await result(job))).status).toBe(200);
      return id;
    };
    // Checked by a replay, so that the next results of these two are accepted without one.
    await give(cheat);
    await give(honest);
    await until(() => stored(redis, ids[0]));
    const [second] = await addJobs(redis, [smallJob(2)]);
    // Both send the same wrong result, which counts.
    await give(cheat, wrongResult);
    await give(honest, wrongResult);
    await until(() => stored(redis, second));
    expect(canonicalJson((await stored(redis, second))?.result ?? {})).not.toBe(
      canonicalJson(await localResult(smallJob(2))),
    );
    expect(gateway.replays()).toBe(1);
    await until(async () => (await stateOf(redis, second)) === 'completed');
    const [last] = await addJobs(redis, [smallJob(3)]);
    await give(cheat, wrongResult);
    await give(third);
    await until(() => stored(redis, last));
    expect(canonicalJson((await stored(redis, last))?.result ?? {})).toBe(
      canonicalJson(await localResult(smallJob(3))),
    );
    expect((await cheat.leaseOnce()).body).toEqual({
      error: 'gateway: a result of this identity was wrong; ask the operator',
    });
    // The wrong result is gone, and its job is open again.
    await until(async () => (await stored(redis, second)) === null);
    expect(gateway.notes.join('\n')).toContain(`remove ${second}.json from its folder of jobs`);
    await give(third);
    await give(client(gateway.port, '127.0.3.1'));
    await until(() => stored(redis, second));
    expect(canonicalJson((await stored(redis, second))?.result ?? {})).toBe(
      canonicalJson(await localResult(smallJob(2))),
    );
  });

  describe('with tokens', () => {
    const folder = mkdtempSync(join(tmpdir(), 'unbraid-tokens-'));
    afterAll(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'tokens.json');
    const named = Object.fromEntries(['ann', 'bob', 'eve'].map((name) => [name, { sha256: sha(`token-of-${name}`) }]));
    writeFileSync(file, JSON.stringify({ ...named, ann: { ...named.ann, trusted: true } }));
    const tokens = readTokens(file);

    test('a client needs a token of the file', async () => {
      gateway = await openGateway(redis, { tokens });
      const authorizations = [undefined, '0', 'token-of-mallory', sha('token-of-ann'), '*', 'token of bob'];
      for (const token of authorizations) {
        const { status, body } = await client(gateway.port, near, token).leaseOnce();
        expect([status, body.error]).toEqual([401, expect.stringContaining('the token is missing or unknown')]);
      }
      expect((await client(gateway.port, near, 'token-of-bob').leaseOnce()).status).toBe(204);
    });

    test('without replays, one of those that agree must be trusted; its network does not count', async () => {
      gateway = await openGateway(redis, { tokens, spotCheck: 0 });
      const [id] = await addJobs(redis, [smallJob(1)]);
      const [ann, bob, eve] = ['ann', 'bob', 'eve'].map((name, i) =>
        client(gateway.port, i === 2 ? far : near, `token-of-${name}`),
      );
      for (const who of [bob, eve]) {
        const { lease, job } = await who.lease();
        await who.submit(lease, await wrongResult(job));
      }
      expect(await stored(redis, id)).toBeNull();
      // The trusted client disagrees, so one more place is open.
      const { lease, job } = await ann.lease();
      await ann.submit(lease, await localResult(job));
      expect(await stored(redis, id)).toBeNull();
      expect(gateway.replays()).toBe(0);
    });

    test('two tokens in one network do not get the same job', async () => {
      gateway = await openGateway(redis, { tokens });
      await addJobs(redis, [smallJob(1)]);
      await client(gateway.port, near, 'token-of-bob').lease();
      expect((await client(gateway.port, alsoNear, 'token-of-eve').leaseOnce()).status).toBe(204);
      expect((await client(gateway.port, far, 'token-of-eve').leaseOnce()).status).toBe(200);
    });

    test('a trusted and another one of the same network agree', async () => {
      gateway = await openGateway(redis, { tokens, spotCheck: 0 });
      const [id] = await addJobs(redis, [smallJob(1)]);
      for (const name of ['bob', 'ann']) {
        const who = client(gateway.port, near, `token-of-${name}`);
        const { lease, job } = await who.lease();
        await who.submit(lease, await localResult(job));
      }
      await until(() => stored(redis, id));
      expect(gateway.replays()).toBe(0);
      expect(gateway.notes.filter((note) => note.startsWith('bob: ')).length).toBe(1);
    });
  });

  test('a lease is of use to its holder, once and in time', async () => {
    gateway = await openGateway(redis, { leaseMs: 700 });
    await addJobs(redis, [smallJob(1), smallJob(2)]);
    const [owner, thief] = [near, far].map((from) => client(gateway.port, from));
    const { lease, job } = await owner.lease();
    const result = await localResult(job);
    expect((await thief.submit(lease, result)).status).toBe(403);
    expect((await thief.giveBack(lease)).status).toBe(403);
    expect((await owner.submit(lease, result)).status).toBe(200);
    expect((await owner.submit(lease, result)).body).toEqual({
      error: 'gateway: the lease must be unused; lease a job for each result',
    });
    const late = await owner.lease();
    await new Promise((resolve) => setTimeout(resolve, 900));
    expect((await owner.submit(late.lease, await localResult(late.job))).status).toBe(410);
    // The job is free again, and a lease can be given back.
    const again = await owner.lease();
    expect(again.id).toBe(late.id);
    expect((await owner.giveBack(again.lease)).status).toBe(200);
    expect((await owner.submit(again.lease, result)).status).toBe(403);
    expect((await owner.lease()).id).toBe(late.id);
    for (const wrong of ['0', '*', 'x'.repeat(32), `${'0'.repeat(31)}:`, '0'.repeat(32), '../../lease']) {
      expect((await owner.submit(wrong, result)).status).toBe(403);
    }
    const keys = await redis.client.keys('*');
    expect(keys.filter((key) => /\.\.|\*|xxx/.test(key))).toEqual([]);
    // What Redis stores of a lease is its hash.
    expect(keys.filter((key) => key.includes(again.lease))).toEqual([]);
  });

  test('a vote is not read by others before both are there', async () => {
    gateway = await openGateway(redis);
    await addJobs(redis, [smallJob(1)]);
    const owner = client(gateway.port, near);
    const { lease, job, id } = await owner.lease();
    await owner.submit(lease, await localResult(job));
    for (const path of [
      '/',
      '/submit',
      '/result',
      `/result/${id}`,
      '/lease/../submit',
      '//',
      '/lease?x',
      '/__proto__',
    ]) {
      for (const method of ['GET', 'PUT', 'DELETE', 'POST']) {
        const { status, body } = await send(gateway.port, { path, method, from: far });
        expect(status).toBeGreaterThanOrEqual(400);
        expect(JSON.stringify(body)).not.toContain('mean');
      }
    }
  });

  test('what is no result is refused, and the job goes to others', async () => {
    gateway = await openGateway(redis);
    const [id] = await addJobs(redis, [smallJob(1)]);
    const hostile = client(gateway.port, near);
    const { lease, job } = await hostile.lease();
    expect((await hostile.submit(lease, '{"a":')).status).toBe(400);
    expect((await hostile.submit(lease, '['.repeat(100_000))).status).toBe(400);
    expect((await hostile.submit(lease, '{"a":'.repeat(30_000))).status).toBe(400);
    expect((await hostile.submit(lease, '{}', { 'Content-Type': 'text/plain' })).status).toBe(415);
    const refused = await hostile.submit(lease, { ...(await localResult(job)), __proto__: null, extra: 1 });
    expect([refused.status, refused.body.error]).toEqual([
      422,
      expect.stringContaining('must have the form of its job'),
    ]);
    expect((await hostile.submit(lease, await localResult(job))).status).toBe(403);
    for (const from of [far, further]) {
      const honest = client(gateway.port, from);
      const own = await honest.lease();
      await honest.submit(own.lease, await localResult(job));
    }
    await until(() => stored(redis, id));
  });

  test('a job that fails everywhere ends, and does not keep others from their jobs', async () => {
    gateway = await openGateway(redis, {
      openRunner: () => ({ run: () => Promise.reject(new Error('it cannot run')), close() {} }),
    });
    const [id] = await addJobs(redis, [smallJob(1)]);
    for (const from of [near, far, further]) {
      const { lease } = await client(gateway.port, from).lease();
      expect((await client(gateway.port, from).giveBack(lease, true)).status).toBe(200);
      expect((await client(gateway.port, from).leaseOnce()).status).toBe(204);
    }
    await until(async () => (await stateOf(redis, id)) === 'failed');
    expect(gateway.notes.join()).toContain('failed: it cannot run');
  });

  test('another version gets no job', async () => {
    gateway = await openGateway(redis);
    for (const body of ['', 'null', '{}', '{"unbraid":"0.0.1","numerics":1}', version.replace(/\d+}/, '999}')]) {
      expect((await send(gateway.port, { body })).status).toBe(409);
    }
  });

  test('at its end it waits for open leases, and gives other jobs back', async () => {
    gateway = await openGateway(redis, { drainMs: 10_000 });
    const ids = await addJobs(redis, [smallJob(1), smallJob(2)]);
    const trusted = client(gateway.port, near);
    const { lease, job, id } = await trusted.lease();
    const other = ids.find((each) => each !== id) as string;
    await until(async () => (await stateOf(redis, other)) === 'active');
    const ended = gateway.end();
    await until(async () => (await stateOf(redis, other)) !== 'active');
    expect((await client(gateway.port, far).leaseOnce()).status).toBe(503);
    expect((await trusted.submit(lease, await localResult(job))).status).toBe(200);
    await ended;
    expect(await stateOf(redis, id)).not.toBe('active');
    // The vote is kept: with the next gateway one more is enough.
    gateway = await openGateway(redis);
    const volunteer = client(gateway.port, far);
    for (let i = 0; i < 2; i++) {
      const own = await volunteer.lease();
      await volunteer.submit(own.lease, await localResult(own.job));
    }
    await until(() => stored(redis, id));
    expect(await stored(redis, other)).toBeNull();
  });
});
