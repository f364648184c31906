import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Chain, jsonSha256, openChain } from '../../src/record/chain.ts';
import type { Checkpoint } from '../../src/record/checkpoint.ts';
import { createRun, openRun, type RunWriter, requireNoRun, resumeRun } from '../../src/record/run.node.ts';
import { sha256Hex } from '../../src/record/sha256.ts';

let root: string;
let directory: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'unbraid-run-'));
  directory = join(root, 'run');
});

afterEach(() => rmSync(root, { recursive: true }));

const head = { numerics: 1, configSha256: jsonSha256({ seed: 3 }), environment: 'e 1', vocabularySha256: null };

type Learned = Omit<Checkpoint, 'chain'>;

function learnedAt(iteration: number, counters: Checkpoint['counters'] = { envSteps: 100 * iteration }): Learned {
  const parameters = [{ name: 'w', shape: [2], values: new Float32Array([iteration, 0.5]) }];
  return { iteration, parameters, state: [], counters };
}

const line = (iteration: number): { iteration: number } & Record<string, number> => {
  return { iteration, 'charts/success': iteration / 1000 };
};

/** A checkpoint with the chain of a run that has one every 20 iterations. */
function checkpointAt(iteration: number, counters?: Checkpoint['counters']): Checkpoint {
  const writer = openChain({ head, links: [], open: [] });
  let chain: Chain | null = null;
  for (let i = 0; i <= iteration; i++) {
    writer.addMetrics(line(i));
    const own = i === iteration;
    if (own || i % 20 === 0) chain = writer.addLink(own ? learnedAt(i, counters) : learnedAt(i), i % 20 === 0);
  }
  return { ...learnedAt(iteration, counters), chain: chain as Chain };
}

const versions = { unbraid: '0.1.0' };
const start = { config: { seed: 3 }, versions, keepCheckpoints: 2 };

/** The first evaluation and its checkpoint. */
function recordStart(writer: RunWriter): void {
  writer.appendMetrics(line(0));
  writer.saveCheckpoint(checkpointAt(0));
}

/** Trains `from`+1 to `to`: a metrics line each, a checkpoint every 20. */
function record(writer: RunWriter, from: number, to: number): void {
  for (let iteration = from + 1; iteration <= to; iteration++) {
    writer.appendMetrics(line(iteration));
    if (iteration % 20 === 0) writer.saveCheckpoint(checkpointAt(iteration));
  }
}

function makeRun(iterations: number): void {
  const writer = createRun(directory, start);
  recordStart(writer);
  record(writer, 0, iterations);
  writer.close();
}

/** Relative path to content of every file of a run. */
function contents(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(folder.length + 1), readFileSync(path, 'hex')];
    }),
  );
}

describe('a run', () => {
  test('is read back whole', () => {
    makeRun(45);
    const run = openRun(directory);
    expect(run).toMatchObject({
      directory,
      config: { seed: 3 },
      versions: { unbraid: '0.1.0' },
      checkpoints: [0, 20, 40],
      latest: 40,
      result: null,
    });
    expect(run.metrics.length).toBe(46);
    expect(run.metrics[45]).toEqual({ iteration: 45, 'charts/success': 0.045 });
    expect(run.loadCheckpoint()).toEqual(checkpointAt(40));
    expect(run.loadCheckpoint(0)).toEqual(checkpointAt(0));
  });

  test('keeps the first checkpoint and the last keepCheckpoints', () => {
    makeRun(100);
    expect(openRun(directory).checkpoints).toEqual([0, 80, 100]);
    expect(JSON.parse(readFileSync(join(directory, 'latest.json'), 'utf8'))).toEqual({
      iteration: 100,
      checkpoint: 'checkpoints/000100',
      manifestSha256: sha256Hex(readFileSync(join(directory, 'checkpoints', '000100', 'manifest.json'))),
    });
    rmSync(directory, { recursive: true });
    const writer = createRun(directory, { ...start, keepCheckpoints: 1 });
    recordStart(writer);
    record(writer, 0, 60);
    writer.close();
    expect(openRun(directory).checkpoints).toEqual([0, 60]);
  });

  test('keeps records by name and its result', () => {
    const writer = createRun(directory, start);
    writer.writeRecord('result', { command: 'train', success: 0.5 });
    writer.writeRecord('coupling-start', { command: 'coupling' });
    writer.close();
    expect(openRun(directory).result).toEqual({ command: 'train', success: 0.5 });
    expect(JSON.parse(readFileSync(join(directory, 'coupling-start.json'), 'utf8'))).toEqual({ command: 'coupling' });
  });

  test('saving the same iteration again replaces it', () => {
    makeRun(20);
    const { writer } = resumeRun(directory, { keepCheckpoints: 2, versions });
    writer.saveCheckpoint(checkpointAt(20, { envSteps: 7 }));
    writer.close();
    expect(openRun(directory).loadCheckpoint().counters).toEqual({ envSteps: 7 });
    expect(readdirSync(join(directory, 'checkpoints'))).toEqual(['000000', '000020']);
  });
});

describe('resuming', () => {
  test('a run stopped between checkpoints has the files of an unbroken one', () => {
    makeRun(60);
    const unbroken = contents(directory);
    rmSync(directory, { recursive: true });
    makeRun(47);
    // The files after a crash in the middle of a checkpoint and of a line.
    mkdirSync(join(directory, 'checkpoints', '000060.tmp'));
    writeFileSync(join(directory, 'metrics.jsonl'), '{"iteration":48,"cha', { flag: 'a' });
    const { writer, checkpoint } = resumeRun(directory, { keepCheckpoints: 2, versions });
    expect(checkpoint).toEqual(checkpointAt(40));
    expect(openRun(directory).metrics.length).toBe(41);
    record(writer, 40, 60);
    writer.close();
    expect(contents(directory)).toEqual(unbroken);
  });

  test('a run stopped before its first checkpoint starts again; one with removed checkpoints does not', () => {
    makeRun(60);
    const unbroken = contents(directory);
    rmSync(directory, { recursive: true });
    const begun = createRun(directory, start);
    begun.appendMetrics({ iteration: 0, 'charts/success': 0 });
    begun.close();
    // The files after a crash in the middle of the first checkpoint.
    mkdirSync(join(directory, 'checkpoints', '000000.tmp'));
    const { writer, checkpoint } = resumeRun(directory, { keepCheckpoints: 2, versions });
    expect([checkpoint, openRun(directory).metrics]).toEqual([null, []]);
    recordStart(writer);
    record(writer, 0, 60);
    writer.close();
    expect(contents(directory)).toEqual(unbroken);
    rmSync(join(directory, 'latest.json'));
    rmSync(join(directory, 'checkpoints'), { recursive: true });
    expect(() => resumeRun(directory, { keepCheckpoints: 2, versions })).toThrow(
      new Error(
        `openRun: ${directory} has no checkpoints left; restore them from a copy, or train it again with another --out`,
      ),
    );
    expect(openRun(directory).metrics.length).toBe(61);
  });

  test('an earlier checkpoint drops the later ones and the result', () => {
    makeRun(60);
    writeFileSync(join(directory, 'result.json'), '{}');
    const { writer, checkpoint } = resumeRun(directory, { keepCheckpoints: 2, versions, iteration: 40 });
    writer.close();
    expect(checkpoint).toEqual(checkpointAt(40));
    const run = openRun(directory);
    expect([run.checkpoints, run.latest, run.metrics.length, run.result]).toEqual([[0, 40], 40, 41, null]);
  });

  test('states the version that resumed it', () => {
    makeRun(20);
    resumeRun(directory, { keepCheckpoints: 2, versions: { unbraid: '0.2.0' } }).writer.close();
    expect(openRun(directory)).toMatchObject({ config: { seed: 3 }, versions: { unbraid: '0.2.0' } });
  });

  test('keeps as many checkpoints as it is told', () => {
    makeRun(40);
    const { writer } = resumeRun(directory, { keepCheckpoints: 1, versions });
    record(writer, 40, 60);
    writer.close();
    expect(openRun(directory).checkpoints).toEqual([0, 60]);
  });

  test('a damaged checkpoint is rejected with the earlier ones named, and nothing is dropped', () => {
    makeRun(45);
    const path = join(directory, 'checkpoints', '000040', 'parameters.safetensors');
    const bytes = readFileSync(path);
    bytes[bytes.length - 1] ^= 1;
    writeFileSync(path, bytes);
    expect(() => resumeRun(directory, { keepCheckpoints: 2, versions })).toThrow(
      new Error(
        'checkpoint 000040: parameters.safetensors does not match its hash; the file is damaged; use an earlier checkpoint: 000000, 000020',
      ),
    );
    expect(openRun(directory).metrics.length).toBe(46);
    rmSync(join(directory, 'checkpoints', '000000', 'state.json'));
    expect(() => openRun(directory).loadCheckpoint(0)).toThrow(
      new Error('checkpoint 000000: state.json is missing; there is no earlier checkpoint; start a new run'),
    );
  });

  test('without latest.json the latest checkpoint is used', () => {
    makeRun(40);
    rmSync(join(directory, 'latest.json'));
    expect(openRun(directory).latest).toBe(40);
  });
});

describe('errors', () => {
  test('a folder that does not exist: what is there and how to make a run', () => {
    mkdirSync(join(root, 'quick'));
    writeFileSync(join(root, 'notes.txt'), '');
    expect(() => openRun(directory)).toThrow(
      new Error(
        `openRun: ${directory} does not exist; ${root} holds notes.txt, quick/; make a run with: unbraid train --out DIR`,
      ),
    );
    expect(() => openRun(join(root, 'no', 'such', 'run'))).toThrow(`does not exist; ${root} holds notes.txt, quick/;`);
  });

  test('a folder that is no run, an empty one, a full one, a file', () => {
    mkdirSync(directory);
    expect(() => openRun(directory)).toThrow(
      new Error(
        `openRun: ${directory} has no config.json, so it is no run; ${directory} is empty; make a run with: unbraid train --out DIR`,
      ),
    );
    for (let i = 0; i < 11; i++) mkdirSync(join(directory, `grpo-s${10 + i}`));
    expect(() => openRun(directory)).toThrow(
      `${directory} holds grpo-s10/, grpo-s11/, grpo-s12/, grpo-s13/, grpo-s14/, grpo-s15/, grpo-s16/, grpo-s17/ and 3 more;`,
    );
    const file = join(root, 'file');
    writeFileSync(file, '');
    expect(() => openRun(file)).toThrow(
      new Error(`openRun: ${file} is a file, not a run's folder; make a run with: unbraid train --out DIR`),
    );
  });

  test('a new run where one is already', () => {
    requireNoRun(directory);
    makeRun(1);
    expect(() => createRun(directory, start)).toThrow(
      new Error(
        `createRun: ${directory} already holds a run; go on with it: unbraid train --resume ${directory}; or choose another --out`,
      ),
    );
  });

  test('but not where a run was stopped before its first checkpoint: its leftovers go, files of others stay', () => {
    const writer = createRun(directory, start);
    writer.appendMetrics({ iteration: 0, 'eval/train': 0.5 });
    writer.writeRecord('coupling-start', { command: 'coupling' });
    writer.close();
    mkdirSync(join(directory, 'checkpoints', '000000.tmp'));
    for (const name of ['notes.txt', 'config.json.77.tmp', 'notes.tmp', join('checkpoints', 'mine')]) {
      writeFileSync(join(directory, name), name);
    }
    requireNoRun(directory);
    createRun(directory, { ...start, config: { seed: 4 } }).close();
    expect(Object.keys(contents(directory)).sort()).toEqual([
      'checkpoints/mine',
      'config.json',
      'metrics.jsonl',
      'notes.tmp',
      'notes.txt',
    ]);
    expect(openRun(directory)).toMatchObject({ config: { seed: 4 }, metrics: [] });
  });

  test('a folder that never was a run keeps what it has', () => {
    mkdirSync(directory);
    writeFileSync(join(directory, 'coupling-start.json'), 'mine');
    createRun(directory, start).close();
    expect(readFileSync(join(directory, 'coupling-start.json'), 'utf8')).toBe('mine');
  });

  test.each(['result.json', 'receipt.json', 'latest.json', 'metrics.jsonl', 'checkpoints/000000/manifest.json'])(
    'nor where there is %s',
    (name) => {
      createRun(directory, start).close();
      mkdirSync(dirname(join(directory, name)), { recursive: true });
      writeFileSync(join(directory, name), '{"iteration":1}\n');
      expect(() => requireNoRun(directory)).toThrow('already holds a run');
      expect(() => createRun(directory, start)).toThrow('already holds a run');
    },
  );

  test('a checkpoint that is not kept, or none yet', () => {
    makeRun(40);
    expect(() => openRun(directory).loadCheckpoint(30)).toThrow(
      new Error(`checkpoint 000030: ${directory} does not hold it; it holds: 000000, 000020, 000040`),
    );
    rmSync(directory, { recursive: true });
    createRun(directory, start).close();
    expect(() => openRun(directory).loadCheckpoint()).toThrow(
      new Error(`openRun: ${directory} has no checkpoint yet; resume it with: unbraid train --resume ${directory}`),
    );
  });

  test('a damaged config.json or latest.json', () => {
    makeRun(20);
    const copy = join(root, 'copy');
    cpSync(directory, copy, { recursive: true });
    writeFileSync(join(copy, 'latest.json'), '{"iteration":"x"}');
    expect(() => openRun(copy)).toThrow(
      new Error(`openRun: ${join(copy, 'latest.json')} is damaged; remove the file to use the latest checkpoint`),
    );
    writeFileSync(join(directory, 'config.json'), '{}');
    expect(() => openRun(directory)).toThrow(
      new Error(
        `openRun: ${join(directory, 'config.json')} must hold {"config": {...}, "versions": {...}}; the file is damaged`,
      ),
    );
  });

  test('a checkpoint that cannot be written leaves the one before', () => {
    makeRun(20);
    const { writer } = resumeRun(directory, { keepCheckpoints: 2, versions });
    const counters = { loss: Number.NaN };
    expect(() => writer.saveCheckpoint({ ...checkpointAt(40), counters })).toThrow(
      new Error(
        'encodeJson: state.json.counters.loss must be finite, got NaN; leave the key out or find where it comes from',
      ),
    );
    writer.close();
    expect(existsSync(join(directory, 'checkpoints', '000040.tmp'))).toBe(false);
    expect(openRun(directory).loadCheckpoint()).toEqual(checkpointAt(20));
  });
});
