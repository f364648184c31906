import { describe, expect, test } from 'vitest';
import { hasPassword, queueAddress, withoutPassword, withoutQueuePassword } from '../../../src/cli/queue/address.ts';

const secret = 'hunter2';

describe('queueAddress', () => {
  test('takes --queue before the variable, and the variable if --queue has no value', () => {
    const env = { UNBRAID_QUEUE: 'redis://from.env:1' };
    expect(queueAddress('study', 'redis://given:6379', env)).toBe('redis://given:6379');
    expect(queueAddress('study', true, env)).toBe('redis://from.env:1');
    expect(queueAddress('worker', undefined, env)).toBe('redis://from.env:1');
  });

  test('accepts passwords, users, TLS, IPv6 and a database', () => {
    for (const address of [
      `redis://:${secret}@10.0.0.1:6379`,
      `rediss://me:${secret}@queue.example:6380`,
      'redis://[::1]:6379',
      'redis://localhost/3',
    ]) {
      expect(queueAddress('study', address, {})).toBe(address);
    }
  });

  test('without an address the message says where to give one', () => {
    const none =
      /^worker: the queue must have an address, got none; add --queue redis:\/\/HOST:PORT .* set UNBRAID_QUEUE$/;
    expect(() => queueAddress('worker', undefined, {})).toThrow(none);
    expect(() => queueAddress('worker', true, { UNBRAID_QUEUE: '' })).toThrow(none);
  });

  test('what is no address is refused without repeating it, because it may contain a password', () => {
    for (const address of [
      `http://:${secret}@host`,
      `${secret}@host:6379`,
      `redis://:${secret}@`,
      `redis://host:6379/path/${secret}`,
      `redis://host:6379?password=${secret}`,
      `redis:///${secret}`,
      'danger-zone',
    ]) {
      let message = '';
      try {
        queueAddress('study', address, {});
      } catch (error) {
        message = (error as Error).message;
      }
      expect(message).toMatch(
        /^study: --queue must be redis:\/\/HOST:PORT or rediss:\/\/HOST:PORT, .*got something else/,
      );
      expect(message).not.toContain(secret);
    }
  });
});

test('an address in a message has no password', () => {
  expect(withoutPassword(`redis://me:${secret}@host:6379`)).toBe('redis://me:***@host:6379');
  expect(withoutPassword('redis://host:6379')).toBe('redis://host:6379');
  expect([`redis://:${secret}@host`, 'redis://me@host', 'redis://host'].map(hasPassword)).toEqual([true, false, false]);
});

test('the command line that a message repeats has no password: the variable must contain the address', () => {
  const withAddress = (address: string) => ['compare', '--queue', address, `--queue=${address}`, '--out', 'runs/a'];
  expect(withoutQueuePassword(withAddress('redis://host:6379'))).toEqual(withAddress('redis://host:6379'));
  const shown = ['compare', '--queue', '--queue', '--out', 'runs/a'];
  expect(withoutQueuePassword(withAddress(`redis://me:${secret}@host`))).toEqual(shown);
});
