import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openThreadTrainer, type Trainer } from '../../../src/cli/compare/threadTrainer.ts';
import { trainIn } from '../../../src/cli/train/trainRun.ts';
import { commandKernels } from '../../../src/cli/width/commandKernels.ts';
import { resolveConfig } from '../../../src/config/config.ts';
import { soloCrew } from '../../../src/parallel/crew.ts';
import { openRun } from '../../../src/record/run.node.ts';
import type { Progress } from '../../../src/train/run.ts';
import { unbraidVersion } from '../../../src/version.ts';

let directory: string;
let trainer: Trainer;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'unbraid-trainer-'));
  trainer = openThreadTrainer(1, commandKernels('off'));
});
afterEach(() => {
  trainer.close();
  rmSync(directory, { recursive: true });
});

const small = { env: 'bandit', policy: 'mlp', coldStart: 0, evalEpisodes: 4, groupsPerIteration: 2 };
const config = resolveConfig({ ...small, iterations: 6, checkpointEvery: 2 });
const never = new AbortController().signal;

/** The files of a run without elapsed times. */
function filesOf(folder: string): string[] {
  const files = ['config.json', 'metrics.jsonl', 'coupling-end.json', 'checkpoints/000006/state.json'];
  return files.map((name) => readFileSync(join(folder, name), 'utf8'));
}

test('a run in a thread has the files and the result of one in this thread; the thread does the next one, too', async () => {
  const [here, there] = ['here', 'there'].map((name) => join(directory, name, 'run'));
  const how = { resume: false, onProgress: () => {}, signal: never };
  const expected = await trainIn(unbraidVersion)(config, {
    ...how,
    directory: here,
    crew: soloCrew('one thread', {}, commandKernels('off')),
  });
  const seen: Progress[] = [];
  const onProgress = (progress: Progress): void => void seen.push(progress);
  const { wallMs, ...result } = await trainer.train(config, { ...how, directory: there, onProgress });
  expect({ ...result, wallMs: expected.wallMs }).toEqual(expected);
  expect(wallMs).toBeGreaterThan(0);
  expect(filesOf(there)).toEqual(filesOf(here));
  expect(openRun(there).receipt?.receipt).toEqual(openRun(here).receipt?.receipt);
  expect([seen[0].phase, seen.at(-1)]).toEqual(['vocabulary', expect.objectContaining({ phase: 'train', done: 6 })]);
  const next = await trainer.train({ ...config, seed: 2 }, { ...how, directory: join(directory, 'next') });
  expect(next.parametersSha256).not.toBe(result.parametersSha256);
});

test('an aborted run keeps a checkpoint and resumes with bitwise identical results; the thread stays open', async () => {
  const folder = join(directory, 'run');
  const long = resolveConfig({ ...small, iterations: 400 });
  const controller = new AbortController();
  const onProgress = ({ phase, done }: Progress): void => {
    if (phase === 'train' && done >= 3) controller.abort(new Error('stop now'));
  };
  const first = trainer.train(long, { directory: folder, resume: false, onProgress, signal: controller.signal });
  await expect(first).rejects.toThrow('stop now');
  const { latest, result } = openRun(folder);
  expect([(latest as number) >= 3, (latest as number) < 400, result]).toEqual([true, true, null]);
  const how = { onProgress: () => {}, signal: never };
  const resumed = await trainer.train(long, { ...how, directory: folder, resume: true });
  const whole = await trainer.train(long, { ...how, directory: join(directory, 'whole'), resume: false });
  expect(resumed.parametersSha256).toBe(whole.parametersSha256);
});

test('a failed run rejects with its cause; after the end of the thread no run begins', async () => {
  const how = { directory: join(directory, 'run'), resume: false, onProgress: () => {}, signal: never };
  const unknown = resolveConfig({ env: 'no-such-environment' });
  await expect(trainer.train(unknown, how)).rejects.toThrow(/^env: no environment has the name no-such-environment;/);
  trainer.close();
  await expect(trainer.train(config, how)).rejects.toThrow('the thread was closed');
});
