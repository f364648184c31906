/** Limits of the gateway on a real Redis: large bodies, floods, slow clients, origins and leases. */
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { standardLimits } from '../../src/cli/gateway/server.ts';
import { missingRedis, type RedisServer, startRedis } from './redis.ts';
import { addJobs, client, openGateway, send, smallJob, stateOf, type TestGateway, version } from './volunteers.ts';

const missing = missingRedis();
const [near, far] = ['127.0.0.1', '127.0.1.1'];
const until = (check: () => unknown): Promise<unknown> =>
  vi.waitFor(async () => expect(await check()).toBeTruthy(), { timeout: 15_000, interval: 20 });

describe.skipIf(missing !== null)(`limits of the gateway${missing === null ? '' : ` (${missing})`}`, () => {
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

  test('100 MB are not received, with and without a length, and a slow client is cut off', async () => {
    gateway = await openGateway(redis, { limits: { ...standardLimits, requestMs: 1500, headersMs: 1000 } });
    await addJobs(redis, [smallJob(1)]);
    const { lease } = await client(gateway.port, near).lease();
    const head = (length: string): string =>
      `POST /submit HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-Unbraid-Lease: ${lease}\r\n${length}\r\n\r\n`;
    const part = Buffer.alloc(65_536, 'x');
    /** Sends until the other side ends; returns what it answered, and the number of bytes that were sent. */
    const pour = (first: string, chunked: boolean): Promise<{ text: string; bytes: number }> =>
      new Promise((resolve) => {
        const socket = connect({ host: '127.0.0.1', port: gateway.port, localAddress: near });
        let [text, bytes, open] = ['', 0, true];
        socket.on('data', (data) => {
          text += String(data);
        });
        socket.on('error', () => {});
        socket.on('close', () => {
          open = false;
          resolve({ text, bytes });
        });
        const more = (): void => {
          while (open && bytes < 100e6) {
            bytes += part.length;
            if (!socket.write(chunked ? Buffer.concat([Buffer.from('10000\r\n'), part, Buffer.from('\r\n')]) : part)) {
              socket.once('drain', more);
              return;
            }
          }
        };
        socket.write(first);
        more();
      });
    const before = process.memoryUsage.rss();
    const counted = await pour(head('Content-Length: 100000000'), false);
    const streamed = await pour(head('Transfer-Encoding: chunked'), true);
    for (const { text, bytes } of [counted, streamed]) {
      expect(text === '' || text.startsWith('HTTP/1.1 413')).toBe(true);
      expect(bytes).toBeLessThan(20e6);
    }
    expect(process.memoryUsage.rss() - before).toBeLessThan(100e6);
    const slow = connect({ host: '127.0.0.1', port: gateway.port });
    slow.write(head('Content-Length: 1000'));
    await new Promise((resolve) => slow.resume().on('error', resolve).on('close', resolve));
    const silent = connect({ host: '127.0.0.1', port: gateway.port });
    silent.write('POST /lease HTTP/1.1\r\n');
    await new Promise((resolve) => silent.resume().on('error', resolve).on('close', resolve));
    expect((await client(gateway.port, far).leaseOnce()).status).toBe(200);
  });

  test('a flood is slowed down, and others are served', async () => {
    gateway = await openGateway(redis, { limits: { ...standardLimits, rate: { burst: 10, perSecond: 2 } } });
    await addJobs(redis, [smallJob(1)]);
    const flood = await Promise.all(
      Array.from({ length: 300 }, () => send(gateway.port, { body: 'x'.repeat(999), from: near })),
    );
    const refused = flood.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(280);
    expect(Number(refused[0].headers['retry-after'])).toBeGreaterThan(0);
    await client(gateway.port, far).lease();
  });

  test('while Redis is away a client gets an answer, and afterwards a job', async () => {
    gateway = await openGateway(redis, { limits: { ...standardLimits, answerMs: 300 } });
    const volunteer = client(gateway.port, near);
    expect((await volunteer.leaseOnce()).status).toBe(204);
    await redis.kill();
    const { status, headers } = await volunteer.leaseOnce();
    expect([status, headers['retry-after']]).toEqual([503, '30']);
    expect((await volunteer.submit('0'.repeat(32), {})).status).toBe(503);
    await redis.start();
    await addJobs(redis, [smallJob(1)]);
    await until(async () => (await volunteer.leaseOnce()).status === 200);
  });

  test('one identity holds at most 64 leases', async () => {
    gateway = await openGateway(redis, { open: 80 });
    await addJobs(
      redis,
      Array.from({ length: 70 }, (_, i) => smallJob(i)),
    );
    const greedy = client(gateway.port, near);
    const first = await greedy.lease();
    for (let i = 1; i < 64; i++) await greedy.lease();
    const { status, headers } = await greedy.leaseOnce();
    expect([status, headers['retry-after']]).toEqual([429, '30']);
    await greedy.giveBack(first.lease);
    await greedy.lease();
  });

  test('pages of listed origins may use it', async () => {
    const origin = 'https://example.org';
    gateway = await openGateway(redis, { origins: [origin] });
    const preflight = await send(gateway.port, { method: 'OPTIONS', headers: { Origin: origin } });
    expect(preflight.status).toBe(204);
    expect(preflight.headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'Authorization, Content-Type, X-Unbraid-Lease',
    });
    const other = await send(gateway.port, { headers: { Origin: 'https://example.com' }, body: version });
    expect(other.status).toBe(403);
    expect(other.headers['access-control-allow-origin']).toBeUndefined();
  });

  test('behind a server with TLS, the address is the last one of X-Forwarded-For', async () => {
    gateway = await openGateway(redis, {
      proxy: true,
      limits: { ...standardLimits, rate: { burst: 1, perSecond: 0.01 } },
    });
    const ask = async (forwarded: string): Promise<number> =>
      (await send(gateway.port, { body: version, headers: { 'X-Forwarded-For': forwarded } })).status;
    expect(await ask('192.0.2.1')).toBe(204);
    expect(await ask('198.51.100.1, 192.0.2.77')).toBe(429);
    expect(await ask('192.0.2.1, 2001:db8:1:2::1')).toBe(204);
    expect(await ask('2001:db8:1:2:ffff::5')).toBe(429);
    expect(await ask('not an address')).toBe(204);
  });

  test('a job with a long estimate is left to workers', async () => {
    gateway = await openGateway(redis, { longest: 5 });
    const [long] = await addJobs(redis, [smallJob(1, 6)]);
    const volunteer = client(gateway.port, near);
    expect((await volunteer.leaseOnce()).status).toBe(204);
    await until(async () => (await stateOf(redis, long)) === 'delayed');
    const [brief] = await addJobs(redis, [smallJob(2, 5)]);
    expect((await volunteer.lease()).id).toBe(brief);
  });
});
