import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(join(root, 'docs/tutorial.md'), 'utf8');

/** Lines with results: rows of success and cosines, and the hash of the parameters. */
const results = (text: string): string[] => text.split('\n').filter((line) => /^(│ at the |parameters )/.test(line));

// This runs the command that `npm ci` built.
test('the baseline of docs/tutorial.md has the numbers shown', { timeout: 300_000 }, () => {
  const [, command, shown] = /```sh\nnpx unbraid (train .*)\n```\n\n```text\n([\s\S]*?)```/.exec(page) ?? [];
  const folder = mkdtempSync(join(tmpdir(), 'unbraid-tutorial-'));
  try {
    const { stdout, status } = spawnSync(
      process.execPath,
      [join(root, 'dist/src/cli/main.js'), ...command.split(' ')],
      { cwd: folder, encoding: 'utf8' },
    );
    expect(status).toBe(0);
    expect(results(shown)).toHaveLength(4);
    expect(results(stdout)).toEqual(results(shown));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
