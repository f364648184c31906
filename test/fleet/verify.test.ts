import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openQueueExecutor } from '../../src/cli/queue/queueExecutor.ts';
import type { CommandShell } from '../../src/cli/shared/commandShell.ts';
import { type JobExecutor, localExecutor } from '../../src/cli/study/executor.ts';
import { openJobStore } from '../../src/cli/study/jobStore.ts';
import { runStudy } from '../../src/cli/study/studyRun.ts';
import { missingRedis, type RedisServer, startRedis } from './redis.ts';
import { lie, risky, runner, startWorker } from './workers.ts';

const missing = missingRedis();

let redis: RedisServer;
let folder: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'unbraid-verify-'));
  if (missing === null) redis = await startRedis();
});
afterEach(async () => {
  if (missing === null) await redis.stop();
  rmSync(folder, { recursive: true });
});

const key = new Uint8Array(32).fill(7);

/** Runs the study in a folder of its own. Returns its notes and the texts of its files. */
async function study(name: string, executor: JobExecutor, onNote: (text: string) => void = () => {}) {
  const notes: string[] = [];
  const note = (text: string): void => {
    notes.push(text);
    onNote(text);
  };
  const shell = {
    ...{ signal: new AbortController().signal, note },
    progress: (_: string, work: (onProgress: () => void) => Promise<unknown>) => work(() => {}),
  } as unknown as CommandShell;
  const out = join(folder, name);
  await runStudy(
    shell,
    {
      ...{ study: risky, caller: 'study', command: 'unbraid study risky', resume: '', executor },
      scale: { size: 'quick', seeds: null, firstSeed: 1, noGames: () => null },
      directory: join(out, 'risky'),
      store: openJobStore(join(out, 'jobs')),
    },
    () => {},
  );
  await executor.close();
  const jobs = readdirSync(join(out, 'jobs')).sort();
  const text = (file: string): string => readFileSync(join(out, 'risky', file), 'utf8');
  return {
    notes,
    text,
    /** Every file that must be equal on all machines. */
    equal: [text('report.json'), ...jobs.map((file) => `${file} ${readFileSync(join(out, 'jobs', file), 'utf8')}`)],
  };
}

const local = () => study('local', localExecutor(1, runner));

const queued = (name: string, verifyFraction: number, note: (text: string) => void = () => {}) =>
  openQueueExecutor('study', redis.address, { verifyFraction, key, openRunner: runner, note }).then((executor) =>
    study(name, executor, note),
  );

describe.skipIf(missing !== null)(`--verify-fraction${missing === null ? '' : `: ${missing}`}`, () => {
  test('with two honest workers every result is replayed by the other one, and the report is that of a local run', async () => {
    const workers = await Promise.all(['a', 'b'].map((name) => startWorker(redis.address, name)));
    const { equal, text } = await queued('queue', 1);
    const verified = JSON.parse(text('verification.json'));
    expect(verified).toEqual({ fraction: 1, elsewhere: 12, here: 0, disputes: [] });
    expect(equal).toEqual((await local()).equal);
    expect(text('report.html')).toContain('12 results were computed again by another worker, and 0 on the machine');
    const done = await Promise.all(workers.map(({ stop }) => stop()));
    expect(done[0] + done[1]).toBe(24);
  });

  test('a share of the results is replayed, and without it none', async () => {
    const worker = await startWorker(redis.address, 'alone');
    const { text, equal } = await queued('half', 0.5);
    const { elsewhere, here } = JSON.parse(text('verification.json'));
    // The only worker never replays its own results: this machine does.
    expect(elsewhere).toBe(0);
    expect(here).toBeGreaterThan(1);
    expect(here).toBeLessThan(11);
    await redis.client.flushall();
    const plain = await queued('plain', 0);
    expect(() => plain.text('verification.json')).toThrow('ENOENT');
    expect(plain.text('report.html')).not.toContain('computed again by another worker');
    expect(plain.equal).toEqual(equal);
    await worker.stop();
  });

  test('a worker that lies is found by the other one, and none of its results stays', async () => {
    const liar = await startWorker(redis.address, 'liar', () => runner(lie));
    const honest = await startWorker(redis.address, 'honest');
    const { equal, text, notes } = await queued('queue', 1);
    const { disputes } = JSON.parse(text('verification.json'));
    expect(disputes.length).toBeGreaterThan(0);
    for (const { wrong, claims, decided } of disputes) {
      expect(wrong).toEqual(['liar']);
      const honestly = claims.find(({ worker }: { worker: string }) => worker === 'honest');
      if (honestly !== undefined) expect(honestly.sha256).toBe(decided);
    }
    expect(equal).toEqual((await local()).equal);
    expect(text('report.html')).toContain('All results of liar were computed again.');
    expect(notes.join('\n')).not.toContain('honest returned');
    await Promise.all([liar.stop(), honest.stop()]);
  });

  test('results that a liar returned earlier are computed again by others, although they were not replayed', async () => {
    const liar = await startWorker(redis.address, 'liar', () => runner(lie));
    const honest: ReturnType<typeof startWorker>[] = [];
    const { equal, text, notes } = await queued('queue', 0.3, (note) => {
      if (note.includes('computed again') && honest.length === 0) honest.push(startWorker(redis.address, 'honest'));
    });
    const { here, disputes } = JSON.parse(text('verification.json'));
    expect([here > 0, here < 12, disputes.length > 0]).toEqual([true, true, true]);
    expect(
      notes.some((note) => /^\d+ results of workers that returned a wrong one are computed again$/.test(note)),
    ).toBe(true);
    expect(equal).toEqual((await local()).equal);
    expect(await (await honest[0]).stop()).toBeGreaterThan(0);
    await liar.stop();
  });
});
