import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bySeed, estimateOf } from '../../../src/study/estimates.ts';
import type { JobKind } from '../../../src/study/job.ts';
import { jobOf } from '../../../src/study/job.ts';
import { type Study, seedsOf } from '../../../src/study/study.ts';
import { unbraid } from '../fakeEngine.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'unbraid-study-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const doubling: JobKind<{ readonly x: number }, { readonly doubled: number }> = {
  name: 'doubling',
  run: async ({ x }) => ({ doubled: 2 * x }),
};

/** Doubles its seeds. */
const doubles: Study = {
  name: 'doubles',
  question: 'what is twice a seed?',
  plan: (scale) => seedsOf(scale, scale.size === 'full' ? 4 : 2).map((x) => jobOf(doubling, { x }, 60)),
  report(results, scale, command) {
    const values = bySeed(seedsOf(scale, 4), (x) => results.of(doubling, { x })?.doubled);
    const row = { name: 'twice', cells: [estimateOf(values, 'mean')], command };
    return {
      summary: [`${values.size} numbers`],
      tables: [{ id: 'doubles', title: 'Doubles', rowHead: 'what', columns: ['number'], rows: [row] }],
      figures: [{ id: 'dot', draw: () => '<svg xmlns="http://www.w3.org/2000/svg"/>', caption: 'A dot.' }],
      notes: ['Twice is twice.'],
      key: { doubled: [...values.values()] },
    };
  },
};

/** Doubles its seeds, and then the largest result. */
const again: Study = {
  ...doubles,
  name: 'again',
  stages: {
    next(results, scale) {
      const largest = Math.max(...seedsOf(scale, 2).map((x) => results.of(doubling, { x })?.doubled ?? 0));
      return [jobOf(doubling, { x: largest }, 60)];
    },
    seconds: () => 2 * 3600 + 3 * 60,
  },
};

const engine = { studies: async () => [doubles, again] };

const study = (line: string, more = {}, cores = 1) =>
  unbraid(['study', ...line.split(' ').filter(Boolean), '--out', directory], { ...engine, ...more }, {}, cores);

describe('unbraid study', () => {
  test('without a name lists the studies', async () => {
    const { code, stdout } = await study('');
    expect([code, stdout]).toEqual([0, 'doubles  what is twice a seed?\nagain    what is twice a seed?\n']);
  });

  test('runs its jobs, writes every file of the report, and never runs a finished job again', async () => {
    const first = await study('doubles --json');
    expect(first.calls).toEqual([{ job: { x: 1 } }, { job: { x: 2 } }]);
    expect(first.code).toBe(0);
    expect(JSON.parse(first.stdout)).toEqual({
      ...{ command: 'study', study: 'doubles', size: 'quick', jobs: 2, finished: 2, failed: 0, doubled: [2, 4] },
      report: join(directory, 'doubles', 'report.html'),
    });
    expect(first.stderr).toContain('2 jobs, 0 of them already finished; about 2 min 0 s on 1 threads\n');
    expect(readdirSync(join(directory, 'doubles')).sort()).toEqual([
      'dot.svg',
      'doubles.csv',
      'report.html',
      'report.json',
      'timing.json',
    ]);
    const timing = JSON.parse(readFileSync(join(directory, 'doubles', 'timing.json'), 'utf8'));
    expect(Object.values(timing.jobs)).toHaveLength(2);
    expect(Object.values(timing.jobs)[0]).toEqual({
      ...{ worker: 'local', host: hostname(), runtime: `node ${process.version}`, seconds: expect.any(Number) },
    });
    expect(readFileSync(join(directory, 'doubles', 'doubles.csv'), 'utf8')).toBe(
      'what,column,statistic,value,low,high,n,seeds,command\r\n' +
        'twice,number,mean,3,,,2,1-2,unbraid study doubles --quick\r\n',
    );
    const again = await study('doubles --seeds 3');
    expect(again.calls).toEqual([{ job: { x: 3 } }]);
    expect(again.stdout).toBe(`3 numbers\nreport     ${join(directory, 'doubles', 'report.html')}\n`);
    const later = JSON.parse(readFileSync(join(directory, 'doubles', 'timing.json'), 'utf8'));
    expect(Object.keys(later.jobs).slice(0, 2)).toEqual(Object.keys(timing.jobs));
    expect(Object.keys(later.jobs)).toHaveLength(3);
  });

  test('jobs that follow from results run after those of the plan, once', async () => {
    const first = await study('again');
    expect(first.calls).toEqual([{ job: { x: 1 } }, { job: { x: 2 } }, { job: { x: 4 } }]);
    expect(first.stderr).toContain(
      'stage 1: 2 jobs, 0 of them already finished; about 2 min 0 s on 1 threads; all stages: at most about 2 h 3 min\n',
    );
    expect(first.stderr).toContain(
      'stage 2: 3 jobs, 2 of them already finished; about 1 min 0 s on 1 threads; all stages: at most about 2 h 1 min\n',
    );
    expect((await study('again')).calls).toEqual([]);
  });

  test('no job follows from a plan with a failed job', async () => {
    const openJobRunner = () => ({
      async run({ input }: { input: { x?: unknown } }) {
        if (input.x === 1) throw new Error('one is refused');
        return { doubled: 2 * (input.x as number) };
      },
      close() {},
    });
    const { code, stderr } = await study('again', { openJobRunner });
    expect([code, stderr.includes('1 of 2 jobs failed'), stderr.includes('stage 2')]).toEqual([1, true, false]);
  });

  test('--full, --seeds and --first-seed change the seeds', async () => {
    expect((await study('doubles --full')).calls).toHaveLength(4);
    expect((await study('doubles --seeds 1 --first-seed 9')).calls).toEqual([{ job: { x: 9 } }]);
  });

  test('--workers sets how many jobs run at once, by default one per core', async () => {
    let runners = 0;
    const openJobRunner = () => {
      runners++;
      return { run: async ({ input }: { input: { x?: unknown } }) => ({ doubled: input.x as number }), close() {} };
    };
    await study('doubles', { openJobRunner }, 2);
    expect(runners).toBe(2);
    await study('doubles --first-seed 10 --workers 1', { openJobRunner }, 2);
    expect(runners).toBe(3);
  });

  test('a failed job is reported with the rest, exit code 1, and tried again by the same command', async () => {
    const openJobRunner = () => ({
      async run({ input }: { input: { x?: unknown } }) {
        if (input.x === 2) throw new Error('two is refused');
        return { doubled: 2 };
      },
      close() {},
    });
    const { code, stdout, stderr } = await study('doubles', { openJobRunner });
    expect([code, stdout.split('\n')[0]]).toEqual([1, '1 numbers']);
    expect(stderr).toContain(
      'unbraid: study: 1 of 2 jobs failed; the first: two is refused; run the same command again to retry them\n',
    );
    expect(readFileSync(join(directory, 'doubles', 'report.html'), 'utf8')).toContain(
      '<p>1 of 2 jobs failed and are left out: two is refused</p>',
    );
    expect((await study('doubles')).calls).toEqual([{ job: { x: 2 } }]);
  });

  test('Ctrl-C writes the report of the finished jobs, marked as unfinished, and the same command resumes', async () => {
    const { code, stdout, stderr } = await study('doubles --first-seed 98 --json');
    expect(code).toBe(130);
    expect(stderr).toContain(
      `unbraid: interrupted; 1 of 2 jobs are finished; resume with: unbraid study doubles --quick --first-seed 98 --out ${directory}\n`,
    );
    expect(JSON.parse(stdout)).toMatchObject({ jobs: 2, finished: 1, failed: 0, doubled: [196] });
    const reported = join(directory, 'doubles');
    expect(readFileSync(join(reported, 'report.html'), 'utf8')).toContain(
      '<p class="quiet">2 jobs. Seeds 98.</p>\n<p>Unfinished: 1 of 2 jobs are done. All numbers are of those alone.</p></header>',
    );
    const jobs = (): unknown => JSON.parse(readFileSync(join(reported, 'report.json'), 'utf8')).jobs;
    expect(jobs()).toEqual({ planned: 2, finished: 1, interrupted: true, failed: [] });
    const openJobRunner = () => ({ run: async () => ({ doubled: 198 }), close() {} });
    expect((await study('doubles --first-seed 98', { openJobRunner })).code).toBe(0);
    expect(jobs()).toEqual({ planned: 2, finished: 2, interrupted: false, failed: [] });
    expect(readFileSync(join(reported, 'report.html'), 'utf8')).toContain(
      '<p class="quiet">2 jobs. Seeds 98-99.</p>\n</header>',
    );
  });

  test('Ctrl-C before any job is finished writes no report', async () => {
    const { code, stdout, stderr } = await study('doubles --first-seed 99');
    expect([code, stdout]).toEqual([130, '']);
    expect(stderr).toContain('unbraid: interrupted; 0 of 2 jobs are finished; resume with: ');
    expect(existsSync(join(directory, 'doubles'))).toBe(false);
  });

  test('when all jobs fail there is no report', async () => {
    const openJobRunner = () => ({
      run: async () => {
        throw new Error('no luck');
      },
      close() {},
    });
    const { code, stdout, stderr } = await study('doubles', { openJobRunner });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('unbraid: study: all 2 jobs failed: no luck\n');
    expect(existsSync(join(directory, 'doubles'))).toBe(false);
  });

  test('wrong usage', async () => {
    const unknown = await study('trebles');
    expect([unknown.code, unknown.stderr]).toEqual([
      2,
      'unbraid: study: the name must be one of doubles, again, got "trebles"; did you mean "doubles"?\n',
    ]);
    const both = await study('doubles --quick --full');
    expect([both.code, both.stderr]).toEqual([
      2,
      'unbraid: study: only one of --quick and --full must be given, got both; keep one\n',
    ]);
  });

  test('a damaged or foreign file of a finished job is named, not used', async () => {
    await study('doubles --seeds 1');
    const [name] = readdirSync(join(directory, 'jobs'));
    const path = join(directory, 'jobs', name);
    writeFileSync(path, readFileSync(path, 'utf8').replace('"x":1', '"x":7'));
    const { code, stderr } = await study('doubles --seeds 1');
    expect([code, stderr]).toEqual([
      1,
      `unbraid: study: ${path} must contain the job of its name; remove the file to run the job again\n`,
    ]);
  });
});
