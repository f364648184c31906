import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { trainFiles } from '../../../src/cli/study/trainFiles.ts';
import { resolveConfig } from '../../../src/config/config.ts';
import { notWide } from '../../../src/engine/kernels/buildChoice.ts';
import { checkResult } from '../../../src/study/checkResult.ts';
import { runJob } from '../../../src/study/jobKinds.ts';
import { resultSha } from '../../../src/study/resultIdentity.ts';
import { mostRunBytes, type RunFiles, unpackRun } from '../../../src/study/trained/runFolderJob.ts';

const input = {
  ...{ env: 'look-alike', policy: 'mlp', iterations: 1, coldStart: 0, evalEpisodes: 4, groupsPerIteration: 2 },
  couplingPairs: 4,
};
const job = { kind: 'run', input };
const openBridge = async (): Promise<never> => {
  throw new Error('no bridge here');
};

/** The result of the job, trained in a folder of its own. */
async function trained(): Promise<RunFiles> {
  const folder = mkdtempSync(join(tmpdir(), 'unbraid-run-job-'));
  const { signal } = new AbortController();
  try {
    const files = await trainFiles(resolveConfig(input), folder, notWide, 'shipped', signal);
    return (await runJob(job, { openBridge, trainFiles: async () => files })) as RunFiles;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const text = ({ files }: RunFiles, path: string): string => Buffer.from(files[path], 'base64').toString();

/** The run with another text of one file. */
function withText(run: RunFiles, path: string, changed: string): RunFiles {
  return { files: { ...run.files, [path]: Buffer.from(changed).toString('base64') } };
}

let run: RunFiles;
beforeAll(async () => {
  run = await trained();
});

describe('the job of a run with its folder', () => {
  test('two workers agree, although their folders and times differ', async () => {
    const other = await trained();
    const result = JSON.parse(text(other, 'result.json'));
    const slower = withText(other, 'result.json', `${JSON.stringify({ ...result, wallMs: 7e6 }, null, 2)}\n`);
    expect(resultSha('run', slower)).toBe(resultSha('run', run));
    expect(Object.keys(run.files)).toContain('checkpoints/000001/parameters.safetensors');
  });

  test('every statement of a run is part of what they agree on', () => {
    const sha = resultSha('run', run);
    const result = JSON.parse(text(run, 'result.json'));
    const more = `${JSON.stringify({ ...result, updates: result.updates + 1 }, null, 2)}\n`;
    const changed = [
      withText(run, 'result.json', more),
      withText(run, 'metrics.jsonl', `${text(run, 'metrics.jsonl')}\n`),
      withText(run, 'coupling-end.json', '{}'),
      withText(run, 'checkpoints/000001/state.safetensors', ''),
    ];
    for (const each of changed) expect(resultSha('run', each)).not.toBe(sha);
  });

  test('a result of another form, another run or with a path out of the folder is refused', () => {
    expect(() => checkResult(job, run)).not.toThrow();
    expect(() => checkResult(job, { ...run, more: 1 })).toThrow(/^it has not the form of a result of run: more /);
    expect(() => checkResult({ ...job, input: { ...input, seed: 2 } }, run)).toThrow(
      'its receipt is of another config',
    );
    for (const path of ['../config.json', '/etc/x.json', 'checkpoints/../../a.json', 'a\\b.json', 'writer-a.lock']) {
      expect(() => checkResult(job, withText(run, path, '{}'))).toThrow(
        `it has a file with a path that no run has: ${JSON.stringify(path)}`,
      );
    }
    const { 'receipt.json': _, ...files } = run.files;
    expect(() => checkResult(job, { files })).toThrow('it has no receipt.json');
    expect(() => checkResult(job, withText(run, 'receipt.json', '{}'))).toThrow(/^its receipt\.json does not match/);
  });

  test('a folder that is too large is refused', () => {
    const half = Buffer.alloc(mostRunBytes / 2 + 1).toString('base64');
    expect(() => unpackRun({ files: { 'metrics.jsonl': half, 'config.json': half } })).toThrow(
      'the files of a run must have at most 41943040 bytes, got more',
    );
  });

  test('needs a file system', async () => {
    await expect(runJob(job, { openBridge })).rejects.toThrow(
      'run: a run with its folder needs a file system, got none; use a worker of the command line',
    );
  });
});
