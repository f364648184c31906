/** `unbraid compare --queue` with a real Redis and two workers in this process. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { buildProgram, type Engine } from '../../src/cli/program.ts';
import { loadQueueLibraries } from '../../src/cli/queue/libraries.ts';
import { queueName, resultKey } from '../../src/cli/queue/names.ts';
import { keepResult } from '../../src/cli/queue/results.ts';
import { runProgram } from '../../src/cli/shared/commandShell.ts';
import { Interruption } from '../../src/cli/signals.ts';
import { trainFiles } from '../../src/cli/study/trainFiles.ts';
import { checkRun, trainIn } from '../../src/cli/train/trainRun.ts';
import { workJobs } from '../../src/cli/worker/workJobs.ts';
import { resolveConfig } from '../../src/config/config.ts';
import { notWide } from '../../src/engine/kernels/buildChoice.ts';
import { soloCrew } from '../../src/parallel/crew.ts';
import { readFolderClaim } from '../../src/record/claim.node.ts';
import { readRunReceipt } from '../../src/record/integrity.node.ts';
import { encodeReceipt } from '../../src/record/receiptFile.ts';
import { jobHash } from '../../src/study/job.ts';
import { runJob } from '../../src/study/jobKinds.ts';
import type { JobRunner } from '../../src/study/runJobs.ts';
import { type RunFiles, unpackRun } from '../../src/study/trained/runFolderJob.ts';
import { unbraidVersion } from '../../src/version.ts';
import { danger } from '../cli/fakeEngine.ts';
import { restate } from '../record/forge.ts';
import { recordOf, set } from '../record/forgery.ts';
import { small } from '../train/recordedRun.ts';
import { missingRedis, type RedisServer, startRedis } from './redis.ts';

const missing = missingRedis();
const settings = { ...small, policy: 'mlp', iterations: 2, checkpointEvery: 1, diagnostics: true } as const;
const given = Object.entries(settings).flatMap(([key, value]) =>
  key === 'iterations' ? [] : ['--set', `${key}=${value}`],
);
const line = ['compare', '--variants', 'grpo;cloning', '--iterations', '2', '--env', 'look-alike', ...given];

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'unbraid-compare-queue-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe.skipIf(missing !== null)(`compare on a queue${missing === null ? '' : `: ${missing}`}`, () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis?.stop());
  beforeEach(async () => {
    await redis.client.flushall();
  });

  const openWorkers: { stop(): Promise<number> }[] = [];
  afterEach(async () => {
    for (const worker of openWorkers.splice(0)) await worker.stop();
  });

  /** Trains in this thread, so that the test starts none. */
  function openRunner(): JobRunner {
    const ending = new AbortController();
    return {
      async run(job) {
        const folder = mkdtempSync(join(directory, 'worker-'));
        const openBridge = async (): Promise<never> => {
          throw new Error('no program is started');
        };
        try {
          return await runJob(job, {
            openBridge,
            trainFiles: (config) => trainFiles(config, folder, notWide, 'shipped', ending.signal),
          });
        } finally {
          rmSync(folder, { recursive: true });
        }
      },
      close: () => ending.abort(),
    };
  }

  /** Changes a success of a run and computes all hashes of its folder again. */
  async function lying(job: Parameters<JobRunner['run']>[0]) {
    const honest = (await openRunner().run(job)) as RunFiles;
    const folder = mkdtempSync(join(directory, 'liar-'));
    try {
      for (const [path, bytes] of unpackRun(honest)) {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), bytes);
      }
      restate(folder, (statements) => set(recordOf(statements, 'result.json'), 'success.train', 0.987));
      const paths = Object.keys(honest.files).filter((path) => existsSync(join(folder, path)));
      return { files: Object.fromEntries(paths.map((path) => [path, readFileSync(join(folder, path), 'base64')])) };
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  async function startWorker(name: string, run?: JobRunner['run']): Promise<void> {
    const stopping = new AbortController();
    const done = workJobs({
      ...{ libraries: await loadQueueLibraries(), address: redis.address, name, concurrency: 1, kinds: ['plain'] },
      ...{ locks: { lock: 3000, stalled: 1000 }, missingGames: () => null },
      openRunner: run === undefined ? openRunner : () => ({ run, close() {} }),
      ...{ note: () => {}, onDone: () => {}, signal: stopping.signal },
    });
    openWorkers.push({
      stop() {
        stopping.abort();
        return done;
      },
    });
  }

  /** Runs a command line with the real engine, apart from the danger-zone experiment. */
  async function unbraid(args: readonly string[], signal = new AbortController().signal) {
    let [stdout, stderr] = ['', ''];
    const train = trainIn(unbraidVersion);
    const engine = {
      ...{ train, checkRun, runDanger: async () => danger, openJobRunner: openRunner },
      openTrainer: () => ({
        train: (config, how) => train(config, { ...how, crew: soloCrew() }),
        close() {},
      }),
    } satisfies Partial<Engine>;
    const host = {
      stdout: { write: (text: string) => (stdout += text) },
      stderr: { write: (text: string) => (stderr += text) },
      ...{ env: { UNBRAID_QUEUE: redis.address, UNBRAID_WIDE: '0' }, signal, cores: 1 },
      openCrew: async () => soloCrew(),
    };
    const program = buildProgram(host, unbraidVersion, async () => engine as unknown as Engine);
    const code = await runProgram(program, args, host);
    return { code, stdout, stderr };
  }

  const read = (...path: string[]): string => readFileSync(join(directory, ...path), 'utf8');

  function filesOf(folder: string): string[] {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
      .sort();
  }

  test('two workers write what one machine writes, to the byte', { timeout: 60_000 }, async () => {
    const out = (name: string): string[] => [...line, '--seeds', '2', '--out', join(directory, name)];
    // The report and the receipts name the folder.
    const local = await unbraid(out('runs'));
    expect([local.code, local.stderr]).toEqual([0, expect.not.stringContaining('unbraid:')]);
    const before = new Map(filesOf(join(directory, 'runs')).map((path) => [path, read('runs', path)]));
    const receipts = new Map(['grpo-s1', 'cloning-graph-s2'].map((run) => [run, claimOf(run).receipt]));
    rmSync(join(directory, 'runs'), { recursive: true });

    await Promise.all([startWorker('first'), startWorker('second')]);
    const queued = await unbraid([...out('runs'), '--queue']);
    expect([queued.code, queued.stdout]).toEqual([0, local.stdout]);
    const after = filesOf(join(directory, 'runs'));
    expect(after).toEqual([...before.keys(), 'timing.json'].sort());
    const untimed = after.filter((path) => !/(result|receipt|timing)\.json$/.test(path));
    for (const path of untimed) expect([path, read('runs', path)]).toEqual([path, before.get(path)]);
    expect(untimed).toContain('compare.json');
    expect(untimed).toContain('compare.csv');
    expect(untimed).toContain('report.html');
    expect(untimed).toContain('grpo-s1/action-probabilities.json');

    // Receipts are equal apart from the hash of result.json, which contains the elapsed time.
    for (const [run, receipt] of receipts) expect(claimOf(run).receipt).toEqual(receipt);
    const stated = readRunReceipt(join(directory, 'runs/grpo-s1'));
    if (stated === null || 'damage' in stated) throw new Error('the receipt is damaged');
    const expected = JSON.parse(before.get('grpo-s1/receipt.json') as string);
    const sameResult = { ...stated.files, 'result.json': expected.files['result.json'] };
    expect(encodeReceipt({ ...stated, files: sameResult })).toBe(before.get('grpo-s1/receipt.json'));

    const { jobs } = JSON.parse(read('runs/timing.json'));
    expect(Object.keys(jobs).sort()).toEqual(['cloning-graph-s1', 'cloning-graph-s2', 'grpo-s1', 'grpo-s2']);
    for (const { worker } of Object.values(jobs) as { worker: string }[]) expect(['first', 'second']).toContain(worker);
    expect(queued.stderr).toMatch(/compare {2}runs {2}100% {2}4\/4 {2}2 workers: first, second/);

    // A collected folder stays in Redis for two minutes.
    const keys = await redis.client.keys(resultKey(queueName('plain'), '*'));
    expect(keys.length).toBe(4);
    for (const key of keys) expect(await redis.client.ttl(key)).toBeLessThanOrEqual(120);
    expect(readdirSync(directory)).toEqual(['runs']);
  });

  function claimOf(run: string) {
    const claim = readFolderClaim(join(directory, 'runs', run));
    if ('damage' in claim) throw new Error(claim.damage.message);
    return claim;
  }

  const one = (): string[] => [...line, '--seeds', '1', '--out', join(directory, 'runs'), '--queue'];

  test('Ctrl-C detaches, --cancel removes what waits', async () => {
    const stopping = new AbortController();
    const command = unbraid(one(), stopping.signal);
    const waiting = `ub:${queueName('plain')}:wait`;
    while ((await redis.client.llen(waiting)) < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    stopping.abort(new Interruption('SIGINT'));
    const { code, stderr } = await command;
    expect(code).toBe(130);
    expect(stderr).toContain(
      'unbraid: detached; 2 jobs stay in the queue, where workers run them; 0 of 2 runs are stored; resume with: unbraid compare --variants',
    );
    expect(stderr).toMatch(/--queue\n$/);
    const { stdout } = await unbraid([...one(), '--cancel', '--json']);
    expect(JSON.parse(stdout)).toEqual({ command: 'compare', removed: 2 });
    expect(await redis.client.llen(waiting)).toBe(0);
  });

  test('a stored result that contradicts itself is refused, and the run is trained', { timeout: 60_000 }, async () => {
    const { run: train } = openRunner();
    const plan = unbraid(one(), AbortSignal.timeout(60_000));
    const ids = async (): Promise<string[]> => redis.client.lrange(`ub:${queueName('plain')}:wait`, 0, -1);
    while ((await ids()).length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    const [id] = await ids();
    const queued = await redis.client.hgetall(`ub:${queueName('plain')}:${id}`);
    const { kind, input } = JSON.parse(queued.data as string);
    expect(jobHash({ kind, input })).toBe(id);
    const honest = (await train({ kind, input, seconds: 0 })) as RunFiles;
    const result = JSON.parse(Buffer.from(honest.files['result.json'], 'base64').toString());
    const lie = `${JSON.stringify({ ...result, success: { ...result.success, train: 1 } }, null, 2)}\n`;
    const files = { ...honest.files, 'result.json': Buffer.from(lie).toString('base64') };
    const made = { worker: 'liar', host: 'far', runtime: 'node', seconds: 1 };
    await keepResult(redis.client, queueName('plain'), id, kind, { result: { files }, made });
    await startWorker('honest');
    const { code, stderr } = await plan;
    expect(code).toBe(0);
    expect(stderr).toMatch(/is refused: .*result\.json does not match its hash in receipt\.json/);
    const { jobs } = JSON.parse(read('runs/timing.json'));
    expect(Object.values(jobs as Record<string, { worker: string }>).map(({ worker }) => worker)).toEqual([
      'honest',
      'honest',
    ]);
  });

  test('--verify-fraction finds a worker that forges runs; all of its runs are trained again', {
    timeout: 120_000,
  }, async () => {
    await startWorker('liar', lying);
    // The forged runs agree with their own receipts, so they are stored.
    const forged = await unbraid(one());
    expect([forged.code, forged.stderr]).toEqual([0, expect.not.stringContaining('unbraid:')]);
    expect(JSON.parse(read('runs/grpo-s1/result.json')).success.train).toBe(0.987);
    await redis.client.flushall();
    rmSync(join(directory, 'runs/cloning-graph-s1'), { recursive: true });
    const command = unbraid([...one(), '--verify-fraction', '1']);
    // The liar is alone, so this machine trains the run again. After that another worker is needed.
    while (!existsSync(join(directory, 'runs/grpo-s1.wrong'))) await new Promise((resolve) => setTimeout(resolve, 50));
    await startWorker('honest');
    const { code, stderr } = await command;
    expect(code).toBe(0);
    expect(stderr).toContain(
      'runs of workers that returned a wrong one are trained again, and kept aside as NAME.wrong: grpo-s1\n',
    );
    const { disputes } = JSON.parse(read('runs/verification.json'));
    expect(disputes[0].wrong).toEqual(['liar']);
    expect(JSON.parse(read('runs/grpo-s1/result.json')).success.train).not.toBe(0.987);
    expect(JSON.parse(read('runs/cloning-graph-s1/result.json')).success.train).not.toBe(0.987);
    expect(JSON.parse(read('runs/grpo-s1.wrong/result.json')).success.train).toBe(0.987);
    expect(read('runs/report.html')).toContain('All results of liar were computed again.');
  });

  test('an unfinished run gives way to the finished one, with what was added to it', { timeout: 60_000 }, async () => {
    const stop = new AbortController();
    const folder = join(directory, 'runs/grpo-s1');
    await startWorker('first');
    expect((await unbraid(one())).code).toBe(0);
    const { config } = claimOf('grpo-s1');
    rmSync(folder, { recursive: true });
    const onProgress = ({ phase, done }: { phase: string; done: number }): void => {
      if (phase === 'train' && done === 1) stop.abort(new Error('stopped'));
    };
    const how = { directory: folder, resume: false, crew: soloCrew(), onProgress, signal: stop.signal };
    await expect(trainIn(unbraidVersion)(resolveConfig(config), how)).rejects.toThrow('stopped');
    expect(existsSync(join(folder, 'result.json'))).toBe(false);
    writeFileSync(join(folder, 'notes.txt'), 'mine');
    expect((await unbraid(one())).code).toBe(0);
    expect(existsSync(join(folder, 'result.json'))).toBe(true);
    expect(readFileSync(join(folder, 'notes.txt'), 'utf8')).toBe('mine');
    expect(readdirSync(join(directory, 'runs')).filter((name) => name.includes('tmp'))).toEqual([]);
  });

  test('options that do not go together are wrong usage', async () => {
    const refusal = async (...more: string[]) => {
      const { code, stderr } = await unbraid([...line, '--out', join(directory, 'runs'), ...more]);
      return [code, stderr];
    };
    const both = (name: string) =>
      `unbraid: compare: only one of --${name} and --queue must be given, got both; drop --${name}\n`;
    expect(await refusal('--queue', '--workers', '2')).toEqual([2, both('workers')]);
    expect(await refusal('--queue', '--minutes', '2')).toEqual([2, both('minutes')]);
    const alone = (option: string) =>
      `unbraid: compare: ${option} must be given with --queue, got it alone; add --queue, or drop it\n`;
    expect(await refusal('--cancel')).toEqual([2, alone('--cancel')]);
    expect(await refusal('--verify-fraction', '0.1')).toEqual([2, alone('--verify-fraction')]);
    expect(existsSync(join(directory, 'runs'))).toBe(false);
  });
});
