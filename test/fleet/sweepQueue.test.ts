import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { unbraid } from '../cli/fakeEngine.ts';
import { missingRedis, type RedisServer, startRedis } from './redis.ts';
import { runner, startWorker } from './workers.ts';

const missing = missingRedis();

let redis: RedisServer;
let folder: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'unbraid-sweep-queue-'));
  if (missing === null) redis = await startRedis();
});
afterEach(async () => {
  if (missing === null) await redis.stop();
  rmSync(folder, { recursive: true });
});

const file = {
  config: { env: 'bandit', policy: 'mlp', iterations: 2, coldStart: 0, evalEpisodes: 8, couplingPairs: 2 },
  space: { learningRate: { min: 0.001, max: 0.1, scale: 'log' } },
  strategy: { name: 'halving', trials: 4, eta: 2, minIterations: 1 },
  seeds: { development: 2, fresh: 2 },
};

test.skipIf(missing !== null)(
  `a sweep on a queue with two workers writes the bytes of a local one${missing === null ? '' : `: ${missing}`}`,
  { timeout: 120_000 },
  async () => {
    const path = join(folder, 'rates.json');
    writeFileSync(path, JSON.stringify(file));
    const sweep = async (out: string, ...options: string[]) => {
      const args = ['sweep', path, '--json', '--out', join(folder, out), ...options];
      const { code, stdout, stderr } = await unbraid(args, { openJobRunner: () => runner() });
      const report = join(folder, out, 'rates');
      const names = readdirSync(report).filter((name) => name !== 'timing.json');
      const files = names.sort().map((name) => [name, readFileSync(join(report, name), 'hex')]);
      return {
        code,
        stderr,
        line: JSON.parse(stdout),
        files,
        timing: readFileSync(join(report, 'timing.json'), 'utf8'),
      };
    };
    const local = await sweep('local');
    const workers = await Promise.all(['a', 'b'].map((name) => startWorker(redis.address, name)));
    const queued = await sweep('queue', '--queue', redis.address);
    const done = await Promise.all(workers.map(({ stop }) => stop()));
    expect([local.code, queued.code, queued.stderr.includes('stage 3: ')]).toEqual([0, 0, true]);
    expect(queued.files).toEqual(local.files);
    expect({ ...queued.line, report: '' }).toEqual({ ...local.line, report: '' });
    expect(done[0] + done[1]).toBe(local.line.jobs);
    const names = [...queued.timing.matchAll(/"worker": "(\w+)/g)].map(([, name]) => name);
    expect(names).toHaveLength(local.line.jobs);
    expect(names.every((name) => name === 'a' || name === 'b')).toBe(true);
  },
);
