import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { VerifyEngine } from '../../../src/cli/verify/command.ts';
import type { Config } from '../../../src/config/config.ts';
import { type ChainHead, chainRoot, jsonSha256, type Link, linkHash } from '../../../src/record/chain.ts';
import { packCheckpoint } from '../../../src/record/checkpoint.ts';
import { folderEntries } from '../../../src/record/folder.node.ts';
import { writeReceipt } from '../../../src/record/integrity.node.ts';
import { writeLatest } from '../../../src/record/layout.node.ts';
import { createReceipt } from '../../../src/record/receipt.ts';
import { encodeReceipt } from '../../../src/record/receiptFile.ts';
import { createRun, openRun } from '../../../src/record/run.node.ts';
import { sha256Hex } from '../../../src/record/sha256.ts';
import { replayRecords } from '../../../src/train/replay.ts';
import { unbraid } from '../fakeEngine.ts';
import { config, makeRun, realUnbraid, receiptIn } from '../realRun.ts';

let root: string;
let made: string;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'unbraid-verify-'));
  made = join(root, 'made');
  await makeRun(made);
});
afterAll(() => rmSync(root, { recursive: true }));

let run: string;
let allFiles: string[];
beforeEach(() => {
  run = join(root, 'run');
  cpSync(made, run, { recursive: true });
  allFiles = folderEntries(run).map(({ path }) => path);
});
afterEach(() => rmSync(run, { recursive: true, force: true }));

async function verify(...args: string[]): Promise<{ code: number; record: Record<string, unknown>; stderr: string }> {
  const { code, stdout, stderr } = await realUnbraid('verify', ...args, '--json');
  return { code, record: stdout === '' ? {} : JSON.parse(stdout), stderr: stderr.split('\n').at(-2) ?? '' };
}

function edit(file: string, from: string | RegExp, to: string): void {
  const path = join(run, file);
  const text = readFileSync(path, 'utf8');
  const changed = text.replace(from, to);
  expect(changed).not.toBe(text);
  writeFileSync(path, changed);
}

function flipBit(file: string): void {
  const path = join(run, file);
  const bytes = readFileSync(path);
  bytes[bytes.length - 2] ^= 1;
  writeFileSync(path, bytes);
}

const runtime = `node ${process.versions.node}`;
const workers = { count: 1, memory: 'own', reason: 'one thread' };

describe('relaxed arithmetic', () => {
  const training = (directory: string): string[] => {
    return ['train', '--config', join(made, 'config.json'), '--arithmetic', 'relaxed', '--out', directory];
  };

  test('is announced, stored in the record and the receipt, and rejected', async () => {
    const relaxed = join(root, 'relaxed');
    const { code, stderr } = await realUnbraid(...training(relaxed));
    expect([code, stderr.split('\n')[0]]).toEqual([0, '1 thread, relaxed arithmetic: the result is not reproducible']);
    expect(JSON.parse(readFileSync(join(relaxed, 'result.json'), 'utf8')).arithmetic).toBe('relaxed');
    expect(receiptIn(relaxed).arithmetic).toBe('relaxed');
    expect(receiptIn(made)).not.toHaveProperty('arithmetic');
    const refused = await verify(relaxed);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      'unbraid: verify: the run must have exact arithmetic, got relaxed, whose bits depend on the processor; train it without --arithmetic relaxed',
    ]);
  });

  test('uses one thread; the help describes the option', async () => {
    const { code, stderr } = await realUnbraid(...training(join(root, 'two')), '--workers', '2');
    expect([code, stderr]).toEqual([2, 'unbraid: --arithmetic relaxed uses one thread; drop --workers\n']);
    const { stdout } = await realUnbraid('train', '--help');
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain('results depend on the processor, and verify rejects the run');
  });
});

describe('equal', () => {
  test('a finished run, as a record and for people', async () => {
    const { hash } = receiptIn(run);
    const record = { command: 'verify', equal: true, hash, checkpoints: 4, until: 5, runtime, workers };
    expect(await verify(run)).toMatchObject({ code: 0, record });
    const { stdout } = await realUnbraid('verify', run);
    expect(stdout).toBe(
      [
        'equal      4 checkpoints up to iteration 5, and the outcome',
        'checked    checkpoints/000000/, checkpoints/000004/, checkpoints/000005/, config.json, coupling-end.json, coupling-start.json, latest.json, metrics.jsonl, receipt.json, result.json',
        'unchecked  result.json#wallMs: a time',
        'unchecked  result.json#workers: the distribution of the work over threads; the result does not depend on it',
        'unchecked  result.json#kernels: the build of the kernels; the result does not depend on it',
        'unchecked  config.json#versions: the version of unbraid that began the run',
        'unchecked  receipt.json#unbraid: the version of unbraid that wrote the receipt',
        'unchecked  receipt.json#check: a command for people',
        'unchecked  coupling-start.json#run, coupling-end.json#run: the name that the folder had',
        `hash       ${hash}`,
        `runtime    ${runtime}`,
        '',
      ].join('\n'),
    );
  });

  test('--workers asks for threads where it is replayed', async () => {
    let asked: unknown[] = [];
    const replayIn: VerifyEngine['replayIn'] = async (where, given, options) => {
      asked = [where, given, options.until, options.workers];
      const { until, checkpointsAt } = options;
      const records = await replayRecords(given, { until, checkpointsAt });
      return { records, measured: null, runtime: 'elsewhere 1', workers: { count: 3, memory: 'copied', reason: 'x' } };
    };
    const { stdout } = await unbraid(['verify', run, '--workers', '3', '--json'], { replayIn });
    expect(asked).toEqual(['node', config, 5, 3]);
    expect(JSON.parse(stdout)).toMatchObject({ equal: true, runtime: 'elsewhere 1', workers: { count: 3 } });
    await unbraid(['verify', run], { replayIn });
    expect(asked[3]).toBeUndefined();
    const elsewhere = await unbraid(['verify', run, '--runtime', 'deno'], { replayIn });
    expect(elsewhere.stderr.split('\n')).toContain(
      '3 threads, each with a copy of the parameters (slower than shared memory): x',
    );
  });

  test('up to an iteration', async () => {
    const [first, second] = receiptIn(run).links;
    const { record } = await verify(run, '--until', '3');
    expect(record).toMatchObject({ equal: true, hash: second.link, checkpoints: 2, until: 2 });
    const { stdout } = await realUnbraid('verify', run, '--until', '0');
    expect(stdout).toContain('equal      1 checkpoint up to iteration 0\n');
    expect(stdout).toContain(`\nhash       ${first.link}\n`);
    expect(stdout).toContain(
      '\nunchecked  checkpoints/000004/, checkpoints/000005/, coupling-end.json, result.json, metrics.jsonl#lines after 1, receipt.json#links after 0, receipt.json#outcome: comes after iteration 0\n',
    );
  });

  test('a receipt without its run', async () => {
    const path = join(root, 'alone.json');
    cpSync(join(run, 'receipt.json'), path);
    const { hash } = receiptIn(run);
    expect(await verify(path)).toMatchObject({ code: 0, record: { equal: true, hash, checkpoints: 4 } });
  });

  test('an interrupted run, and the receipt of an uninterrupted run after it was resumed', async () => {
    const broken = join(root, 'broken');
    await makeRun(broken, config, 3);
    expect(openRun(broken)).toMatchObject({ checkpoints: [0, 2, 3], receipt: null });
    expect(await verify(broken)).toMatchObject({ code: 0, record: { equal: true, checkpoints: 3, until: 3 } });
    expect((await realUnbraid('train', '--resume', broken)).code).toBe(0);
    expect(receiptIn(broken)).toEqual(receiptIn(run));
    expect(openRun(broken).checkpoints).toEqual([0, 4, 5]);
    expect(await verify(broken)).toMatchObject({ code: 0, record: { equal: true, hash: receiptIn(run).hash } });
  });

  test('a run without its receipt: the chain of its latest checkpoint and its result', async () => {
    rmSync(join(run, 'receipt.json'));
    expect(await verify(run)).toMatchObject({ code: 0, record: { equal: true, hash: receiptIn(made).hash } });
    edit('result.json', /"outOfDomain": [\d.]+/, '"outOfDomain": 0.99');
    expect(await verify(run)).toMatchObject({
      code: 1,
      record: { equal: false, first: { at: 'outcome', differs: [{ what: 'success' }, { what: 'return' }] } },
    });
  });
});

describe('not equal: a file that is not as written', () => {
  const cases: [string, string, () => void][] = [
    ['a config value', 'config.json', () => edit('config.json', '"seed": 1', '"seed": 2')],
    [
      'a bit of the weights',
      'checkpoints/000005/parameters.safetensors',
      () => flipBit('checkpoints/000005/parameters.safetensors'),
    ],
    ['a metric', 'metrics.jsonl', () => edit('metrics.jsonl', /"charts\/success":[\d.]+/, '"charts/success":0.77')],
    ['a result', 'result.json', () => edit('result.json', /"outOfDomain": [\d.]+/, '"outOfDomain": 0.99')],
    ['a coupling', 'coupling-end.json', () => edit('coupling-end.json', /"meanCosine": -?[\d.]+/, '"meanCosine": 0.1')],
    ['which checkpoint is the newest', 'latest.json', () => edit('latest.json', '000005', '000004')],
  ];
  test.each(cases)('%s', async (_, file, change) => {
    change();
    expect(allFiles.length).toBe(19);
    const reason = 'does not match its hash in receipt.json; the file is damaged or was changed';
    const advice = 'restore it from a copy, or remove receipt.json to use the run without this check';
    const message = `${join(run, file)} ${reason}; ${advice}`;
    expect(await verify(run)).toEqual({
      code: 1,
      record: { command: 'verify', equal: false, first: { file, message }, checked: [], notChecked: allFiles },
      stderr: `unbraid: verify: first mismatch at ${file}; the files differ from the replay or from each other; do not use the results; train it again`,
    });
    for (const args of [
      ['eval', run],
      ['coupling', run],
      ['train', '--resume', run],
    ]) {
      const { code, stdout, stderr } = await realUnbraid(...args);
      expect([code, stdout, stderr.split('\n').at(-2)]).toEqual([1, '', `unbraid: openRun: ${message}`]);
    }
  });

  test('a file that is missing, a receipt that is damaged', async () => {
    rmSync(join(run, 'coupling-start.json'));
    expect((await verify(run)).record.first).toMatchObject({ file: 'coupling-start.json' });
    edit('receipt.json', '"envSteps"', '"envsteps"');
    expect((await verify(run)).record.first).toEqual({
      file: 'receipt.json',
      message: `${join(run, 'receipt.json')} does not match its own hash; the file is damaged or was changed; restore it from a copy`,
    });
  });
});

describe('not equal: the hashes of the changed files made anew', () => {
  const rehash = (): void => writeReceipt(run, receiptIn(made));

  test('weights, moments and the chain of a checkpoint', async () => {
    const folder = 'checkpoints/000005';
    const good = openRun(run).loadCheckpoint();
    const [weight, ...rest] = good.parameters;
    const [moment, ...others] = good.state;
    const nudged = (values: unknown) => (values as Float32Array).map((x, i) => (i === 0 ? x + 1e-6 : x));
    const { chain } = openRun(run).loadCheckpoint(4);
    for (const [part, forged] of [
      ['parameters', { ...good, parameters: [{ ...weight, values: nudged(weight.values) }, ...rest] }],
      ['state', { ...good, state: [{ ...moment, values: nudged(moment.values) }, ...others] }],
      ['state', { ...good, counters: { ...good.counters, beta1Power: 0.5 } }],
      ['chain', { ...good, chain }],
    ] as const) {
      for (const [name, bytes] of packCheckpoint(forged)) writeFileSync(join(run, folder, name), bytes);
      writeLatest(run, 5);
      rehash();
      const advice = 'use an earlier checkpoint: 000000, 000004';
      const message = `checkpoint 000005: its ${part} does not match its own link in the chain of hashes; ${advice}`;
      expect((await verify(run)).record.first).toEqual({ file: folder, message });
    }
  });

  test('a metric and a result', async () => {
    edit('metrics.jsonl', /("iteration":3.*"charts\/success":)[\d.]+/, '$10.77');
    rehash();
    const message = `${join(run, 'metrics.jsonl')} does not match checkpoint 4`;
    expect((await verify(run)).record.first).toEqual({ file: 'metrics.jsonl', message });
    cpSync(made, run, { recursive: true });
    edit('result.json', /"outOfDomain": [\d.]+/, '"outOfDomain": 0.99');
    rehash();
    expect((await verify(run)).record.first).toMatchObject({ file: 'result.json' });
  });
});

describe('not equal: a receipt that agrees with itself but not with its replay', () => {
  /** A receipt whose hashes all follow from changed contents. */
  function forge(changes: { config?: Config; outcome?: object; head?: Partial<ChainHead>; links?: readonly Link[] }) {
    const receipt = receiptIn(made);
    const { numerics, environment, vocabularySha256 } = receipt;
    const given = changes.config ?? config;
    const head = { numerics, environment, vocabularySha256, configSha256: jsonSha256(given), ...changes.head };
    let previous = chainRoot(head);
    const links = (changes.links ?? receipt.links).map(({ link: _, ...fields }) => {
      previous = linkHash(previous, fields);
      return { ...fields, link: previous };
    });
    const path = join(root, 'forged.json');
    const outcome = changes.outcome ?? receipt.outcome;
    const forged = createReceipt('0.1.0', given, { head, links, open: [] }, outcome);
    writeFileSync(path, encodeReceipt({ receipt: forged, check: '', files: {} }));
    return path;
  }

  test('another outcome', async () => {
    const outcome = { ...receiptIn(made).outcome, envSteps: 1 };
    expect(await verify(forge({ outcome }))).toMatchObject({
      code: 1,
      record: {
        equal: false,
        first: { at: 'outcome', differs: [{ what: 'envSteps', receipt: 1 }] },
        until: 5,
        runtime,
      },
      stderr:
        'unbraid: verify: first mismatch at outcome; the files differ from the replay or from each other; do not use the results; train it again',
    });
  });

  test('the checkpoints of another seed, other weights at one checkpoint, another environment', async () => {
    expect((await verify(forge({ config: { ...config, seed: 2 } }))).record.first).toMatchObject({
      at: 0,
      differs: [{ what: 'parameters' }, { what: 'state' }, { what: 'metrics' }],
    });
    const links = receiptIn(made).links.map((link) =>
      link.iteration === 4 ? { ...link, parametersSha256: sha256Hex(new Uint8Array(1)) } : link,
    );
    const path = forge({ links });
    const [third] = receiptIn(made).links.slice(2);
    const { code, stdout } = await realUnbraid('verify', path);
    expect(code).toBe(1);
    expect(stdout).toContain(
      `differs    first at: checkpoint 4\nparameters\n  receipt  ${links[2].parametersSha256}\n  replay   ${third.parametersSha256}\n`,
    );
    expect((await verify(path, '--until', '3')).record).toMatchObject({ equal: true, checkpoints: 2 });
    expect((await verify(forge({ head: { environment: 'look-alike 0' } }))).record.first).toEqual({
      at: 'start',
      differs: [{ what: 'environment', receipt: 'look-alike 0', replay: receiptIn(made).environment }],
    });
  });

  test('another version of the numerics is not compared', async () => {
    expect(await verify(forge({ head: { numerics: 0 } }))).toEqual({
      code: 1,
      record: {},
      stderr:
        'unbraid: verify: the run must have numerics version 2, got 0; check it with the unbraid that made it, version 0.1.0 (CHANGELOG.md names a commit of each numerics version)',
    });
  });
});

describe('nothing to compare', () => {
  test('no checkpoint yet', async () => {
    rmSync(run, { recursive: true });
    createRun(run, { config, versions: {}, keepCheckpoints: 1 }).close();
    expect(await verify(run)).toEqual({
      code: 1,
      record: {},
      stderr: `unbraid: verify: ${run} has no checkpoint to compare yet; train the run further`,
    });
  });

  test('no run, no such runtime: wrong usage', async () => {
    const none = join(root, 'none');
    const { code, stderr } = await verify(none);
    expect(code).toBe(2);
    expect(stderr).toContain(`unbraid: openRun: ${none} does not exist;`);
    expect((await verify(run, '--runtime', 'moon')).code).toBe(2);
  });
});
