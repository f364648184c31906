/** Names and paths of the files of a run. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseJson } from '../check/parseJson.ts';
import { checkpointName } from './checkpoint.ts';
import { readBytes, readText, writeFileAtomic } from './files.node.ts';
import { isJsonObject } from './json.ts';
import { checkpointsName, latestName, latestText } from './names.ts';
import { sha256Hex } from './sha256.ts';

export function checkpointsOf(directory: string): string {
  return join(directory, checkpointsName);
}

export function checkpointFolder(directory: string, iteration: number): string {
  return join(checkpointsOf(directory), checkpointName(iteration));
}

/** Whether a folder of this name holds a checkpoint: 000005 does, 0000005 does not. */
export function isCheckpointName(name: string): boolean {
  return /^\d{6,15}$/.test(name) && name === checkpointName(Number(name));
}

/** Iterations of the checkpoints that the folder holds, ascending. */
export function listCheckpoints(directory: string): number[] {
  if (!existsSync(checkpointsOf(directory))) return [];
  return readdirSync(checkpointsOf(directory))
    .filter(isCheckpointName)
    .map(Number)
    .sort((a, b) => a - b);
}

/** The iteration of the latest complete checkpoint, and the SHA-256 of its manifest if latest.json contains it. */
export interface Latest {
  readonly iteration: number;
  readonly manifestSha256: string | null;
}

/** Reads latest.json. Without that file, returns the last checkpoint in the folder; null before the first one. */
export function readLatest(directory: string): Latest | null {
  const path = join(directory, latestName);
  if (!existsSync(path)) {
    const iteration = listCheckpoints(directory).at(-1);
    return iteration === undefined ? null : { iteration, manifestSha256: null };
  }
  const text = readText(path);
  try {
    const latest = parseJson(text);
    if (isJsonObject(latest) && Number.isSafeInteger(latest.iteration)) {
      const { iteration, manifestSha256 } = latest as { iteration: number; manifestSha256: string };
      if (latestText(iteration, manifestSha256) === text) return { iteration, manifestSha256 };
    }
  } catch {
    // Not JSON: reported as damaged below.
  }
  throw new Error(`openRun: ${path} is damaged; remove the file to use the latest checkpoint`);
}

export function writeLatest(directory: string, iteration: number): void {
  const manifest = readBytes(join(checkpointFolder(directory, iteration), 'manifest.json'));
  writeFileAtomic(join(directory, latestName), latestText(iteration, sha256Hex(manifest)));
}
