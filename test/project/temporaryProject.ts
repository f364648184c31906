import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Writes `files` (path to text) and copies of the project's `configs` to an empty folder, and runs a command of
 * node_modules/.bin there.
 *
 * @returns exit status and all output
 */
export function runIn(
  files: Readonly<Record<string, string>>,
  configs: readonly string[],
  [command, ...args]: readonly string[],
): { status: number | null; output: string } {
  const folder = mkdtempSync(join(tmpdir(), 'unbraid-project-'));
  try {
    for (const config of configs) cpSync(join(root, config), join(folder, config), { recursive: true });
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const { status, stdout, stderr } = spawnSync(join(root, 'node_modules/.bin', command), args, {
      cwd: folder,
      encoding: 'utf8',
    });
    return { status, output: stdout + stderr };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
