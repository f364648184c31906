/** The address of a queue, from `--queue` or the environment. Its password never appears in a message. */
import { Option } from 'commander';
import { usageError } from '../shared/arguments.ts';

/** Variable with the address. The list of processes shows the arguments of a command to all users, and not this. */
const queueVariable = 'UNBRAID_QUEUE';

/** `true` if `--queue` was given without a value. */
export type QueueRequest = string | true | undefined;

export function queueOption(meaning: string): Option {
  return new Option(
    '--queue [address]',
    `${meaning}, at redis://HOST:PORT, or rediss:// for TLS (default: ${queueVariable}, which keeps a password out of the list of processes)`,
  );
}

/** An address without its password, for messages and reports. */
export function withoutPassword(address: string): string {
  const url = new URL(address);
  if (url.password !== '') url.password = '***';
  return url.href;
}

const form = 'redis://HOST:PORT or rediss://HOST:PORT, with :PASSWORD@ or USER:PASSWORD@ before HOST if one is needed';

/** Whether an address contains a password, which a message must not repeat. */
export function hasPassword(address: string): boolean {
  return URL.canParse(address) && new URL(address).password !== '';
}

/**
 * A command line without the address of the queue, if that contains a password. The variable has to contain it then.
 */
export function withoutQueuePassword(args: readonly string[]): readonly string[] {
  const option = '--queue=';
  return args.flatMap((arg) => {
    if (arg.startsWith(option) && hasPassword(arg.slice(option.length))) return '--queue';
    return hasPassword(arg) ? [] : arg;
  });
}

/** Warns of a password in an argument. */
export function notePassword(given: string, note: (text: string) => void): void {
  if (!hasPassword(given)) return;
  note(`the password of --queue is visible in the list of processes; set ${queueVariable} to the address instead`);
}

/**
 * The address as the user gave it.
 *
 * @throws a usage error if there is none or it is not one. The message does not contain a password.
 */
export function queueAddress(
  caller: string,
  request: QueueRequest,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const given = request === true || request === undefined ? env[queueVariable] : request;
  const from = request === true || request === undefined ? queueVariable : '--queue';
  if (given === undefined || given === '') {
    throw usageError(
      `${caller}: the queue must have an address, got none; add --queue ${form}, or set ${queueVariable}`,
    );
  }
  const url = URL.canParse(given) ? new URL(given) : null;
  const fits = url !== null && ['redis:', 'rediss:'].includes(url.protocol) && url.hostname !== '';
  if (fits && /^\/?\d*$/.test(url.pathname) && url.search === '' && url.hash === '') return given;
  // The text may contain a password in a place where no part of an address is.
  throw usageError(`${caller}: ${from} must be ${form}, got something else; correct the address`);
}
