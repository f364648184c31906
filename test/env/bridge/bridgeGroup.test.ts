import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { openThread } from '../../../src/cli/shared/thread.ts';
import type { BridgeOptions } from '../../../src/env/bridge/bridge.node.ts';
import { openTextBridge } from './openText.ts';

const program = fileURLToPath(new URL('fixtures/groupProgram.mjs', import.meta.url));
const bridgeModule = new URL('../../../src/env/bridge/bridge.node.ts', import.meta.url).href;
const directory = mkdtempSync(join(tmpdir(), 'unbraid-group-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** A shell that waits for the program, like a script that prepares something first. */
const wrapper = join(directory, 'wrapper.sh');
writeFileSync(wrapper, `"${process.execPath}" "${program}" "$@"\nexit $?\n`);
const wrapped = (...faults: string[]): BridgeOptions => ({ name: 'group', command: 'sh', args: [wrapper, ...faults] });
const start = { seed: 1, split: 'train' } as const;

/** Whether a process is running. A zombie (ended but not yet reaped) is not. */
function runs(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout.trim() !== '' && !stdout.trim().startsWith('Z');
}
const pidsOf = (version: string): number[] => version.split(' ').map(Number);

async function untilGone(pids: readonly number[]): Promise<boolean> {
  for (let tries = 0; tries < 40; tries++) {
    if (!pids.some(runs)) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}

/** Runs a script with an open bridge `bridge`. Returns the programs' pids and how the script ended. */
async function runScript(faults: readonly string[], then: string, kill?: NodeJS.Signals) {
  const script = `
    const { openBridge: openTextBridge } = await import(${JSON.stringify(bridgeModule)});
    const bridge = await openTextBridge(${JSON.stringify(wrapped(...faults))});
    console.log(bridge.spec.version);
    ${then}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(child.stdout, 'data');
  const pids = pidsOf(String(line).trim());
  if (kill) child.kill(kill);
  const [code] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode];
  return { pids, code };
}

// Most of the time is waiting: process 1 can take a second to reap a dead process.
const together = { concurrent: true, skip: process.platform === 'win32' };
describe('a bridge in a shell, with a program of its own', together, () => {
  test('close: a program that stays when its input ends is ended with all that it started', async () => {
    const bridge = await openTextBridge(wrapped('deaf'));
    const pids = pidsOf(bridge.spec.version);
    expect(pids.map(runs)).toEqual([true, true]);
    await bridge.close();
    expect(pids.map(runs)).toEqual([false, false]);
  }, 10_000);

  test('close: what a program leaves running is ended when it leaves', async () => {
    const bridge = await openTextBridge(wrapped('leaves-child'));
    const pids = pidsOf(bridge.spec.version);
    await bridge.close();
    expect(pids.length).toBe(2);
    expect(pids.map(runs)).toEqual([false, false]);
  });

  test('no answer in time: all are ended, SIGTERM ignored or not', async () => {
    for (const more of [[], ['stubborn']]) {
      const bridge = await openTextBridge({ ...wrapped('silent', 'deaf', ...more), requestTimeoutMs: 200 });
      await expect(bridge.create().reset(start)).rejects.toThrow('bridge group: no answer to reset within 200 ms');
      await bridge.close();
      expect(pidsOf(bridge.spec.version).map(runs)).toEqual([false, false]);
    }
  });

  test('an abort ends all; what waits and what follows rejects with its reason', async () => {
    const stopping = new AbortController();
    const bridge = await openTextBridge({ ...wrapped('silent', 'deaf'), signal: stopping.signal });
    const waiting = bridge.create().reset(start);
    stopping.abort();
    await expect(waiting).rejects.toBe(stopping.signal.reason);
    await expect(bridge.create().reset(start)).rejects.toBe(stopping.signal.reason);
    await bridge.close();
    expect(pidsOf(bridge.spec.version).map(runs)).toEqual([false, false]);
    await expect(openTextBridge({ ...wrapped(), signal: stopping.signal })).rejects.toBe(stopping.signal.reason);
  });

  test('the exit of the own process ends all', async () => {
    const { pids, code } = await runScript(['deaf', 'stubborn'], 'process.exit(7);');
    expect([pids.length, code]).toEqual([2, 7]);
    expect(await untilGone(pids)).toBe(true);
  });

  test('an error without a handler terminates all programs', async () => {
    const { pids, code } = await runScript(
      ['deaf'],
      "process.on('uncaughtException', () => process.exit(8)); throw 1;",
    );
    expect(code).toBe(8);
    expect(await untilGone(pids)).toBe(true);
  });

  test('where the own process is killed, a program that leaves at the end of its input is gone', async () => {
    const { pids } = await runScript([], 'setInterval(() => {}, 1000);', 'SIGKILL');
    expect(await untilGone(pids)).toBe(true);
  });

  test('a thread that is terminated ends what it started', async () => {
    const entry = new URL('fixtures/groupThread.ts', import.meta.url);
    const thread = openThread<null, string>(entry, 'test');
    const pids = pidsOf(await thread.run(null));
    expect(pids.map(runs)).toEqual([true, true]);
    await thread.close();
    expect(await untilGone(pids)).toBe(true);
  });
});
