/**
 * Runs the trainings of docs/results/environments.md, stores their results in docs/results/environments.json, and
 * writes the tables of the page. Run after `npm run build`, never in CI:
 *
 *     node scripts/environmentResults.ts --list
 *     node scripts/environmentResults.ts --only cartpole,babyai/BabyAI-GoToObj-v0/grpo --jobs 2 --hours 1
 *     node scripts/environmentResults.ts --report
 *
 * UNBRAID_PYTHON names the Python with the packages of bridges/requirements, UNBRAID_PEERS_PYTHON that with the
 * packages of bench/peers/control-requirements.txt. Each job has a folder in runs/environments: finished jobs are
 * skipped and interrupted ones resumed. At the time limit, or on Ctrl-C, the running jobs are interrupted; results so
 * far are stored. To compute a job again, remove its folder.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, closeSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { allJobs, chosenJobs, type EnvironmentJob } from './environments/jobs.ts';
import { fillEnvironments, type StoredResults } from './environments/page.ts';
import { durationText, expectedMinutes, minutesLeft } from './environments/progress.ts';
import {
  iterationsOf,
  jobCommand,
  jobFolder,
  jobState,
  mergedRuns,
  requireSettings,
  storedRun,
  timesPath,
} from './environments/runs.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    jobs: { type: 'string', default: '1' },
    hours: { type: 'string' },
    out: { type: 'string', default: 'runs/environments' },
    list: { type: 'boolean', default: false },
    report: { type: 'boolean', default: false },
  },
});

function positive(name: 'jobs' | 'hours', text: string): number {
  const value = Number(text);
  if (value > 0 && (name === 'hours' || Number.isSafeInteger(value))) return value;
  throw new Error(
    `environmentResults: --${name} must be ${name === 'jobs' ? 'an integer' : 'a number'} > 0, got ${text}`,
  );
}

const lanes = positive('jobs', values.jobs);
const limitMs = values.hours === undefined ? Number.POSITIVE_INFINITY : 3_600_000 * positive('hours', values.hours);
const repository = fileURLToPath(new URL('..', import.meta.url));
const root = join(repository, values.out);
const jobs = allJobs();
const chosen = chosenJobs(jobs, values.only?.split(',') ?? null);
const jsonPath = join(repository, 'docs/results/environments.json');
const pagePath = join(repository, 'docs/results/environments.md');
const say = (text: string): void => void process.stderr.write(`${text}\n`);
const machine = `${cpus().length} cores of ${cpus()[0].model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()} ${release()}`;

/** Replaces a file in one step. */
function replace(path: string, text: string): void {
  writeFileSync(`${path}.tmp`, text);
  renameSync(`${path}.tmp`, path);
}

function report(): void {
  const stored = JSON.parse(readFileSync(jsonPath, 'utf8')) as StoredResults;
  replace(pagePath, fillEnvironments(readFileSync(pagePath, 'utf8'), jobs, stored));
}

/** Stores what the folders of the chosen jobs hold, beside the results that are stored already. */
function store(): void {
  const { runs } = JSON.parse(readFileSync(jsonPath, 'utf8')) as StoredResults;
  const at = { date: new Date().toISOString().slice(0, 10), machine };
  const found = chosen.flatMap((job) => storedRun(jobFolder(root, job), job, at) ?? []);
  const order = jobs.map(({ id }) => id);
  replace(jsonPath, `${JSON.stringify({ runs: mergedRuns(runs, found, order) }, null, 1)}\n`);
  report();
}

const running = new Map<EnvironmentJob, ChildProcess>();
const ended = new Map<EnvironmentJob, number>();
const failed: string[] = [];
let stopping = false;

function stop(why: string): void {
  if (stopping) return;
  stopping = true;
  say(`${why}: interrupting ${running.size} jobs; run the same command again to resume`);
  for (const child of running.values()) child.kill('SIGINT');
}

/** Runs a job to its end. Its output is in output.log beside its folder. */
async function runJob(job: EnvironmentJob): Promise<void> {
  const folder = jobFolder(root, job);
  mkdirSync(job.work.kind === 'train' ? dirname(folder) : folder, { recursive: true });
  const { program, args } = jobCommand(folder, job, process.env.UNBRAID_PEERS_PYTHON ?? 'python3');
  const log = openSync(`${folder}.log`, 'a');
  const startMs = performance.now();
  const child = spawn(program === 'node' ? process.execPath : program, args, {
    cwd: repository,
    stdio: ['ignore', log, log],
    // Ctrl-C reaches this process alone, which then interrupts the jobs.
    detached: true,
  });
  running.set(job, child);
  const code = await new Promise<number | string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (status, signal) => resolve(status ?? signal ?? 'no status'));
  });
  closeSync(log);
  running.delete(job);
  const minutes = (performance.now() - startMs) / 60_000;
  appendFileSync(timesPath(folder), `${minutes}\n`);
  if (jobState(folder, job.work) === 'finished') {
    ended.set(job, minutes);
    store();
    return;
  }
  if (stopping) return;
  failed.push(job.id);
  say(`${job.id}: ended with ${code} after ${minutes.toFixed(1)} min; its output is in ${folder}.log`);
}

function progress(left: readonly EnvironmentJob[], total: number): string {
  const now = [...running.keys()].map((job) => {
    const [done, of] = iterationsOf(jobFolder(root, job), job) ?? [];
    return `${job.id}${of === undefined ? '' : ` ${done}/${of}`}`;
  });
  const eta = durationText(minutesLeft([...left, ...running.keys()], ended, lanes));
  return `${ended.size}/${total} done, ${failed.length} failed, about ${eta} left; now: ${now.join(', ') || 'nothing'}`;
}

async function runAll(): Promise<void> {
  const startMs = performance.now();
  for (const job of chosen) requireSettings(jobFolder(root, job), job);
  const waiting = chosen.filter((job) => jobState(jobFolder(root, job), job.work) !== 'finished');
  const total = waiting.length;
  say(`${chosen.length - total} of ${chosen.length} jobs are finished`);
  const timer = setInterval(() => say(progress(waiting, total)), 30_000);
  const limit = Number.isFinite(limitMs) ? setTimeout(() => stop('time limit'), Math.min(limitMs, 2 ** 31 - 1)) : null;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop(signal));
  const lane = async (): Promise<void> => {
    while (!stopping && performance.now() - startMs < limitMs) {
      const job = waiting.shift();
      if (job === undefined) return;
      await runJob(job);
      if (ended.has(job)) {
        say(`${job.id}: ${(ended.get(job) ?? 0).toFixed(2)} min; ${ended.size}/${total} done`);
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: lanes }, lane));
  } finally {
    clearInterval(timer);
    if (limit !== null) clearTimeout(limit);
    store();
  }
  say(`${ended.size} of ${total} jobs done, ${failed.length} failed`);
  if (failed.length > 0) process.exitCode = 1;
  if (stopping) process.exitCode = 130;
}

if (values.list) {
  for (const job of chosen) {
    const state = jobState(jobFolder(root, job), job.work);
    console.log(`${state.padEnd(11)} ${durationText(expectedMinutes(job, ended)).padStart(8)}  ${job.id}`);
  }
} else if (values.report) {
  report();
} else {
  await runAll();
}
