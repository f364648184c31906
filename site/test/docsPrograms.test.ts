/** The programs of the tutorial outside a browser: cells in Node, commands and Python in a folder of their own. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { cellsOf } from '../docs/.vitepress/cells.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const pages = readdirSync(join(repository, 'docs/tutorial')).sort();
const read = (page: string): string => readFileSync(join(repository, 'docs/tutorial', page), 'utf8');
const cells = pages.flatMap((page) => cellsOf(page, read(page)));
const python = process.env.UNBRAID_PYTHON ?? 'python3';

it.each(cells)('the cell $name prints the committed output in Node', { timeout: 120_000 }, ({ code, output }) => {
  const run = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', code], {
    ...{ cwd: repository, encoding: 'utf8' },
  });
  expect(run.stderr).toBe('');
  expect(run.stdout).toBe(output);
});

const hasNumpy = spawnSync(python, ['-c', 'import numpy'], { encoding: 'utf8' }).status === 0;

/** Blocks of the page with the output that follows them, in order. */
const steps = [...read('6-python.md').matchAll(/^```(python|sh)\n([\s\S]*?)```\n(?:\n```text\n([\s\S]*?)```)?/gm)].map(
  ([, language, code, output]) => ({ language, code, output }),
);

it('the page on Python has the programs that the next test runs', () => {
  const kinds = steps.map(({ language, output }) => `${language}${output === undefined ? '' : ' with output'}`);
  const shown = 'with output';
  expect(kinds).toEqual(['python', ...Array(3).fill(`sh ${shown}`), ...Array(3).fill(`python ${shown}`)]);
});

it(`runs commands and Python as the page shows${hasNumpy ? '' : ' (without the programs that need numpy)'}`, {
  timeout: 240_000,
}, () => {
  const folder = mkdtempSync(join(tmpdir(), 'unbraid-docs-'));
  try {
    symlinkSync(join(repository, 'bridges'), join(folder, 'bridges'));
    cpSync(join(repository, 'bridges/unbraid_bridge.py'), join(folder, 'unbraid_bridge.py'));
    for (const { language, code, output } of steps) {
      if (language === 'python' && code.startsWith('# dishes.py\n')) {
        writeFileSync(join(folder, 'dishes.py'), code);
        continue;
      }
      if (language === 'python' && code.includes('import numpy') && !hasNumpy) continue;
      const [program, ...args] =
        language === 'python'
          ? [python, '-c', code]
          : [
              'bash',
              '-ec',
              code.replaceAll('npx unbraid', `"${process.execPath}" "${join(repository, 'dist/src/cli/main.js')}"`),
            ];
      const run = spawnSync(program, args, { cwd: folder, encoding: 'utf8' });
      expect([code, run.status, run.status === 0 ? '' : run.stderr]).toEqual([code, 0, '']);
      const printed = run.stdout.split('\n');
      // Commands also print times, which the page leaves out.
      for (const line of output.split('\n')) expect(printed).toContain(line);
      if (language === 'python') expect(run.stdout).toBe(output);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
