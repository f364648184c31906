import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'vite';
import { expect, test } from 'vitest';
import { projectWithPackage } from '../installedPackage.ts';
import { snippetFiles } from '../snippets.ts';

test('vite build makes the modules and the worker assets of their own, and inlines none', async () => {
  const project = projectWithPackage({ ...snippetFiles('Vite'), ...snippetFiles('Worker threads') });
  try {
    const warnings: string[] = [];
    const customLogger = {
      hasWarned: false,
      info: () => {},
      warn: (text: string) => warnings.push(text),
      warnOnce: (text: string) => warnings.push(text),
      error: (text: string) => warnings.push(text),
      clearScreen: () => {},
      hasErrorLogged: () => false,
    };
    await build({ root: project.folder, customLogger, logLevel: 'warn' });
    const assets = readdirSync(join(project.folder, 'dist/assets')).sort();
    expect(assets.map((name) => name.replace(/-[\w-]{8}\./, '.'))).toEqual([
      'index.js',
      'unbraid.wasm',
      'unbraid.relaxed.wasm',
      'unbraid.threads.wasm',
      'worker.web.js',
    ]);
    expect(warnings).toEqual([]);
  } finally {
    project.remove();
  }
});
