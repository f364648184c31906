/**
 * Checks before a run is opened or created: whether a folder contains a run, and whether a new run would overwrite one.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readJsonLines } from './files.node.ts';
import { listCheckpoints } from './layout.node.ts';
import { configName, latestName, metricsName, receiptName, resultName } from './names.ts';

function listing(directory: string): string {
  const names = readdirSync(directory, { withFileTypes: true })
    .filter((entry) => !entry.name.startsWith('.'))
    .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
    .sort();
  const shown = names.slice(0, 8).join(', ');
  if (names.length === 0) return `${directory} is empty`;
  return names.length > 8 ? `${directory} holds ${shown} and ${names.length - 8} more` : `${directory} holds ${shown}`;
}

function nearestFolder(path: string): string {
  const parent = dirname(path);
  return existsSync(parent) || parent === path ? parent : nearestFolder(parent);
}

/**
 * Throws unless `directory` contains a run. The error lists the entries of the folder and the command that makes a run.
 */
export function requireRun(directory: string): void {
  const advice = 'make a run with: unbraid train --out DIR';
  if (!existsSync(directory)) {
    throw new Error(`openRun: ${directory} does not exist; ${listing(nearestFolder(directory))}; ${advice}`);
  }
  if (!statSync(directory).isDirectory())
    throw new Error(`openRun: ${directory} is a file, not a run's folder; ${advice}`);
  if (!existsSync(join(directory, configName))) {
    throw new Error(`openRun: ${directory} has no ${configName}, so it is no run; ${listing(directory)}; ${advice}`);
  }
}

/** Whether a folder contains results that a new run would overwrite: a checkpoint, an iteration or a result. */
function holdsProgress(directory: string): boolean {
  if ([resultName, receiptName, latestName].some((name) => existsSync(join(directory, name)))) return true;
  const metrics = join(directory, metricsName);
  return (
    listCheckpoints(directory).length > 0 ||
    (existsSync(metrics) && readJsonLines(metrics).some(({ iteration }) => iteration !== 0))
  );
}

/**
 * Throws if `directory` already contains a run. A run without a checkpoint does not count, because no progress is lost.
 */
export function requireNoRun(directory: string): void {
  if (!existsSync(join(directory, configName)) || !holdsProgress(directory)) return;
  throw new Error(
    `createRun: ${directory} already holds a run; resume it with: unbraid train --resume ${directory}; or choose another --out`,
  );
}
