/** Who a volunteer is: the token that it sends, or else the network of its address. */
import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import * as v from 'valibot';
import { readJson } from '../../record/files.node.ts';
import { usage, usageError } from '../shared/arguments.ts';

/** Two results of one identity, or of two identities in one network, do not confirm each other. */
export interface Identity {
  /** Hash of the token or of the network. It is part of keys in Redis. */
  readonly who: string;
  /** Hash of the network. */
  readonly network: string;
  /** Whether the operator trusts the token. The network of a trusted identity does not count. */
  readonly trusted: boolean;
  /** For the log: the name of the token, or the start of the hash. */
  readonly name: string;
}

const tokensSchema = v.record(
  v.pipe(v.string(), v.regex(/^[\w.-]{1,100}$/)),
  v.strictObject({ sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)), trusted: v.optional(v.boolean(), false) }),
);

/** Tokens by the SHA-256 of their text. */
export type Tokens = ReadonlyMap<string, { readonly name: string; readonly trusted: boolean }>;

/** @throws a usage error if the file is no list of tokens */
export function readTokens(path: string): Tokens {
  const content = v.safeParse(
    tokensSchema,
    usage(() => readJson(path)),
  );
  if (!content.success) {
    const [issue] = content.issues;
    throw usageError(
      `gateway: --tokens must be a JSON object of names with {"sha256": 64 hex digits, "trusted": true or false}, got ${v.getDotPath(issue) ?? 'another value'}: ${issue.message}; correct the file`,
    );
  }
  const entries = Object.entries(content.output);
  const tokens = new Map(entries.map(([name, { sha256, trusted }]) => [sha256, { name, trusted }]));
  if (tokens.size === entries.length) return tokens;
  throw usageError(
    'gateway: --tokens must have a different sha256 for each name, got one twice; give each volunteer a token',
  );
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The eight groups of an IPv6 address. */
function groupsOf(address: string): readonly number[] {
  const [front, back = ''] = address.replace(/%.*$/, '').split('::');
  const parse = (part: string): number[] =>
    part === ''
      ? []
      : part.split(':').flatMap((group) => (group.includes('.') ? [0, 0] : [Number.parseInt(group, 16)]));
  const [first, last] = [parse(front), parse(back)];
  return [...first, ...Array<number>(Math.max(0, 8 - first.length - last.length)).fill(0), ...last];
}

/** The network of an address: the first 24 bits of IPv4, the first 64 of IPv6. One customer often has all of it. */
export function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  if (isIP(plain) === 4) return plain.split('.').slice(0, 3).join('.');
  if (isIP(plain) === 6) return groupsOf(plain).slice(0, 4).join(':');
  return 'none';
}

/** The identity of a request; null if it must have a token and has none that is known. */
export function identityOf(address: string, authorization: string | undefined, tokens: Tokens | null): Identity | null {
  const network = sha256(`network ${networkOf(address)}`).slice(0, 32);
  if (tokens === null) return { who: network, network, trusted: false, name: network.slice(0, 8) };
  const token = /^Bearer ([!-~]{1,200})$/.exec(authorization ?? '')?.[1];
  const key = token === undefined ? '' : sha256(token);
  const found = tokens.get(key);
  return found ? { who: sha256(`token ${key}`).slice(0, 32), network, ...found } : null;
}
