import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { checkDownward, drawFolderGraph, essentialImports, readFolderGraph } from '../../scripts/folderGraph.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('docs/figures/folders.svg shows the imports of src/', { timeout: 60_000 }, () => {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/drawFolders.ts', '--check'], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
});

test('the table of docs/architecture.md lists the folders of dependency-cruiser.cjs from top to bottom', async () => {
  const page = readFileSync(`${root}/docs/architecture.md`, 'utf8');
  const table = /^\| Folder \| Holds \|[\s\S]*?\n\n/m.exec(page)?.[0] ?? '';
  const rows = [...table.matchAll(/^\| (`.*?`) \|/gm)].map(([, cell]) => cell.replaceAll('`', ''));
  expect(rows.toReversed()).toEqual((await readFolderGraph()).names);
});

test('an import that leads back up is an error with both folders', () => {
  const names = ['kernels', 'layers', 'policy'];
  expect(() => checkDownward({ names, imports: [[], [0], [0, 1]] })).not.toThrow();
  expect(() => checkDownward({ names, imports: [[], [0, 2], [0]] })).toThrow(
    new Error(
      'checkDownward: layers must import only folders below it, got an import of policy; move the file that both need',
    ),
  );
});

test('imports that follow from others are left out, and the bytes of a figure depend on its graph alone', () => {
  const imports = [[], [0], [0], [0, 1, 2], [0, 1, 3]];
  expect(essentialImports({ imports })).toEqual([[], [0], [0], [1, 2], [3]]);
  const names = ['a', 'b', 'c', 'd', 'e'];
  const svg = drawFolderGraph({ names, imports });
  expect(svg.match(/marker-end/g)).toHaveLength(5);
  expect(drawFolderGraph({ names, imports })).toBe(svg);
  expect(drawFolderGraph({ names: ['a', 'b', 'c', 'd', 'f<'], imports })).toContain('>f&lt;</text>');
});
