import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { unpackCheckpoint } from '../../src/record/checkpoint.ts';
import { readFolderClaim } from '../../src/record/claim.node.ts';
import type { JsonRecord } from '../../src/record/json.ts';
import { createReceipt } from '../../src/record/receipt.ts';
import { encodeReceipt } from '../../src/record/receiptFile.ts';
import { sha256Hex } from '../../src/record/sha256.ts';
import { type RunFiles, recordRun } from '../../src/train/runFiles.ts';
import { type TrainOutcome, train } from '../../src/train/trainer.ts';
import { verify } from '../../src/train/verify.ts';
import { rejection } from '../refusal.ts';

const config = {
  env: 'look-alike',
  policy: 'mlp',
  iterations: 4,
  checkpointEvery: 1,
  keepCheckpoints: 2,
  groupsPerIteration: 2,
  evalEpisodes: 4,
  couplingPairs: 4,
  coldStart: 0,
} as const;

let outcome: TrainOutcome;
let files: RunFiles;
beforeAll(async () => {
  const { hooks, files: written } = recordRun(config);
  outcome = await train(config, hooks);
  files = written(outcome, 1234);
});

const text = (path: string): string => new TextDecoder().decode(files.get(path));
const bytes = (content: string): Uint8Array => new TextEncoder().encode(content);

/** The files with some replaced (null: removed), and a receipt that lists them as they are. */
function forged(changes: Readonly<Record<string, string | Uint8Array | null>>, receipt = outcome.receipt): RunFiles {
  const all = new Map(files);
  for (const [path, content] of Object.entries(changes)) {
    if (content === null) all.delete(path);
    else all.set(path, typeof content === 'string' ? bytes(content) : content);
  }
  all.delete('receipt.json');
  const listed = Object.fromEntries([...all].map(([path, content]) => [path, sha256Hex(content)]));
  return all.set('receipt.json', bytes(encodeReceipt({ receipt, check: 'unbraid verify .', files: listed })));
}

/** A JSON file with some keys changed. */
function edited(path: string, changes: JsonRecord): string {
  return `${JSON.stringify({ ...(JSON.parse(text(path)) as object), ...changes }, null, 2)}\n`;
}

test('the files of a recorded run are those that the commands write', () => {
  expect([...files.keys()].sort()).toEqual(
    [
      ...['000000', '000003', '000004'].flatMap((folder) =>
        ['manifest.json', 'parameters.safetensors', 'state.json', 'state.safetensors'].map(
          (name) => `checkpoints/${folder}/${name}`,
        ),
      ),
      ...['config.json', 'coupling-end.json', 'coupling-start.json', 'latest.json', 'metrics.jsonl'],
      ...['receipt.json', 'result.json'],
    ].sort(),
  );
  const folder = mkdtempSync(join(tmpdir(), 'unbraid-files-'));
  try {
    for (const [path, content] of files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
    expect(readFolderClaim(folder)).toMatchObject({
      result: { wallMs: 1234 },
      receipt: { hash: outcome.receipt.hash },
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('before a run has ended its files hold its newest checkpoint, from which it continues to the same bits', async () => {
  const { hooks, files: written } = recordRun(config);
  const controller = new AbortController();
  const onProgress = ({ phase, done }: { phase: string; done: number }): void => {
    if (phase === 'train' && done === 2) controller.abort();
  };
  await rejection(() => train(config, { ...hooks, signal: controller.signal, onProgress }));
  const saved = written();
  expect(saved.has('receipt.json')).toBe(false);
  const { checkpoint: path } = JSON.parse(new TextDecoder().decode(saved.get('latest.json')));
  const packed = new Map(
    [...saved].filter(([name]) => name.startsWith(path)).map(([n, b]) => [n.slice(path.length + 1), b]),
  );
  const checkpoint = unpackCheckpoint(packed, path, 'train again');
  expect((await train(config, { checkpoint })).parametersSha256).toBe(outcome.parametersSha256);
});

describe('verify', () => {
  test('finds a run equal to its replay: by its receipt, the text of its receipt and its files', async () => {
    const { hash } = outcome.receipt;
    expect(await verify(outcome.receipt)).toMatchObject({ equal: true, first: null, checked: ['receipt.json'], hash });
    expect(await verify(text('receipt.json'))).toMatchObject({ equal: true, first: null, hash });
    const further = new Map(files).set('report.html', bytes('<p>')).set('action-probabilities.json', bytes('{}'));
    const verdict = await verify(further);
    expect(verdict).toMatchObject({ equal: true, first: null, hash });
    expect(verdict.notChecked.get('report.html')).toBe('a file that the run has not written');
    expect(verdict.notChecked.get('action-probabilities.json')).toBe('diagnostics of the run, which no hash covers');
    expect([...verdict.checked].sort()).toEqual([...files.keys()].sort());
    expect([...verdict.notChecked.keys()].sort()).toEqual(
      [
        'action-probabilities.json',
        'config.json#versions',
        'coupling-end.json#run',
        'coupling-start.json#run',
        'receipt.json#check',
        'receipt.json#unbraid',
        'report.html',
        'result.json#kernels',
        'result.json#wallMs',
        'result.json#workers',
      ].sort(),
    );
  });

  test('of the outcome: finds the first key that differs', async () => {
    const { receipt } = outcome;
    const other = { ...receipt.outcome, envSteps: 1 };
    const chain = { head: receipt, links: receipt.links, open: [] };
    const differs = [{ what: 'envSteps', receipt: 1, replay: outcome.envSteps }];
    expect((await verify(createReceipt('0.1.0', receipt.config, chain, other))).first).toEqual({
      at: 'outcome',
      differs,
    });
  });

  test.each<[string, () => RunFiles, string]>([
    ['a changed file', () => new Map(files).set('metrics.jsonl', bytes('{}\n')), 'metrics.jsonl'],
    ['a missing file', () => new Map([...files].filter(([path]) => path !== 'result.json')), 'result.json'],
    [
      'another line of metrics',
      () => forged({ 'metrics.jsonl': text('metrics.jsonl').replace('"updates":', '"updates":1') }),
      'metrics.jsonl',
    ],
    ['one line more', () => forged({ 'metrics.jsonl': `${text('metrics.jsonl')}{"iteration":5}\n` }), 'metrics.jsonl'],
    [
      'another success',
      () => forged({ 'result.json': edited('result.json', { success: { train: 1, inDomain: 1, outOfDomain: 1 } }) }),
      'result.json#success',
    ],
    [
      'a key that no run writes',
      () => forged({ 'result.json': edited('result.json', { award: 1 }) }),
      'result.json#award',
    ],
    [
      'a key twice',
      () => forged({ 'result.json': text('result.json').replace('{', '{ "envSteps": 1,') }),
      'result.json',
    ],
    [
      'another seed in config.json',
      () => forged({ 'config.json': edited('config.json', { config: { seed: 2 } }) }),
      'config.json#config',
    ],
    [
      'another cosine',
      () => forged({ 'coupling-end.json': edited('coupling-end.json', { classes: {} }) }),
      'coupling-end.json#classes',
    ],
    ['no coupling', () => forged({ 'coupling-start.json': null }), 'coupling-start.json'],
    [
      'latest.json of an older checkpoint',
      () => forged({ 'latest.json': text('latest.json').replaceAll('4', '3') }),
      'latest.json',
    ],
    [
      'a file that is not listed',
      () => new Map(files).set('checkpoints/000009/state.json', bytes('{}')),
      'checkpoints/000009',
    ],
    [
      'a checkpoint under the name of another',
      () =>
        forged(
          Object.fromEntries(
            [...files].flatMap(([path, content]) =>
              path.includes('000003')
                ? [
                    [path, null],
                    [path.replace('3', '2'), content],
                  ]
                : [],
            ),
          ),
        ),
      'checkpoints/000002',
    ],
  ])('of files: finds %s', async (_, run, file) => {
    const verdict = await verify(run());
    expect(verdict).toMatchObject({ equal: false, first: { file } });
  });

  test('of a receipt: finds a field that does not follow from the others', async () => {
    const { receipt } = outcome;
    const message = 'receipt.json contradicts itself: config does not match configSha256';
    const verdict = await verify({ ...receipt, config: { ...receipt.config, seed: 2 } });
    expect(verdict.first).toEqual({ file: 'receipt.json', message });
    expect(await rejection(() => verify({} as never))).toBe(
      'parseReceipt: format must be 1, got undefined; use the version of unbraid that made the receipt',
    );
    expect((await verify('{}')).first).toEqual({
      file: 'receipt.json',
      message: 'receipt.json does not match its own hash',
    });
  });

  test('refuses what it cannot compare', async () => {
    const { receipt } = outcome;
    const made = (head: object) =>
      createReceipt('0.0.1', receipt.config, { head: { ...receipt, ...head }, links: [], open: [] }, null);
    expect(await rejection(() => verify(made({ numerics: 0 })))).toBe(
      'verify: the run must have numerics version 2, got 0; check it with the unbraid that made it, version 0.1.0 (CHANGELOG.md names a commit of each numerics version)',
    );
    expect(await rejection(() => verify(made({ arithmetic: 'relaxed' })))).toBe(
      'verify: the run must have exact arithmetic, got relaxed, whose bits depend on the processor; train it without relaxedCrew',
    );
    expect(await rejection(() => verify(new Map()))).toBe(
      'verify: receipt.json must be among the files, got null; give the files of a run that has ended',
    );
    expect(await rejection(() => verify(5 as never))).toBe(
      'verify: run must be a receipt, its text or the files of a run, got 5; give one of them',
    );
    expect(await rejection(() => verify(receipt, { until: 1 } as never))).toContain('verify: unknown option "until"');
  });
});
