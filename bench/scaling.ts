/** The scaling table of bench/threads.ts. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Scaling, ScalingRow } from './result.ts';

/** Runs bench/threads.ts in a process of its own: two threads are measured, and a model predicts more. */
export async function scaling(): Promise<Scaling> {
  const script = fileURLToPath(new URL('./threads.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [script, '--json']);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Scaling;
}

/** @throws Error if the table has no such row */
export function scalingRow({ rows }: Scaling, threads: number, groups: number): ScalingRow {
  const found = rows.find((row) => row.threads === threads && row.groups === groups);
  if (!found) throw new Error(`${threads} threads with ${groups} groups were neither measured nor predicted`);
  return found;
}
