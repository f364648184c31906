import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Runs one test file with the project's configuration; `test` is global in it. */
function runTest(text: string): { status: number | null; output: string } {
  const folder = mkdtempSync(join(tmpdir(), 'unbraid-unhandled-'));
  try {
    const file = join(folder, 'one.test.ts');
    writeFileSync(file, text);
    const config = join(folder, 'vitest.config.mjs');
    const own = JSON.stringify(join(root, 'vitest.config.ts'));
    const include = JSON.stringify([file]);
    writeFileSync(
      config,
      `import own from ${own};\nexport default { ...own, test: { ...own.test, include: ${include}, globals: true } };\n`,
    );
    const vitest = join(root, 'node_modules/.bin/vitest');
    const { status, stdout, stderr } = spawnSync(
      vitest,
      ['run', '--root', folder, '--config', config, '--project', 'narrow'],
      {
        encoding: 'utf8',
        cwd: root,
      },
    );
    return { status, output: stdout + stderr };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a rejection without a handler fails the test run, though every test in it passes', () => {
  const text = "test('passes', () => void Promise.reject(new Error('nobody handles this')));\n";
  const { status, output } = runTest(text);
  expect(output).toContain('1 passed');
  expect(output).toContain('Unhandled Rejection');
  expect(output).toContain('nobody handles this');
  expect(status).toBe(1);
});
