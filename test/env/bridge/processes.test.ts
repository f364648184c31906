import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type BridgeOptions, openBridge } from '../../../src/env/bridge/bridge.node.ts';
import { openTextBridge } from './openText.ts';

const program = fileURLToPath(new URL('fixtures/version2.mjs', import.meta.url));
const groupProgram = fileURLToPath(new URL('fixtures/groupProgram.mjs', import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'unbraid-several-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function counter(processes: number, fault = 'none', file = ''): BridgeOptions {
  return { name: 'counter', command: process.execPath, args: [program, 'text', fault, file], processes };
}

const messageOf = async (work: Promise<unknown> | unknown): Promise<string> =>
  Promise.resolve(work).then(
    () => 'no error',
    (error: Error) => error.message,
  );

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function observations(processes: number): Promise<string[]> {
  const bridge = await openTextBridge(counter(processes));
  const environments = Array.from({ length: 7 }, () => bridge.create());
  const shown: string[] = [];
  const note = async (steps: readonly unknown[]): Promise<void> => {
    for (const step of await Promise.all(steps)) shown.push(JSON.stringify(step));
  };
  await note(environments.map((environment, i) => environment.reset({ seed: i, split: 'train' })));
  await note(environments.map((environment, i) => environment.step(i % 2)));
  await bridge.close();
  return shown;
}

test('steps do not depend on the number of processes', async () => {
  const alone = await observations(1);
  expect(alone.length).toBe(14);
  expect(await observations(3)).toEqual(alone);
  expect(await observations(9)).toEqual(alone);
});

test('environments are distributed over the processes', async () => {
  const log = join(folder, 'log');
  vi.stubEnv('UNBRAID_TEST_LOG', log);
  await observations(3);
  const lines = readFileSync(log, 'utf8').trimEnd().split('\n');
  const sent = lines
    .filter((line) => line.includes('"split"'))
    .map((line) => (JSON.parse(line) as { requests: { env: number }[] }).requests.map(({ env }) => env));
  expect(sent.sort((a, b) => a[0] - b[0])).toEqual([
    [0, 3, 6],
    [1, 4],
    [2, 5],
  ]);
});

test('the failure of one names it, and its reason reaches every environment in it', async () => {
  // The first process dies at its second request that plays; the others have none.
  const bridge = await openTextBridge(counter(2, 'dies-in-play', '2'));
  const environments = Array.from({ length: 3 }, () => bridge.create());
  const resets = environments.map(async (environment) => messageOf(environment.reset({ seed: 0, split: 'train' })));
  const died =
    'bridge counter (process 1 of 2): the program ended with exit code 7; last lines of its stderr:\nout of fuel';
  expect(await Promise.all(resets)).toEqual([died, 'no error', died]);
  expect(await messageOf(environments[0].reset({ seed: 0, split: 'train' }))).toBe(died);
  await bridge.close();
});

test('all end together: on close, on abort, and if one of them does not start', async () => {
  const processes = 3;
  const group = (fault: string, more: Partial<BridgeOptions> = {}): BridgeOptions => ({
    ...{ name: 'group', command: process.execPath, args: [groupProgram, fault], processes },
    ...more,
  });
  // Every process answers with its own pid, so they do not answer alike, and all are ended.
  const refused = await messageOf(openBridge(group('none')));
  expect(refused).toMatch(/^bridge group: all processes must answer hello alike, got another answer from process 2; /);

  const log = join(folder, 'pids');
  const pids = (): number[] => readFileSync(log, 'utf8').trimEnd().split('\n').map(Number);
  const withPid: Partial<BridgeOptions> = { args: [program, 'text', 'pid', log] };
  const bridge = await openTextBridge(group('none', withPid));
  expect(pids().map(isAlive)).toEqual([true, true, true]);
  await bridge.close();
  expect(pids().map(isAlive)).toEqual([false, false, false]);

  rmSync(log);
  const stopping = new AbortController();
  const aborted = await openTextBridge(group('none', { ...withPid, signal: stopping.signal }));
  const waiting = [aborted.create(), aborted.create()].map(async (environment) =>
    messageOf(environment.reset({ seed: 99, split: 'train' })),
  );
  stopping.abort(new Error('stopped'));
  expect(await Promise.all(waiting)).toEqual(['stopped', 'stopped']);
  await aborted.close();
  expect(pids().map(isAlive)).toEqual([false, false, false]);
  expect(existsSync(log)).toBe(true);
});

test('processes that answer hello differently are refused', async () => {
  const file = join(folder, 'seen');
  expect(await messageOf(openBridge(counter(2, 'process-name', file)))).toMatch(
    /^bridge counter: all processes must answer hello alike, got another answer from process [12]; set bridgeProcesses to 1 or mend the program$/,
  );
});

test.each([0, 65, 1.5])('%f processes are refused', async (processes) => {
  expect(await messageOf(openBridge(counter(processes)))).toBe(
    `openBridge: processes must be an integer in [1, 64], got ${processes}`,
  );
});
