/** The library of volunteers: with a real gateway, and with a server that is none. */
import { createHash } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { localRunner, type VolunteerEvent, volunteer } from '../../src/entry/volunteer.ts';
import { canonicalJson } from '../../src/record/json.ts';
import { missingRedis, type RedisServer, startRedis } from './redis.ts';
import { addJobs, localResult, openGateway, smallJob, stateOf, stored, type TestGateway } from './volunteers.ts';

const missing = missingRedis();
const sha = (text: string): string => createHash('sha256').update(text).digest('hex');
const tokens = new Map(['ann', 'bob'].map((name) => [sha(`token-of-${name}`), { name, trusted: name === 'ann' }]));

describe.skipIf(missing !== null)(`with a gateway${missing === null ? '' : ` (${missing})`}`, () => {
  let redis: RedisServer;
  let gateway: TestGateway;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis?.stop());
  beforeEach(async () => {
    await redis.client.flushall();
    gateway = await openGateway(redis, { tokens, spotCheck: 0 });
  });
  afterEach(() => gateway?.end());
  const address = (): string => `http://127.0.0.1:${gateway.port}/`;

  test('two volunteers finish jobs, with the bits of this machine', async () => {
    const jobs = [smallJob(1), smallJob(2), smallJob(3)];
    const ids = await addJobs(redis, jobs);
    const events: VolunteerEvent[] = [];
    const stop = new AbortController();
    const both = ['ann', 'bob'].map((name, i) =>
      volunteer({
        ...{ gateway: address(), token: `token-of-${name}`, threads: 1 + i, signal: stop.signal },
        openRunner: localRunner,
        onJob: (event) => events.push(event),
      }),
    );
    for (const [i, id] of ids.entries()) {
      await vi.waitFor(async () => expect(await stored(redis, id)).not.toBeNull(), { timeout: 20_000, interval: 50 });
      const found = await stored(redis, id);
      expect(canonicalJson(found?.result ?? {})).toBe(canonicalJson(await localResult(jobs[i])));
      expect(found?.made.runtime).toBe('volunteers');
    }
    await vi.waitFor(() => expect(events.filter(({ type }) => type === 'done').length).toBe(6));
    stop.abort();
    expect((await Promise.all(both)).map(({ done }) => done)).toEqual([3, 3]);
    expect(events).toContainEqual({ type: 'wait', seconds: 5, reason: 'no job waits' });
    expect(events.filter(({ type }) => type === 'start').length).toBe(6);
  });

  test('a job whose volunteer stops goes back', async () => {
    const [id] = await addJobs(redis, [smallJob(1)]);
    const stop = new AbortController();
    let closed = 0;
    let begun = (): void => {};
    const started = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const work = volunteer({
      ...{ gateway: address(), token: 'token-of-bob', signal: stop.signal },
      openRunner() {
        let fail = (_: Error): void => {};
        return {
          run: () =>
            new Promise((_, reject) => {
              fail = reject;
            }),
          close() {
            closed++;
            fail(new Error('closed'));
          },
        };
      },
      onJob: ({ type }) => type === 'start' && begun(),
    });
    // Without waiting jobs the gateway has to be asked twice.
    await started;
    expect(await stateOf(redis, id)).toBe('active');
    expect((await redis.client.keys('ub:*:gateway:leases')).length).toBe(1);
    stop.abort();
    expect(await work).toEqual({ done: 0 });
    expect(closed).toBeGreaterThan(0);
    expect(await redis.client.keys('ub:*:gateway:leases')).toEqual([]);
  });

  test('it ends where the gateway refuses it for good', async () => {
    await expect(volunteer({ gateway: address(), token: 'wrong', openRunner: localRunner })).rejects.toThrow(
      'gateway: the token is missing or unknown; ask the operator for one',
    );
  });
});

describe('with a server that is no gateway', () => {
  const answering = async (listener: RequestListener, work: (url: string) => Promise<void>): Promise<void> => {
    const server = createServer(listener);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`).finally(() => {
      server.closeAllConnections();
      server.close();
    });
  };
  const lease = { lease: '0'.repeat(32), id: '0'.repeat(64) };

  test.each([
    ['no lease', { job: { kind: 'train', input: {} } }, 'the answer is no job'],
    ['another kind', { ...lease, job: { kind: 'shell', input: {} } }, 'checkJob: kind must be one of'],
    ['a program', { ...lease, job: { kind: 'train', input: { env: 'exec:rm' } } }, ''],
    ['another value', 'null', 'the answer is no job'],
  ])('a job with %s is not run', async (_, body, message) => {
    let ran = false;
    await answering(
      (request, response) => {
        request.resume();
        response.end(typeof body === 'string' ? body : JSON.stringify(body));
      },
      async (gateway) => {
        const openRunner = () => {
          ran = true;
          throw new Error('it ran');
        };
        await expect(volunteer({ gateway, openRunner })).rejects.toThrow(message);
      },
    );
    expect(ran).toBe(false);
  });

  test.each([
    ['too long an answer', 200, 'x'.repeat(200_000)],
    ['no JSON', 200, '<html>'],
    ['deep JSON', 200, '['.repeat(1000)],
    ['an error', 502, '<html>'],
  ])('it waits after %s', async (_, status, body) => {
    await answering(
      (request, response) => {
        request.resume();
        response.writeHead(status, { 'Retry-After': '99999' }).end(body);
      },
      async (gateway) => {
        const stop = new AbortController();
        const events: VolunteerEvent[] = [];
        const onJob = (event: VolunteerEvent): void => {
          events.push(event);
          stop.abort();
        };
        expect(await volunteer({ gateway, openRunner: localRunner, onJob, signal: stop.signal })).toEqual({ done: 0 });
        expect(events.map((event) => event.type === 'wait' && event.seconds)).toEqual([30]);
      },
    );
  });

  test.each([
    [{ gateway: 'ftp://example.org' }, 'volunteer: gateway must be an address with https: or http:'],
    [{ gateway: 'https://me:secret@example.org' }, 'volunteer: gateway must be an address with https: or http:'],
    [{ gateway: 'https://example.org', threads: 0 }, 'volunteer: threads must be an integer in [1, 256]'],
    [{ gateway: 'https://example.org', thread: 1 }, 'threads'],
    [{ gateway: 'https://example.org', openRunner: 1 }, 'volunteer: openRunner must be a function'],
  ])('%j is refused', async (options, message) => {
    await expect(volunteer({ openRunner: localRunner, ...options } as never)).rejects.toThrow(message);
  });
});
