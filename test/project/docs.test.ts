/** Compares README, docs and help with the code and with the stored results. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { labelSources } from '../../src/config/labelNames.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

const read = (path: string): string => readFileSync(`${root}/${path}`, 'utf8');

const filesOf = (folder: string, ending: string): string[] =>
  readdirSync(`${root}/${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => `${folder}/${name}`);

const pages = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', ...filesOf('docs', '.md')];

/** Commands and links that download the package from a registry or from a copy of one. */
const fetches =
  /npx (?:--?\S+ )*unbraid@|npm (?:i|install|add) (?:--?\S+ )*unbraid\b|(?:bun|deno|pnpm|yarn) add (?:npm:|--?\S+ )*unbraid\b|npm:unbraid|(?:unpkg\.com|jsdelivr\.net|esm\.sh|skypack\.dev)\S*unbraid/;

test('no page tells a reader to fetch the package, which is not published, and README and docs/hosts.md say so', () => {
  for (const words of ['npx unbraid@0.1.0 verify', 'npm install unbraid', 'npm i -g unbraid', 'deno add npm:unbraid'])
    expect(words).toMatch(fetches);
  for (const words of ['npx unbraid verify runs/first', 'npm install ../unbraid/unbraid-0.1.0.tgz'])
    expect(words).not.toMatch(fetches);
  for (const path of [...pages, ...filesOf('src', '.ts')])
    expect([path, fetches.exec(read(path))?.[0]]).toEqual([path, undefined]);
  for (const path of ['README.md', 'docs/hosts.md']) expect(read(path)).toMatch(/not published in a package registry/);
});

test('nothing says that unbraid removes coupling: it tests what removes it', () => {
  const { description } = JSON.parse(read('package.json')) as { description: string };
  const first = read('README.md').split('\n\n', 2)[1];
  for (const text of [description, first, read('src/index.ts'), read('src/cli/program.ts')]) {
    expect(text).toMatch(/tests?\s+what removes it, with[\s*]+controls/);
    expect(text).not.toMatch(/and\s+removes?\s+it/);
  }
});

test('docs/metrics.md has the metrics that the code writes, and no others', () => {
  const shown = [...read('docs/metrics.md').matchAll(/^\| `([a-z]+\/\w+)` \|/gm)].map(([, key]) => key);
  const source = filesOf('src/train', '.ts').map(read).join('\n');
  const groups =
    'charts|losses|labels|eval|coupling|conflict|decouple|embedding|spillover|gradient|churn|actions|graph|hindsight';
  const written = [...source.matchAll(new RegExp(`['"]((?:${groups})/\\w+)['"]`, 'g'))];
  const named = new Set(written.map(([, key]) => key));
  expect(shown.length).toBeGreaterThan(20);
  for (const key of shown) expect([...named]).toContain(key);
  for (const key of named) if (/^(charts|losses|graph|hindsight)/.test(key)) expect(shown).toContain(key);
  const page = read('docs/metrics.md');
  for (const key of named) if (/^(coupling|embedding|spillover)/.test(key)) expect(page).toContain(`\`${key}\``);
});

test('docs/labels.md has a row for each source of labels', () => {
  const table = /^\| `labels` \|[\s\S]*?\n\n/m.exec(read('docs/labels.md'))?.[0] ?? '';
  const rows = [...table.matchAll(/^\| `(\w+)`(?: \(default\))? \|/gm)].map(([, name]) => name).slice(1);
  expect(rows.toSorted()).toEqual([...labelSources].toSorted());
});

test('links between the pages lead to files and headings', () => {
  const slug = (heading: string): string =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-');
  const anchorsOf = (path: string): string[] =>
    [...read(path).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => slug(heading));
  for (const page of pages) {
    for (const [, target] of read(page).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
      const [path, anchor] = target.split('#');
      const url = path === '' ? new URL(page, `file://${root}/`) : new URL(path, new URL(page, `file://${root}/`));
      const file = fileURLToPath(url).slice(root.length).replace(/^\//, '');
      if (anchor !== undefined) expect([page, target, anchorsOf(file).includes(anchor)]).toEqual([page, target, true]);
      else if (/\.\w+$/.test(file))
        expect([page, target, readFileSync(`${root}/${file}`).length > 0]).toEqual([page, target, true]);
    }
  }
});
