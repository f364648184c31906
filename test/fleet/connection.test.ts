import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { probeQueue } from '../../src/cli/queue/connection.ts';
import { loadQueueLibraries } from '../../src/cli/queue/libraries.ts';
import { freePort, missingRedis, type RedisServer, startRedis } from './redis.ts';

const missing = missingRedis();

/** The message with which a probe of the address ends; null if the queue can be used. */
async function refusal(address: string): Promise<string | null> {
  try {
    await probeQueue('worker', await loadQueueLibraries(), address);
    return null;
  } catch (error) {
    expect(error).toMatchObject({ exitCode: 2 });
    return (error as Error).message;
  }
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const unanswered = (address: string, reason: string): string =>
  `worker: the queue must answer, got no answer from ${address}: ${reason}`;

describe('an address without Redis', () => {
  test('no program listens', async () => {
    const address = `redis://127.0.0.1:${await freePort()}`;
    expect(await refusal(address)).toBe(
      unanswered(address, 'no program listens there; start Redis, or correct the host and the port'),
    );
  });

  test('no such host', async () => {
    const address = 'redis://no-such-host.invalid:6379';
    expect(await refusal(address)).toBe(unanswered(address, 'the host has no address; correct its name'));
  });

  test('another protocol', async () => {
    const server = createHttpServer((_, response) => response.end());
    const address = `redis://127.0.0.1:${await listening(server)}`;
    expect(await refusal(address)).toBe(
      unanswered(address, 'it does not speak the protocol of Redis; correct the port'),
    );
    server.close();
  });

  test('a program that closes each connection', async () => {
    const server = createServer((socket) => socket.destroy());
    const address = `redis://127.0.0.1:${await listening(server)}`;
    expect(await refusal(address)).toMatch(
      /it closes the connection, or does not speak the protocol of Redis; use rediss/,
    );
    server.close();
  });

  test('an old release', async () => {
    const info = '# Server\r\nredis_version:5.0.14\r\nmaxmemory_policy:noeviction\r\n';
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (data) => {
        for (const command of data.toString().split('*').slice(1)) {
          socket.write(/\binfo\b/i.test(command) ? `$${info.length}\r\n${info}\r\n` : '+OK\r\n');
        }
      });
    });
    const address = `redis://127.0.0.1:${await listening(server)}`;
    expect(await refusal(address)).toBe(`worker: Redis must be 6.2 or newer, got 5.0.14 at ${address}; update it`);
    server.close();
  });
});

describe.skipIf(missing !== null)(`a Redis${missing === null ? '' : `: ${missing}`}`, () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis([], 'secret');
  });
  afterAll(() => redis.stop());
  const at = (user: string): string => `redis://${user}127.0.0.1:${redis.port}`;

  test('that can be used', async () => {
    expect(await refusal(at(':secret@'))).toBe(null);
  });

  test('that needs a password, or refuses it; the message does not repeat it', async () => {
    expect(await refusal(at(''))).toBe(unanswered(at(''), 'it needs a password; add :PASSWORD@ before the host'));
    expect(await refusal(at(':wrong@'))).toBe(
      unanswered(at(':***@'), 'it refuses the user or the password; correct them'),
    );
  });

  test('whose user may run too few commands', async () => {
    await redis.client.call('ACL', 'SETUSER', 'low', 'on', '>pw', '~ub:*', '+ping');
    expect(await refusal(at('low:pw@'))).toBe(
      unanswered(at('low:***@'), 'the user may not run the commands of a queue; docs/fleet.md has the rules of a user'),
    );
  });

  test('that deletes keys when memory is short', async () => {
    await redis.client.config('SET', 'maxmemory-policy', 'allkeys-lru');
    expect(await refusal(at(':secret@'))).toMatch(
      /^worker: maxmemory-policy of Redis must be noeviction, got allkeys-lru at .*; set it with: redis-cli config set maxmemory-policy noeviction$/,
    );
    await redis.client.config('SET', 'maxmemory-policy', 'noeviction');
  });

  test('with TLS: an unknown authority, and the wrong scheme', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'unbraid-tls-'));
    const [key, certificate] = ['key.pem', 'certificate.pem'].map((name) => join(folder, name));
    const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=localhost'];
    execFileSync('openssl', [...made, '-keyout', key, '-out', certificate], { stdio: 'ignore' });
    const port = await freePort();
    const files = ['--tls-cert-file', certificate, '--tls-key-file', key, '--tls-auth-clients', 'no'];
    const secure = await startRedis(['--tls-port', String(port), ...files]);
    const address = `127.0.0.1:${port}`;
    expect(await refusal(`rediss://${address}`)).toBe(
      unanswered(
        `rediss://${address}`,
        'its certificate is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT); set NODE_EXTRA_CA_CERTS to the certificate of your authority',
      ),
    );
    expect(await refusal(`redis://${address}`)).toMatch(/use rediss:\/\/ if the port is for TLS$/);
    await secure.stop();
    rmSync(folder, { recursive: true });
  });
});
