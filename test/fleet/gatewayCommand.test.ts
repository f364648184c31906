/** `unbraid gateway` as a process and its arguments; networks of addresses. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { identityOf, networkOf, readTokens } from '../../src/cli/gateway/identity.ts';
import { openRates, openRetry } from '../../src/cli/gateway/rates.ts';
import { queueName } from '../../src/cli/queue/names.ts';
import { canonicalJson } from '../../src/record/json.ts';
import { missingRedis, startRedis } from './redis.ts';
import { addJobs, client, localResult, openGateway, send, smallJob, stateOf, stored, version } from './volunteers.ts';

const missing = missingRedis();
// The version that runs TypeScript, whichever one runs the tests.
const node = fileURLToPath(new URL('../../node_modules/.bin/node', import.meta.url));
const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'unbraid-gateway-'));
afterAll(() => rmSync(folder, { recursive: true }));

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

function tokenFile(content: unknown): string {
  const file = join(folder, 'tokens.json');
  writeFileSync(file, JSON.stringify(content));
  return file;
}

function startGateway(args: readonly string[]): {
  child: ChildProcess;
  stderr: () => string;
  port: () => Promise<number>;
} {
  const child = spawn(node, [main, 'gateway', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  const port = (): Promise<number> =>
    vi.waitFor(() => Number((/http:\/\/[\w.]+:(\d+)/.exec(text) ?? expect.fail(text))[1]), { timeout: 20_000 });
  return { child, stderr: () => text, port };
}

describe.skipIf(missing !== null)(`processes${missing === null ? '' : ` (${missing})`}`, () => {
  test('kill -9 with leases out loses nothing, and SIGTERM gives jobs back', async () => {
    const redis = await startRedis();
    try {
      const [id] = await addJobs(redis, [smallJob(1)]);
      const first = startGateway(['--queue', redis.address, '--port', '0', '--lease', '300']);
      const early = client(await first.port(), '127.0.0.1');
      const { lease, job, seconds } = await early.lease();
      expect(seconds).toBe(300);
      expect(first.stderr()).toContain('no page may use it; add the origin of your page');
      const ended = once(first.child, 'exit');
      first.child.kill('SIGKILL');
      await ended;
      expect(await stateOf(redis, id)).toBe('active');
      // The lock of 30 s ends at once.
      await redis.client.del(`ub:${queueName('plain')}:${id}:lock`);
      const second = await openGateway(redis, { locks: { lock: 2000, stalled: 500 } });
      expect((await client(second.port, '127.0.0.1').submit(lease, await localResult(job))).status).toBe(200);
      const other = client(second.port, '127.0.1.1');
      const own = await other.lease();
      expect(own.id).toBe(id);
      expect((await other.submit(own.lease, await localResult(job))).status).toBe(200);
      await vi.waitFor(async () => expect(await stored(redis, id)).not.toBeNull(), { timeout: 20_000, interval: 50 });
      expect(canonicalJson((await stored(redis, id))?.result ?? {})).toBe(canonicalJson(await localResult(job)));
      expect(await second.end()).toBe(1);
      const [later, waits] = await addJobs(redis, [smallJob(2), smallJob(3)]);
      const tokens = tokenFile({ ann: { sha256: sha256('token-of-ann'), trusted: true } });
      const origin = 'https://example.org';
      const options = ['--host', '0.0.0.0', '--tokens', tokens, '--origin', origin, '--open', '1'];
      const third = startGateway(['--queue', redis.address, '--port', '0', ...options]);
      const port = await third.port();
      expect((await send(port, { body: version })).status).toBe(401);
      const headers = { Authorization: 'Bearer token-of-ann' };
      expect((await send(port, { body: version, headers: { ...headers, Origin: 'https://example.com' } })).status).toBe(
        403,
      );
      expect((await send(port, { body: version, headers: { ...headers, Origin: origin } })).status).toBe(204);
      await vi.waitFor(async () => expect(await stateOf(redis, later)).toBe('active'), { timeout: 10_000 });
      // One job is open at a time.
      expect(await stateOf(redis, waits)).toBe('waiting');
      expect(third.stderr()).toContain('0.0.0.0 is open to other machines, without TLS');
      expect(third.stderr()).toContain('to 1 tokens; stop it with Ctrl-C');
      const over = once(third.child, 'exit');
      third.child.kill('SIGTERM');
      expect((await over)[0]).toBe(143);
      expect(['waiting', 'delayed']).toContain(await stateOf(redis, later));
    } finally {
      await redis.stop();
    }
  });
});

describe('arguments', () => {
  const exitOf = async (args: readonly string[]): Promise<{ code: number; stderr: string }> => {
    const { child, stderr } = startGateway(args);
    const [code] = (await once(child, 'close')) as [number];
    return { code, stderr: stderr() };
  };

  test('wrong ones end with code 2 and the next step', async () => {
    const wrong = [
      [
        ['--queue', 'redis://127.0.0.1:1', '--origin', 'https://example.org/page'],
        'It must be a scheme, a host and a port',
      ],
      [['--queue', 'redis://127.0.0.1:1', '--tokens', join(folder, 'none.json')], 'none.json'],
      [['--queue', 'redis://127.0.0.1:1'], 'no program listens there; start Redis'],
    ] as const;
    for (const { code, stderr, text } of await Promise.all(
      wrong.map(async ([args, text]) => ({ ...(await exitOf(args)), text })),
    )) {
      expect([code, stderr]).toEqual([2, expect.stringContaining(text)]);
    }
  });

  test.each([
    [{ ann: { sha256: 'abc' } }, 'ann.sha256'],
    [{ 'an\u001b[31mn': { sha256: 'a'.repeat(64) } }, 'must be a JSON object of names'],
    [{ ann: { sha256: 'a'.repeat(64), admin: true } }, 'ann.admin'],
    [['a'.repeat(64)], 'must be a JSON object of names'],
    [{ ann: { sha256: 'a'.repeat(64) }, bob: { sha256: 'a'.repeat(64) } }, 'got one twice'],
  ])('a file of tokens has names and hashes: %j', (content, text) => {
    expect(() => readTokens(tokenFile(content))).toThrow(text);
  });
});

test.each([
  ['192.0.2.7', '192.0.2'],
  ['::ffff:192.0.2.9', '192.0.2'],
  ['2001:db8::1', '8193:3512:0:0'],
  ['2001:db8:0:0:ffff::', '8193:3512:0:0'],
  ['2001:db8:0:1::1', '8193:3512:0:1'],
  ['::1', '0:0:0:0'],
  ['fe80::1%eth0', '65152:0:0:0'],
  ['', 'none'],
])('the network of %s is %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

test('without tokens an identity is its network; with tokens it is the token, wherever it is used', () => {
  const open = ['192.0.2.1', '192.0.2.2', '192.0.3.1'].map((address) => identityOf(address, undefined, null)?.who);
  expect(open[0]).toBe(open[1]);
  expect(open[0]).not.toBe(open[2]);
  const tokens = new Map([[sha256('foo'), { name: 'ann', trusted: false }]]);
  const [here, there] = ['192.0.2.1', '192.0.3.1'].map((address) => identityOf(address, 'Bearer foo', tokens));
  expect([here?.who, here?.name]).toEqual([there?.who, 'ann']);
  expect(here?.network).not.toBe(there?.network);
});

test('a rate has a burst, is filled over time, and remembers a bounded number of keys', () => {
  let now = 0;
  const take = openRates({ burst: 2, perSecond: 0.5 }, () => now);
  expect([take('a'), take('a'), take('a'), take('b')]).toEqual([0, 0, 2, 0]);
  now = 2000;
  expect([take('a'), take('a')]).toEqual([0, 2]);
  for (let i = 0; i < 20_000; i++) take(`other ${i}`);
  // The oldest key is forgotten, so it has a new burst.
  expect(take('a')).toBe(0);
});

test('with more clients than jobs the time to wait grows, and shrinks when they are gone', () => {
  let now = 0;
  const retry = openRetry(() => now);
  for (let i = 0; i < 5000; i++) retry();
  now = 5000;
  expect(retry()).toBe(101);
  now = 60_000;
  expect(retry()).toBe(5);
});
