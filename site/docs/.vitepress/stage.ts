/**
 * Copies the pages into this package before a build, because modules of the generator are found from the place of a
 * page. Links to folders become links to a list of their pages, and cells become components.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cellsOf, withCells } from './cells.ts';

const repository = fileURLToPath(new URL('../../..', import.meta.url));
const site = fileURLToPath(new URL('../..', import.meta.url));
export const staged = join(site, 'docs/pages');
const cellFolder = join(site, 'docs/cells');

/** The first heading of a page of docs/ or of its API, as text. */
export function titleOf(path: string): string {
  const heading = /^# (.+)$/m.exec(readFileSync(join(staged, path), 'utf8'))?.[1] ?? path;
  return heading.replaceAll(/[`*]|\\(?=\W)/g, '');
}

/** The pages of a folder, by name. */
export function pagesIn(folder: string): string[] {
  return readdirSync(join(staged, folder))
    .filter((name) => name.endsWith('.md') && name !== 'index.md')
    .sort()
    .map((name) => `${folder}/${name}`);
}

/** Headings of the lists of folders. */
const headings: Readonly<Record<string, string>> = { 'docs/algorithms': 'Methods', 'docs/decisions': 'Decisions' };

/** Writes the list of a folder: its pages, then its other files. */
function listFolder(folder: string): void {
  const others = readdirSync(join(staged, folder), { withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.md'))
    .map(({ name }) => `* [${name}](./${name})\n`);
  const links = pagesIn(folder).map((path) => `* [${titleOf(path)}](./${relative(folder, path)})\n`);
  const heading = headings[folder] ?? `Files of ${folder}`;
  writeFileSync(join(staged, folder, 'index.md'), `# ${heading}\n\n${[...links, ...others.sort()].join('')}`);
}

/** Links to folders lead to their lists. Those to files that the site does not have become text. */
function relink(path: string, markdown: string): string {
  const isOutside = (target: string): boolean => {
    return existsSync(join(repository, dirname(path), target)) && !existsSync(join(staged, dirname(path), target));
  };
  const kept = markdown.replaceAll(/\[([^[\]]+)\]\((?!\w+:|#)([^)\s#]+)\)/g, (link, text: string, target: string) =>
    isOutside(target) ? text : link,
  );
  return kept.replaceAll(/\]\((?!\w+:|#)([^)\s#]+)((?:#[^)\s]*)?)\)/g, (link, target: string, anchor: string) => {
    const folder = join(dirname(path), target).replace(/\/$/, '');
    if (!statSync(join(staged, folder), { throwIfNoEntry: false })?.isDirectory()) return link;
    if (!existsSync(join(staged, folder, 'index.md'))) listFolder(folder);
    return `](${target.replace(/\/$/, '')}/index.md${anchor})`;
  });
}

/** Stages all pages and the modules of their cells. */
export function stage(): void {
  rmSync(staged, { recursive: true, force: true });
  rmSync(cellFolder, { recursive: true, force: true });
  mkdirSync(cellFolder, { recursive: true });
  for (const path of ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', 'LICENSE', 'docs', 'examples']) {
    cpSync(join(repository, path), join(staged, path), { recursive: true });
  }
  cpSync(join(site, 'docs/index.md'), join(staged, 'docs/index.md'));
  if (existsSync(join(site, 'docs/api'))) cpSync(join(site, 'docs/api'), join(staged, 'docs/api'), { recursive: true });
  const files = readdirSync(staged, { recursive: true, encoding: 'utf8' }).sort();
  for (const path of files.filter((name) => name.endsWith('.md'))) {
    const markdown = readFileSync(join(staged, path), 'utf8');
    for (const { name, code } of cellsOf(path, markdown)) writeFileSync(join(cellFolder, `${name}.ts`), code);
    writeFileSync(join(staged, path), relink(path, withCells(markdown)));
  }
}
