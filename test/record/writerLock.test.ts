import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isLockName, lockRun, RunLockedError, requireNoWriter } from '../../src/record/writerLock.node.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'unbraid-lock-'));
});
const started: ChildProcess[] = [];
afterEach(async () => {
  for (const child of started.splice(0)) {
    const exited = new Promise((resolve) => child.once('exit', resolve));
    if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL')) await exited;
  }
  rmSync(directory, { recursive: true });
});

const source = new URL('../../src/record/writerLock.node.ts', import.meta.url);

/** A process that takes the run and prints `held`, or prints the reason of the failure, then runs until killed. */
async function otherProcess(): Promise<{ pid: number; said: string; kill(): Promise<void> }> {
  const script = `
    import { lockRun } from ${JSON.stringify(source.href)};
    try { lockRun('other', ${JSON.stringify(directory)}); console.log('held'); }
    catch (error) { console.log(error.message); }
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  started.push(child);
  const said = await new Promise<string>((resolve) => {
    child.stdout.setEncoding('utf8').once('data', (text: string) => resolve(text.trim()));
  });
  const kill = async (): Promise<void> => {
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await exited;
  };
  return { pid: child.pid as number, said, kill };
}

const locks = (): string[] => readdirSync(directory).filter(isLockName);

test('a run has one writer, who is named, until it releases the run', () => {
  const lock = lockRun('first', directory);
  const [name] = locks();
  const { pid, host, start, held } = JSON.parse(readFileSync(join(directory, name), 'utf8'));
  expect([pid, host, held]).toEqual([process.pid, hostname(), true]);
  const message = `second: ${directory} must have one writer, but process ${pid} on ${host} writes it (since ${start}); wait until it ends, or interrupt it and resume the run`;
  expect(() => lockRun('second', directory)).toThrow(new RunLockedError(message));
  expect(() => requireNoWriter('second', directory)).toThrow(new RunLockedError(message));
  expect(locks()).toEqual([name]);
  lock.release();
  expect(readdirSync(directory)).toEqual([]);
  requireNoWriter('third', directory);
  lockRun('third', directory).release();
});

test('another process is rejected while this one writes, and takes over after its writer was killed', async () => {
  const lock = lockRun('first', directory);
  const refused = await otherProcess();
  expect(refused.said).toContain(`other: ${directory} must have one writer, but process ${process.pid} on `);
  lock.release();
  const holder = await otherProcess();
  expect(holder.said).toBe('held');
  expect(() => lockRun('second', directory)).toThrow(`but process ${holder.pid} on ${hostname()} writes it`);
  await holder.kill();
  const after = lockRun('third', directory);
  expect(after.takenOver).toMatchObject([{ pid: holder.pid, host: hostname() }]);
  expect(locks().length).toBe(1);
  after.release();
});

test('of processes that take a run at the same time exactly one gets it', async () => {
  for (let round = 0; round < 3; round++) {
    const all = await Promise.all(Array.from({ length: 4 }, otherProcess));
    expect(all.filter(({ said }) => said === 'held').length).toBe(1);
    for (const { said } of all) expect(said).toMatch(/^held$|must have one writer, but process \d+ on /);
    expect(locks().length).toBe(1);
    await Promise.all(all.map(({ kill }) => kill()));
  }
});

test('a pid that belongs to a later process is not the writer', () => {
  const own = lockRun('first', directory);
  const [name] = locks();
  const text = readFileSync(join(directory, name), 'utf8');
  own.release();
  const { ticks } = JSON.parse(text);
  writeFileSync(join(directory, name), text.replace(`"${ticks}"`, '"1"'));
  const lock = lockRun('second', directory);
  // Without /proc, only the pid identifies the process.
  if (ticks !== null) expect(lock.takenOver.length).toBe(1);
  lock.release();
});

test('a writer on another host counts as alive, and a damaged lock as what its name says', () => {
  const name = 'writer-elsewhere-4-0.lock';
  const path = join(directory, name);
  writeFileSync(path, '{"pid":4,"host":"elsewhere","start":"2026-01-01T00:00:00.000Z","ticks":null,"held":true}\n');
  expect(() => lockRun('second', directory)).toThrow(
    new RunLockedError(
      `second: ${directory} must have one writer, but process 4 on elsewhere writes it (since 2026-01-01T00:00:00.000Z); wait until it ends; if it has ended, remove ${path}`,
    ),
  );
  writeFileSync(path, '{"pid":');
  expect(() => lockRun('second', directory)).toThrow('but process 4 on elsewhere writes it (since an unknown time)');
  rmSync(path);
  const damaged = join(directory, `writer-${hostname()}-999999999-0.lock`);
  writeFileSync(damaged, '');
  lockRun('third', directory).release();
  expect(existsSync(damaged)).toBe(false);
});
