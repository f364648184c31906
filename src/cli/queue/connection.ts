/** Connections to Redis, and the reasons why one cannot be used. */
import type { Redis } from 'ioredis';
import { usageError } from '../shared/arguments.ts';
import { withoutPassword } from './address.ts';
import type { QueueLibraries } from './libraries.ts';

/** Time in ms in which Redis must answer at the start. */
const PROBE_MS = 5000;

/** The oldest release of Redis whose commands the queue needs. */
const OLDEST = [6, 2] as const;

/** What is wrong, and the next step. @param code of the error, or text of its message */
function reasonOf(error: NodeJS.ErrnoException, { protocol }: URL): string {
  const { message, code = '' } = error;
  const secure = protocol === 'rediss:';
  if (code === 'ECONNREFUSED') return 'no program listens there; start Redis, or correct the host and the port';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'the host has no address; correct its name';
  if (/NOAUTH/.test(message)) return 'it needs a password; add :PASSWORD@ before the host';
  if (/WRONGPASS|invalid password/.test(message)) return 'it refuses the user or the password; correct them';
  if (/NOPERM/.test(message))
    return 'the user may not run the commands of a queue; docs/fleet.md has the rules of a user';
  if (/CERT|SELF_SIGNED|UNABLE_TO/.test(code) || /certificate/.test(message)) {
    return `its certificate is not trusted (${code || message}); set NODE_EXTRA_CA_CERTS to the certificate of your authority`;
  }
  if (secure && /EPROTO|ECONNRESET|EPIPE|wrong version|packet length/.test(`${code} ${message}`)) {
    return 'it does not speak TLS; use redis://, or the port for TLS';
  }
  if (!secure && (code === 'ECONNRESET' || code === 'EPIPE' || /Connection is closed|Protocol error/.test(message))) {
    return 'it closes the connection, or does not speak the protocol of Redis; use rediss:// if the port is for TLS';
  }
  if (/RESP type/.test(message)) return 'it does not speak the protocol of Redis; correct the port';
  if (/timed? ?out|ETIMEDOUT/i.test(`${code} ${message}`)) {
    const port = secure ? ', and that the port is for TLS' : '';
    return `no answer in ${PROBE_MS / 1000} s; check the network${port}`;
  }
  return `${message}; check the address`;
}

/** The last error of a connection tells more than the one of a command, which says that the connection is closed. */
async function answerOf(redis: Redis): Promise<string> {
  let first: Error | null = null;
  redis.on('error', (error: Error) => {
    first ??= error;
  });
  let late: NodeJS.Timeout | undefined;
  try {
    return await new Promise<string>((resolve, reject) => {
      late = setTimeout(() => reject(new Error('timed out')), PROBE_MS);
      redis
        .connect()
        .then(() => redis.info())
        .then(resolve, reject);
    });
  } catch (error) {
    throw first ?? error;
  } finally {
    clearTimeout(late);
    redis.disconnect();
  }
}

function valueIn(info: string, name: string): string {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';
}

/**
 * Checks that a Redis with the settings of a queue answers.
 *
 * @throws a usage error with the reason and the next step
 */
export async function probeQueue(caller: string, { ioredis }: QueueLibraries, address: string): Promise<void> {
  const shown = withoutPassword(address);
  const redis = new ioredis.Redis(address, {
    ...{ lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0, connectTimeout: PROBE_MS },
    // The check would print a warning if the user may not run INFO.
    ...{ enableReadyCheck: false, connectionName: 'unbraid-probe' },
  });
  let info: string;
  try {
    info = await answerOf(redis);
  } catch (error) {
    const reason = reasonOf(error as NodeJS.ErrnoException, new URL(address));
    throw usageError(`${caller}: the queue must answer, got no answer from ${shown}: ${reason}`, error);
  }
  const version = valueIn(info, 'redis_version').split('.').map(Number);
  if (version[0] < OLDEST[0] || (version[0] === OLDEST[0] && version[1] < OLDEST[1])) {
    throw usageError(
      `${caller}: Redis must be ${OLDEST.join('.')} or newer, got ${version.join('.')} at ${shown}; update it`,
    );
  }
  const policy = valueIn(info, 'maxmemory_policy');
  if (policy !== 'noeviction') {
    throw usageError(
      `${caller}: maxmemory-policy of Redis must be noeviction, got ${policy || 'none'} at ${shown}; with another policy Redis deletes jobs when memory is short; set it with: redis-cli config set maxmemory-policy noeviction`,
    );
  }
}

/**
 * Opens a connection that is restored whenever it is lost; its commands wait meanwhile. Its errors are ignored, because
 * BullMQ reports those of its own connections.
 *
 * @param name shown by `redis-cli client list`
 */
export function openRedis({ ioredis }: QueueLibraries, address: string, name: string): Redis {
  const redis = new ioredis.Redis(address, { maxRetriesPerRequest: null, connectionName: name });
  redis.on('error', () => {});
  return redis;
}

/**
 * Whether Redis answered, with a refusal: its memory is full, it is a replica, or the user may not run the command.
 * Other errors are about the connection, which is restored by its own rules.
 */
export function isRefusal(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError';
}
