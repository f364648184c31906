import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { allJobs, chosenJobs, type EnvironmentJob } from '../../scripts/environments/jobs.ts';
import { controlTable, fillEnvironments, gainTable, successTable } from '../../scripts/environments/page.ts';
import { durationText, minutesLeft } from '../../scripts/environments/progress.ts';
import {
  jobCommand,
  jobFolder,
  jobState,
  mergedRuns,
  requireSettings,
  type StoredRun,
  storedRun,
  timesPath,
} from '../../scripts/environments/runs.ts';
import { EPISODES, evaluationSeeds, firstReached, nextDue } from '../../scripts/environments/threshold.ts';
import { resolveConfig } from '../../src/config/config.ts';
import { evaluationGames } from '../../src/rollout/success.ts';

const jobs = allJobs();
const results = fileURLToPath(new URL('../../docs/results', import.meta.url));

function jobNamed(id: string): EnvironmentJob {
  const [job] = chosenJobs(jobs, [id]);
  return job;
}

const folders: string[] = [];
function newFolder(): string {
  folders.push(mkdtempSync(join(tmpdir(), 'unbraid-environments-')));
  return folders[folders.length - 1];
}
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

test('the tables of docs/results/environments.md are those of its JSON', () => {
  const page = readFileSync(`${results}/environments.md`, 'utf8');
  const stored = JSON.parse(readFileSync(`${results}/environments.json`, 'utf8')) as { runs: StoredRun[] };
  expect(fillEnvironments(page, jobs, stored)).toBe(page);
  const known = new Set(jobs.map(({ id }) => id));
  expect(stored.runs.filter(({ id }) => !known.has(id))).toEqual([]);
});

describe('the list of jobs', () => {
  test('names each run once, with a config that unbraid accepts', () => {
    expect(new Set(jobs.map(({ id }) => id)).size).toBe(jobs.length);
    for (const { id, seed, work } of jobs) {
      expect(id).toMatch(/^[a-z-]+\/[\w-]+\/[\w-]+\/seed-\d+$/);
      if (work.kind !== 'peer') expect(resolveConfig({ ...work.settings, seed })).toMatchObject(work.settings);
    }
  });

  test('has all planned seeds: five of the control tasks, ten of BabyAI, five of the games that learn', () => {
    const count = (part: string): number => jobs.filter((job) => job.part === part).length;
    expect([count('cartpole'), count('acrobot'), count('babyai')]).toEqual([15, 15, 120]);
    expect([count('textworld-express'), count('textworld'), count('scienceworld')]).toEqual([60, 30, 6]);
  });

  test('is limited to parts and to jobs below a name', () => {
    expect(chosenJobs(jobs, null)).toBe(jobs);
    expect(chosenJobs(jobs, ['babyai/BabyAI-GoToObj-v0/grpo']).map(({ seed }) => seed)).toEqual([
      ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    ]);
    expect(chosenJobs(jobs, ['textworld']).every(({ part }) => part === 'textworld')).toBe(true);
    expect(() => chosenJobs(jobs, ['cartpole', 'cart'])).toThrow(/--only must name parts .*, got cart; --list prints/);
  });
});

describe('evaluations of control tasks', () => {
  const point = (steps: number, ...returns: number[]) => ({ steps, seconds: steps / 1000, returns });

  test('are due at the next multiple of the interval', () => {
    expect([0, 1999, 2000, 2001, 7999].map((steps) => nextDue(steps, 2000))).toEqual([2000, 2000, 4000, 4000, 8000]);
  });

  test('reach a threshold at the first mean at or above it, whatever their order', () => {
    const points = [point(6000, 500, 500), point(2000, 500, 0), point(4000, 475, 475)];
    expect(firstReached(points, 475)).toBe(points[2]);
    expect(firstReached(points, 475.5)).toBe(points[0]);
    expect(firstReached(points, 501)).toBeNull();
    expect(firstReached([], 0)).toBeNull();
    expect(firstReached([point(2000, -120), point(4000, -99)], -100)?.steps).toBe(4000);
  });

  test('play the in-domain games of the bridge, with seeds that Gymnasium accepts', () => {
    const seeds = evaluationSeeds(3);
    const first = evaluationGames(3, 'in-domain', 1, 1)[0].seed;
    expect(seeds).toHaveLength(EPISODES);
    expect(seeds[0]).toBe(3 * (first % 2 ** 29) + 1);
    expect(seeds[1] - seeds[0]).toBe(3);
    expect(seeds.every((seed) => seed >= 0 && seed < 2 ** 31)).toBe(true);
    expect(evaluationSeeds(4)).not.toEqual(seeds);
  });
});

describe('a folder of a job', () => {
  const job = jobNamed('babyai/BabyAI-GoToObj-v0/grpo/seed-2');
  const at = { date: '2026-01-02', machine: 'a machine' };
  const settings = job.work.kind === 'train' ? job.work.settings : {};
  const write = (folder: string, name: string, value: unknown): void =>
    writeFileSync(join(folder, name), JSON.stringify(value));

  function interrupted(): string {
    const folder = jobFolder(newFolder(), job);
    mkdirSync(folder, { recursive: true });
    write(folder, 'config.json', { config: { ...settings, seed: 2 }, versions: { unbraid: '0.1.0' } });
    return folder;
  }

  test('that is new is trained with the settings of the job', () => {
    const folder = jobFolder(newFolder(), job);
    expect(folder).toMatch(/babyai\/BabyAI-GoToObj-v0\/grpo\/seed-2$/);
    expect(jobState(folder, job.work)).toBe('new');
    expect(storedRun(folder, job, at)).toBeNull();
    const { args } = jobCommand(folder, job, 'python3');
    expect(args.join(' ')).toContain('train --env minigrid:BabyAI-GoToObj-v0?actions=3 --seed 2 ');
    expect(args.join(' ')).toContain('--set method=grpo');
    expect(args.slice(-2)).toEqual(['--out', folder]);
  });

  test('of an interrupted run is resumed, and stores its latest evaluation as partial', () => {
    const folder = interrupted();
    expect(jobState(folder, job.work)).toBe('interrupted');
    expect(jobCommand(folder, job, 'python3').args).toEqual(expect.arrayContaining(['--resume', folder]));
    expect(storedRun(folder, job, at)).toBeNull();
    const lines = [
      { iteration: 0, envSteps: 0, 'random/out_of_domain': 0.25 },
      { iteration: 2, envSteps: 900, 'eval/out_of_domain': 0.5 },
      { iteration: 3, envSteps: 1200 },
    ];
    // The last line is not complete: the run was interrupted while it wrote.
    writeFileSync(join(folder, 'metrics.jsonl'), `${lines.map((line) => JSON.stringify(line)).join('\n')}\n{"iter`);
    expect(storedRun(folder, job, at)).toMatchObject({
      ...{ id: job.id, state: 'partial', success: 0.5, random: 0.25, envSteps: 900, iterations: [2, 30], ...at },
    });
  });

  test('of a finished run is skipped and stored with its receipt', () => {
    const folder = interrupted();
    const success = { train: 1, inDomain: 0.75, outOfDomain: 0.5 };
    const random = { success: { outOfDomain: { mean: 0.25, interval: null, episodes: 4 } } };
    write(folder, 'result.json', { success, random, envSteps: 5000, parametersSha256: 'ab' });
    expect(jobState(folder, job.work)).toBe('interrupted');
    write(folder, 'receipt.json', {
      ...{ hash: 'cd', numerics: 2, environment: 'minigrid 1', packages: { minigrid: '3.2.0' } },
    });
    writeFileSync(join(folder, 'metrics.jsonl'), `${JSON.stringify({ iteration: 30, envSteps: 5000 })}\n`);
    // Interrupted once: both processes count.
    writeFileSync(timesPath(folder), '1\n0.5\n');
    expect(jobState(folder, job.work)).toBe('finished');
    expect(storedRun(folder, job, at)).toEqual({
      ...{ id: job.id, part: 'babyai', group: 'BabyAI-GoToObj-v0', row: 'grpo', seed: 2, state: 'finished', ...at },
      ...{ success: 0.5, random: 0.25, envSteps: 5000, minutes: 1.5, iterations: [30, 30] },
      command: `node scripts/environmentResults.ts --only ${job.id}`,
      versions: { unbraid: '0.1.0', environment: 'minigrid 1', minigrid: '3.2.0' },
      receipt: { hash: 'cd', parametersSha256: 'ab', numerics: 2 },
    });
  });

  test('with other settings than the job is refused', () => {
    const folder = interrupted();
    expect(() => requireSettings(folder, job)).not.toThrow();
    write(folder, 'config.json', { config: { ...settings, seed: 2, iterations: 3 } });
    expect(() => requireSettings(folder, job)).toThrow(/seed-2 must have iterations 30, got 3 in .*; move that folder/);
  });

  test('of another program is finished once it has a record', () => {
    const peer = jobNamed('cartpole/CartPole-v1/Stable-Baselines3-RL-Zoo/seed-4');
    const folder = jobFolder(newFolder(), peer);
    mkdirSync(folder, { recursive: true });
    expect(jobState(folder, peer.work)).toBe('new');
    const { program, args } = jobCommand(folder, peer, '/venv/python');
    expect([program, args.slice(0, 5)]).toEqual([
      '/venv/python',
      ['-B', 'bench/peers/control_sb3.py', 'gym:CartPole-v1', '--seed', '4'],
    ]);
    expect(args[args.indexOf('--evaluation-seeds') + 1]).toBe(evaluationSeeds(4).join());
    const points = [{ steps: 2000, seconds: 1, returns: [500] }];
    write(folder, 'record.json', { points, packages: { torch: '2' } });
    expect(jobState(folder, peer.work)).toBe('finished');
    expect(storedRun(folder, peer, at)).toMatchObject({
      state: 'finished',
      points,
      threshold: 475,
      versions: { torch: '2' },
    });
  });
});

/** A stored run of each given job with a success. */
function runsOf(part: string, success: (job: EnvironmentJob) => number | null): StoredRun[] {
  return jobs.flatMap((job) => {
    const value = job.part === part ? success(job) : null;
    if (value === null) return [];
    const { id, group, row, seed } = job;
    const rest = {
      command: '',
      date: '2026-01-02',
      machine: 'm',
      versions: {},
      random: 0.1,
      envSteps: 1000,
      minutes: 2,
    };
    return [{ id, part, group, row, seed, state: 'finished', success: value, ...rest }];
  });
}

describe('tables from stored runs', () => {
  const isLevel = ({ group }: EnvironmentJob): boolean => group === 'BabyAI-GoToObj-v0';
  const gains: Readonly<Record<string, number>> = {
    'classifier+cloning, graph': 0.25,
    'classifier+cloning, shuffled': -0.125,
  };
  const runs = runsOf('babyai', (job) =>
    isLevel(job) && job.row !== 'ppo' ? 0.5 + job.seed / 64 + (gains[job.row] ?? 0) : null,
  );
  const rowsOf = (table: string): string[][] =>
    table
      .split('\n')
      .slice(2)
      .map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      );

  test('state gains at equal seeds, and rows that were not run', () => {
    const rows = rowsOf(
      successTable(
        jobs.filter(({ part }) => part === 'babyai'),
        runs,
      ),
    ).filter(([group]) => group === 'BabyAI-GoToObj-v0');
    expect(rows.map(([, row, seeds, , random, gain]) => [row, seeds, random, gain])).toEqual([
      ['grpo', '1-10', '0.10 [0.10, 0.10]', '–'],
      ['ppo', 'not run', '–', '–'],
      ['classifier+cloning, graph', '1-10', '0.10 [0.10, 0.10]', '+0.25 [0.25, 0.25]'],
      ['classifier+cloning, shuffled', '1-10', '0.10 [0.10, 0.10]', '−0.13 [−0.13, −0.13]'],
    ]);
    expect(rows[0][3]).toMatch(/^0\.59 \[0\.5\d, 0\.6\d\]$/);
  });

  test('state partial runs and missing seeds', () => {
    const some = runs
      .filter(({ row, seed }) => row === 'grpo' && seed <= 2)
      .map((run): StoredRun => (run.seed === 2 ? { ...run, state: 'partial', iterations: [4, 30] } : run));
    const [row] = rowsOf(successTable(jobs.filter(isLevel), some));
    expect(row[2]).toBe('1-2 (8 of 10 not run; seed 2: 4 of 30 iterations)');
    expect(row[3]).toBe('0.52 (0.52 0.53)');
  });

  test('the table of gains weighs environments alike, and counts only complete ones and finished runs', () => {
    const planned = jobs.filter(({ part }) => part === 'babyai' || part === 'textworld');
    const coins = runsOf('textworld', ({ group, row }) => (group === 'cooking' ? 0.25 + (gains[row] ?? 0) * 3 : null));
    const table = gainTable(planned, [...runs, ...coins]);
    expect(rowsOf(table)).toEqual([
      ['BabyAI-GoToRedBallNoDists-v0', 'not run', '–', '–'],
      ['BabyAI-GoToObj-v0', '10', '+0.25 [0.25, 0.25]', '−0.13 [−0.13, −0.13]'],
      ['BabyAI-GoToLocal-v0', 'not run', '–', '–'],
      ['coin_collector', 'not run', '–', '–'],
      ['cooking', '5', '+0.75 [0.75, 0.75]', '−0.38 [−0.38, −0.38]'],
      ['mean of 2 of 5 environments', '', '+0.50 [0.50, 0.50]', '−0.25 [−0.25, −0.25]'],
    ]);
    const partial = runs.map((run): StoredRun => ({ ...run, state: 'partial', iterations: [1, 30] }));
    expect(gainTable(planned, partial)).toContain('mean of 0 of 5 environments |  | – | – |');
  });

  test('the table of a control task states an interval only if all seeds reach the threshold', () => {
    const planned = jobs.filter(({ part }) => part === 'cartpole');
    const control = (seeds: number, reached: number): StoredRun[] =>
      planned
        .filter(({ row, seed }) => row.startsWith('unbraid') && seed <= seeds)
        .map(({ id, part, group, row, seed }) => ({
          ...{ id, part, group, row, seed, state: 'finished', command: '', date: '', machine: '', versions: {} },
          threshold: 475,
          points: [
            { steps: 2000, seconds: 1, returns: [20] },
            { steps: 4000 * seed, seconds: 2, returns: [seed <= reached ? 480 : 400] },
          ],
        }));
    const [all] = rowsOf(controlTable(planned, control(5, 5)));
    expect(all).toEqual([
      ...['unbraid, classic-control', '1-5', '5 of 5'],
      ...[expect.stringMatching(/^12\.0 \[\d+\.\d, \d+\.\d\]$/), '2.0 [2.0, 2.0]'],
    ]);
    const [some, other] = rowsOf(controlTable(planned, control(5, 2)));
    expect(some).toEqual(['unbraid, classic-control', '1-5', '2 of 5', '6.0 (4.0 8.0)', '2.0 (2.0 2.0)']);
    expect(other).toEqual(['Stable-Baselines3, RL Zoo', 'not run', '–', '–', '–']);
  });

  test('a new result replaces that of its job, and the order is that of the jobs', () => {
    const order = jobs.map(({ id }) => id);
    const [first, second] = runs;
    const changed = { ...first, success: 0.9, date: '2026-03-04' };
    expect(mergedRuns([second, first], [changed], order)).toEqual([changed, second]);
    // The same result, read again on another day.
    expect(mergedRuns([second, first], [{ ...first, date: '2026-03-04' }], order)).toEqual([first, second]);
  });
});

test('the time left follows the jobs of the same row that have ended', () => {
  const [first, second, third] = chosenJobs(jobs, ['babyai/BabyAI-GoToObj-v0/grpo']);
  const [other] = chosenJobs(jobs, ['babyai/BabyAI-GoToObj-v0/ppo']);
  expect(minutesLeft([second, other], new Map(), 1)).toBe(2 * first.minutes);
  expect(minutesLeft([second, third, other], new Map([[first, 10]]), 2)).toBe((20 + other.minutes) / 2);
  expect([durationText(2.5), durationText(60), durationText(125)]).toEqual(['3 min', '1 h 00 min', '2 h 05 min']);
});
