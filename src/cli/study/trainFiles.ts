/** Trains a run in a folder, as `unbraid train` does, and packs its files. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config/config.ts';
import type { KernelChoice } from '../../engine/kernels/buildChoice.ts';
import { soloCrew } from '../../parallel/crew.ts';
import { settledKernels } from '../../parallel/kernelChoices.ts';
import { readBytes } from '../../record/files.node.ts';
import { runFiles } from '../../record/integrity.node.ts';
import { actionProbabilitiesName, receiptName } from '../../record/names.ts';
import { mostRunBytes, type RunFiles } from '../../study/trained/runFolderJob.ts';
import { unbraidVersion } from '../../version.ts';
import type { Programs } from '../shared/bridges.ts';
import { trainIn } from '../train/trainRun.ts';

/** Name of the folder of a run. Its records contain it, and two workers must write the same bytes. */
const runName = 'run';

/**
 * @param parent an empty folder, which the caller removes
 * @param choice of the kernels of a thread
 * @returns the files in base64 by their path
 * @throws Error if the files are too large for a result of a queue
 */
export async function trainFiles(
  config: Config,
  parent: string,
  choice: KernelChoice,
  programs: Programs,
  signal: AbortSignal,
): Promise<RunFiles['files']> {
  const folder = join(parent, runName);
  const crew = soloCrew('one thread', {}, settledKernels('single', choice));
  const onProgress = (): void => {};
  await trainIn(unbraidVersion)(config, { directory: folder, resume: false, programs, crew, onProgress, signal });
  const paths = [...runFiles(folder), actionProbabilitiesName, receiptName].filter((path) =>
    existsSync(join(folder, path)),
  );
  const size = paths.reduce((sum, path) => sum + statSync(join(folder, path)).size, 0);
  if (size > mostRunBytes) {
    throw new Error(
      `the files of a run on a queue must have at most ${mostRunBytes} bytes, got ${size}; lower keepCheckpoints, or train it without --queue`,
    );
  }
  return Object.fromEntries(paths.map((path) => [path, Buffer.from(readBytes(join(folder, path))).toString('base64')]));
}
