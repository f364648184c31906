/** A Redis server for tests: real, on a free port of this machine, in a temporary folder. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';

/** The reason why these tests cannot run here; null if they can. */
export function missingRedis(): string | null {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return null;
  } catch {
    return 'redis-server is not installed (apt-get install redis-server)';
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export interface RedisServer {
  readonly port: number;
  readonly address: string;
  /** A connection of the test. */
  readonly client: Redis;
  readonly process: () => ChildProcess;
  /** Starts the server again after its end. */
  start(): Promise<void>;
  /** Ends the server at once, as SIGKILL does. */
  kill(): Promise<void>;
  /** Ends everything and removes the folder. */
  stop(): Promise<void>;
}

/**
 * @param more arguments of redis-server; without any it keeps nothing on the disk
 * @param password that it requires
 */
export async function startRedis(more: readonly string[] = [], password?: string): Promise<RedisServer> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'unbraid-redis-'));
  let server: ChildProcess;
  const start = async (): Promise<void> => {
    const locked = password === undefined ? [] : ['--requirepass', password];
    const fixed = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--loglevel', 'warning'];
    server = spawn('redis-server', [...fixed, '--save', '', '--appendonly', 'no', ...locked, ...more], {
      stdio: 'ignore',
    });
    for (let tries = 0; tries < 200; tries++) {
      const socket = connect(port, '127.0.0.1');
      try {
        await once(socket, 'connect');
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 50));
      } finally {
        socket.destroy();
      }
    }
    throw new Error(`startRedis: the server does not answer on port ${port}`);
  };
  const kill = async (): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
  };
  await start();
  const client = new Redis({ port, maxRetriesPerRequest: null, ...(password !== undefined && { password }) });
  client.on('error', () => {});
  return {
    ...{ port, address: `redis://127.0.0.1:${port}`, client, start, kill },
    process: () => server,
    async stop() {
      client.disconnect();
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The connections of the server, one a line. */
export async function listClients(client: Redis): Promise<string> {
  return String(await client.call('CLIENT', 'LIST'));
}

/** Version of the installed server, such as 7.0.15. */
export function redisVersion(): string {
  return /v=(\S+)/.exec(execFileSync('redis-server', ['--version'], { encoding: 'utf8' }))?.[1] ?? 'unknown';
}
