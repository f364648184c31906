/**
 * The documentation: the repository's docs/ and the pages beside it, with search. They are copied into this package
 * before each build, because modules of the generator are found from the place of a page.
 */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';

const repository = fileURLToPath(new URL('../../..', import.meta.url));
const pages = fileURLToPath(new URL('../pages', import.meta.url));

rmSync(pages, { recursive: true, force: true });
for (const path of ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', 'LICENSE', 'docs', 'examples']) {
  cpSync(join(repository, path), join(pages, path), { recursive: true });
}
cpSync(fileURLToPath(new URL('../index.md', import.meta.url)), join(pages, 'docs/index.md'));

export default defineConfig({
  title: 'unbraid',
  description: 'Documentation of unbraid: train small policies, measure gradient coupling, test what removes it',
  srcDir: 'pages',
  outDir: '../dist-docs',
  base: process.env.UNBRAID_SITE_BASE ?? '/',
  metaChunk: true,
  ignoreDeadLinks: [/\.jsonl?$/, /(algorithms|decisions)$/],
  themeConfig: { search: { provider: 'local' }, outline: { level: [2, 3] } },
  buildEnd({ outDir }) {
    // Data files to which pages link.
    const isData = (path: string): boolean => !/\.(md|ts|mjs|html)$/.test(path);
    cpSync(join(pages, 'docs'), join(outDir, 'docs'), { recursive: true, filter: isData });
  },
});
