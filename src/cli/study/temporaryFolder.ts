/** Temporary folders that are removed after their use, also if the process ends meanwhile. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const open = new Set<string>();

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
  open.delete(folder);
}

/** Calls `work` with the path of a new empty folder and removes it when the work has ended. */
export async function withTemporaryFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  // One listener for all folders: Node warns of more than ten.
  if (open.size === 0) process.once('exit', removeAll);
  const folder = mkdtempSync(join(tmpdir(), 'unbraid-run-'));
  open.add(folder);
  try {
    return await work(folder);
  } finally {
    remove(folder);
    if (open.size === 0) process.removeListener('exit', removeAll);
  }
}

function removeAll(): void {
  for (const folder of [...open]) remove(folder);
}
