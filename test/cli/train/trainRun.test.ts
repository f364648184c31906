import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { trainIn } from '../../../src/cli/train/trainRun.ts';
import { recordedConfig, resolveConfig } from '../../../src/config/config.ts';
import { soloCrew } from '../../../src/parallel/crew.ts';
import { readFolderClaim } from '../../../src/record/claim.node.ts';
import { parseReceipt, type ReceiptFile } from '../../../src/record/receiptFile.ts';
import { openRun } from '../../../src/record/run.node.ts';
import { parseCoupling, parseMetrics, parseRunResult, type RunResult } from '../../../src/record/schemas.ts';
import { unbraidVersion } from '../../../src/version.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'unbraid-train-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const config = resolveConfig({
  method: 'classifier+cloning',
  iterations: 4,
  checkpointEvery: 2,
  evalEpisodes: 5,
  coldStartUpdates: 10,
  groupsPerIteration: 2,
  couplingPairs: 4,
});
const train = trainIn('1.2.3');
const crew = soloCrew();
const onProgress = (): void => undefined;

test('a run fills its folder with records that the report reads', async () => {
  const directory = join(root, 'run');
  const { signal } = new AbortController();
  const result = await train(config, { directory, resume: false, crew, onProgress, signal });
  const text = (name: string): string => readFileSync(join(directory, name), 'utf8');
  expect(parseRunResult(text('result.json'))).toEqual(result);
  expect(openRun(directory)).toMatchObject({
    config: recordedConfig(config),
    versions: { unbraid: '1.2.3' },
    checkpoints: [0, 2, 4],
    latest: 4,
  });
  expect(parseMetrics(text('metrics.jsonl')).map((line) => line.iteration)).toEqual([0, 1, 2, 3, 4]);
  expect(parseCoupling(text('coupling-start.json'))).toMatchObject({ run: 'run', iteration: 0, split: 'in-domain' });
  expect(parseCoupling(text('coupling-end.json')).iteration).toBe(4);
});

test('a run that Ctrl-C stopped before all its parts were open leaves no folder, and the error says so', async () => {
  const directory = join(root, 'deep', 'run');
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  const stopped = train(config, { directory, resume: false, crew, onProgress: stop, signal: controller.signal });
  await expect(stopped).rejects.toThrow('interrupted before the run began; no file was written');
  expect(existsSync(join(root, 'deep'))).toBe(false);
});

test('a run that Ctrl-C stopped before its first checkpoint begins anew, to the bits of an unbroken one', async () => {
  const { signal } = new AbortController();
  const how = { resume: false, crew, onProgress, signal };
  const expected = await train(config, { ...how, directory: join(root, 'whole') });
  for (const stopIn of ['cold start', 'evaluate'] as const) {
    const directory = join(root, stopIn);
    const controller = new AbortController();
    const stop = train(config, {
      ...how,
      directory,
      signal: controller.signal,
      onProgress: ({ phase }) => {
        if (phase === stopIn) controller.abort();
      },
    });
    await expect(stop).rejects.toThrow('aborted');
    expect(openRun(directory)).toMatchObject({ latest: null, result: null });
    const result = await train(config, { ...how, directory, resume: true });
    expect({ ...result, wallMs: 0 }).toEqual({ ...expected, wallMs: 0 });
    expect(readFileSync(join(directory, 'metrics.jsonl'), 'utf8')).toBe(
      readFileSync(join(root, 'whole', 'metrics.jsonl'), 'utf8'),
    );
  }
});

test('a run that Ctrl-C stopped resumes; the result is bitwise identical to that of an uninterrupted run', async () => {
  const whole = join(root, 'whole');
  const broken = join(root, 'broken');
  const { signal } = new AbortController();
  const expected = await train(config, { directory: whole, resume: false, crew, onProgress, signal });
  const controller = new AbortController();
  const stop = train(config, {
    directory: broken,
    resume: false,
    crew,
    signal: controller.signal,
    onProgress: ({ phase, done }) => {
      if (phase === 'train' && done === 3) controller.abort();
    },
  });
  await expect(stop).rejects.toThrow('aborted');
  expect(openRun(broken)).toMatchObject({ latest: 3, result: null });
  const result = await train(config, { directory: broken, resume: true, crew, onProgress, signal });
  expect(result.parametersSha256).toBe(expected.parametersSha256);
  expect({ ...result, wallMs: 0 }).toEqual({ ...expected, wallMs: 0 });
  expect(readdirSync(join(broken, 'checkpoints'))).toEqual(['000000', '000003', '000004']);
  for (const file of ['parameters.safetensors', 'state.safetensors', 'state.json']) {
    const path = join('checkpoints', '000004', file);
    expect(readFileSync(join(broken, path)).equals(readFileSync(join(whole, path))), file).toBe(true);
  }
});

test('with diagnostics the folder has action probabilities, which a resumed run continues', async () => {
  const { signal } = new AbortController();
  const measured = resolveConfig({ ...config, method: 'grpo', evalEvery: 1, diagnostics: true });
  const [whole, stopped] = ['whole', 'stopped'].map((name) => join(root, name));
  await train(measured, { directory: whole, resume: false, crew, onProgress, signal });
  const controller = new AbortController();
  const stop = ({ phase, done }: { phase: string; done: number }): void => {
    if (phase === 'train' && done === 3) controller.abort(new Error('stopped'));
  };
  const how = { directory: stopped, resume: false, crew, onProgress: stop, signal: controller.signal };
  await expect(train(measured, how)).rejects.toThrow('stopped');
  await train(measured, { directory: stopped, resume: true, crew, onProgress, signal });
  const text = (directory: string): string => readFileSync(join(directory, 'action-probabilities.json'), 'utf8');
  expect(text(stopped)).toBe(text(whole));
  expect(JSON.parse(text(whole)).iterations).toEqual([0, 1, 2, 3, 4]);
  expect(existsSync(join(root, 'run', 'action-probabilities.json'))).toBe(false);
});

test('repeated resets of a bridge are reported and recorded, and the chain does not contain them', async () => {
  const program = fileURLToPath(new URL('../../env/bridge/fixtures/version2.mjs', import.meta.url));
  const { signal } = new AbortController();
  const run = async (
    fault: string,
  ): Promise<{ notes: string[]; result: RunResult; receipt: ReceiptFile['receipt'] }> => {
    const notes: string[] = [];
    const env = `exec:${process.execPath} ${program} vector ${fault}`;
    const directory = join(root, fault.replace(' ', '-'));
    const own = resolveConfig({ ...config, env, policy: 'mlp', method: 'grpo', iterations: 1, couplingPairs: 0 });
    const onNote = (text: string): void => void notes.push(text);
    const how = { directory, resume: false, programs: 'any', crew, onProgress, onNote, signal } as const;
    const result = await trainIn(unbraidVersion)(own, how);
    const { receipt } = parseReceipt(readFileSync(join(directory, 'receipt.json'), 'utf8')) as ReceiptFile;
    expect(parseRunResult(readFileSync(join(directory, 'result.json'), 'utf8'))).toEqual(result);
    expect(readFolderClaim(directory)).toMatchObject({ result: { parametersSha256: result.parametersSha256 } });
    return { notes, result, receipt };
  };
  const repeated = await run('retry 2');
  expect(repeated.notes).toEqual([
    `2 resets of exec:${process.execPath} ${program} vector retry 2 were repeated because the program asked for it`,
  ]);
  expect(repeated.result.repeatedResets).toBe(2);
  const plain = await run('none 2');
  expect(plain.notes).toEqual([]);
  expect('repeatedResets' in plain.result).toBe(false);
  expect(repeated.result.parametersSha256).toBe(plain.result.parametersSha256);
  // Beside the config, whose env names the arguments, the chains agree.
  const links = ({ receipt }: typeof plain): unknown => receipt.links.map(({ link: _, ...rest }) => rest);
  expect(links(repeated)).toEqual(links(plain));
});
