/** Reads and writes action-probabilities.json in the folder of a run. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  type ActionProbabilities,
  parseActionProbabilities,
  type TrackedState,
  withMeasurement,
} from './actionProbabilities.ts';
import { readText, writeFileAtomic } from './files.node.ts';
import { encodeJson } from './json.ts';
import { actionProbabilitiesName } from './names.ts';

/** The record of a run; null if it has none, or a file that is no such record. */
export function readActionProbabilities(directory: string): ActionProbabilities | null {
  const path = join(directory, actionProbabilitiesName);
  return existsSync(path) ? parseActionProbabilities(readText(path)) : null;
}

/**
 * Adds a measurement to the record of a run; see `withMeasurement`. That of iteration 0 starts a new record. The file
 * is bounded in size and is written again each time.
 */
export function writeActionProbabilities(
  directory: string,
  iteration: number,
  states: readonly TrackedState[],
  probabilities: readonly number[],
): void {
  const earlier = iteration > 0 ? readActionProbabilities(directory) : null;
  const record = withMeasurement(earlier, states, iteration, probabilities);
  writeFileAtomic(join(directory, actionProbabilitiesName), `${encodeJson(record, actionProbabilitiesName)}\n`);
}
