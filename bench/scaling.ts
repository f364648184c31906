/** The scaling table of bench/threads.ts. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ScalingRow } from './result.ts';

/** Runs bench/threads.ts in a process of its own: as many threads as cores are measured, and a model predicts more. */
export async function scaling(): Promise<readonly ScalingRow[]> {
  const script = fileURLToPath(new URL('./threads.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [script, '--json', '--rounds', '4']);
  return (JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { rows: ScalingRow[] }).rows;
}

/** @throws Error if the table has no such row */
export function scalingRow(rows: readonly ScalingRow[], threads: number, groups: number): ScalingRow {
  const found = rows.find((row) => row.threads === threads && row.groups === groups);
  if (!found) throw new Error(`${threads} threads with ${groups} groups were neither measured nor predicted`);
  return found;
}

/** Largest error of the model on two threads, relative to the measurement; null if these were not measured. */
export function modelError(rows: readonly ScalingRow[]): number | null {
  const errors = rows
    .filter(({ threads, measured }) => threads === 2 && measured)
    .map(({ speedup, predicted }) => Math.abs(predicted / speedup - 1));
  return errors.length > 0 ? Math.max(...errors) : null;
}
