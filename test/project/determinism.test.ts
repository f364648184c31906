import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

test('docs/determinism.md names only files that exist, and every file of lint/', () => {
  const root = new URL('../../', import.meta.url);
  const text = readFileSync(new URL('docs/determinism.md', root), 'utf8');
  const named = [...text.matchAll(/`((?:assembly|lint|src|test)\/[\w./]*|\w+\.json)`/g)].map(([, path]) => path);
  expect(named.length).toBeGreaterThan(40);
  const written = new Set(['result.json']);
  expect(named.filter((path) => !written.has(path) && !existsSync(new URL(path, root)))).toEqual([]);
  for (const rule of ['folders', 'power', 'race']) expect(named).toContain(`lint/${rule}.grit`);
});
