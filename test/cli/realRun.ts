/** Small real runs in folders, made and checked by the real engine. */
import { join } from 'node:path';
import { profileRun } from '../../src/cli/profile/profileRun.ts';
import { explainAction, listStates } from '../../src/cli/saved/explainRun.ts';
import { evaluateRun, measureRunCoupling } from '../../src/cli/saved/savedRun.ts';
import { checkRun, trainIn } from '../../src/cli/train/trainRun.ts';
import { replayIn } from '../../src/cli/verify/replayRun.ts';
import { type Config, resolveConfig } from '../../src/config/config.ts';
import { soloCrew } from '../../src/parallel/crew.ts';
import { readRunReceipt } from '../../src/record/integrity.node.ts';
import type { Receipt } from '../../src/record/receipt.ts';
import { small } from '../train/recordedRun.ts';
import { unbraid } from './fakeEngine.ts';

const train = trainIn('0.1.0');
const engine = { train, replayIn, evaluateRun, measureRunCoupling, listStates, explainAction, checkRun, profileRun };

/** Keys whose values are not the defaults. */
export const changes = { ...small, env: 'look-alike', policy: 'mlp', iterations: 5, checkpointEvery: 2 } as const;
export const config = resolveConfig(changes);

/** The command line with the real engine. */
export function realUnbraid(...args: string[]): ReturnType<typeof unbraid> {
  return unbraid(args, engine);
}

/** Trains in `directory`; `stopAfter` interrupts the run after that iteration. */
export async function makeRun(directory: string, given: Config = config, stopAfter?: number): Promise<void> {
  const controller = new AbortController();
  const onProgress = (progress: { phase: string; done: number }): void => {
    if (progress.phase === 'train' && progress.done === stopAfter) controller.abort(new Error('stopped'));
  };
  const done = train(given, { directory, resume: false, crew: soloCrew(), onProgress, signal: controller.signal });
  if (stopAfter === undefined) await done;
  else
    await done.catch((error: Error) => {
      if (error.message !== 'stopped') throw error;
    });
}

export function receiptIn(directory: string): Receipt {
  const read = readRunReceipt(directory);
  if (!read || 'damage' in read) throw new Error(`${join(directory, 'receipt.json')} is missing or damaged`);
  return read.receipt;
}
