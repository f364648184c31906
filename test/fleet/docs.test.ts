/** The settings of docs/fleet.md, with a real server. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { queuePackages } from '../../src/cli/queue/libraries.ts';
import { type Fleet, filesOf, openFleet, shortLocks, until } from './processes.ts';
import { freePort, missingRedis } from './redis.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const missing = missingRedis();
if (missing !== null) console.log(`skipped: Redis; ${missing}`);

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const page = read('docs/fleet.md');

test('the page, the image and the message install the same packages', () => {
  expect(page).toContain(`\nnpm install ${queuePackages}\n`);
  expect(read('docs/fleet/Containerfile')).toContain(`unbraid-*.tgz ${queuePackages} \\\n`);
});

test('the image has no address of a queue and no root', () => {
  const lines = read('docs/fleet/Containerfile').split('\n');
  expect(lines.filter((line) => /^(ENV|ARG|COPY|ADD|USER|ENTRYPOINT|CMD)/.test(line))).toEqual([
    'COPY unbraid-*.tgz /tmp/',
    'USER node',
    'ENTRYPOINT ["node", "/opt/unbraid/node_modules/unbraid/dist/src/cli/main.js", "worker", "--queue"]',
  ]);
});

describe.skipIf(missing !== null)('the lines of redis.conf', () => {
  let fleet: Fleet;
  let server: ChildProcess;
  let port: number;
  let certificate: string;

  beforeAll(async () => {
    fleet = openFleet();
    port = await freePort();
    const [key, crt] = ['redis.key', 'redis.crt'].map((name) => join(fleet.folder, name));
    certificate = crt;
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'];
    const names = ['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
    execFileSync('openssl', [...request, ...names, '-keyout', key, '-out', crt], { stdio: 'ignore' });
    const conf = (/```conf\n([\s\S]*?)```/.exec(page) as RegExpExecArray)[1]
      .replace('bind 0.0.0.0', 'bind 127.0.0.1')
      .replace('tls-port 6379', `tls-port ${port}`)
      .replace('/etc/redis/redis.crt', crt)
      .replace('/etc/redis/redis.key', key)
      .replace('/etc/redis/ca.crt', crt);
    const path = join(fleet.folder, 'redis.conf');
    writeFileSync(path, `${conf}dir ${fleet.folder}\n`);
    server = spawn('redis-server', [path], { stdio: 'ignore' });
  });
  afterAll(async () => {
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
    await fleet.stop();
  });

  test('a study runs over TLS with the user of the page, who can do no more than a queue needs', async () => {
    const tls = { ca: readFileSync(certificate) };
    const login = { host: 'localhost', port, tls, username: 'unbraid', password: 'PASSWORD' };
    const redis = new Redis({ ...login, maxRetriesPerRequest: null });
    redis.on('error', () => {});
    expect(await redis.ping()).toBe('PONG');
    const queue = {
      env: { UNBRAID_QUEUE: `rediss://unbraid:PASSWORD@localhost:${port}`, NODE_EXTRA_CA_CERTS: certificate },
    };
    const worker = fleet.start(['worker', '--queue', '--concurrency', '1'], shortLocks, queue);
    await until(async () => (await redis.zcard('ub:workers')) === 1, [worker]);
    const study = fleet.start(['study', 'bandits', '--queue', '--seeds', '2', '--out', 'tls'], {}, queue);
    const { code, stderr } = await study.ended();
    expect([code, stderr.match(/PASSWORD|NOPERM/)]).toEqual([0, null]);
    const args = ['study', 'bandits', '--workers', '1', '--seeds', '2', '--out', 'local'];
    expect((await fleet.start(args).ended()).code).toBe(0);
    expect(filesOf(join(fleet.folder, 'tls'))).toEqual(filesOf(join(fleet.folder, 'local')));
    expect(worker.stderr()).not.toContain('NOPERM');
    for (const [command, ...given] of [
      ['FLUSHALL'],
      ['KEYS', '*'],
      ['CONFIG', 'GET', 'dir'],
      ['SHUTDOWN'],
      ['ACL', 'LIST'],
      ['GET', 'another'],
    ]) {
      await expect(redis.call(command, ...given)).rejects.toThrow('NOPERM');
    }
    const open = new Redis({ host: 'localhost', port, tls, retryStrategy: () => null, maxRetriesPerRequest: 0 });
    open.on('error', () => {});
    await expect(open.ping()).rejects.toThrow();
    redis.disconnect();
    open.disconnect();
  });
});
