/** The documentation: the repository's docs/, the pages beside it and the API reference, with search. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';
import { codeStyles, renderTables, withoutInline, writeExtracted } from './policy.ts';
import { sidebar } from './sidebar.ts';
import { stage, staged } from './stage.ts';

const base = process.env.UNBRAID_SITE_BASE ?? '/';
stage();
// Links to these files keep their names.
process.env.VITE_EXTRA_EXTENSIONS = 'jsonl';

/** GitHub's names of headings, so that links work in both places. */
const slugify = (heading: string): string =>
  heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

const themeFile = (name: string): string => fileURLToPath(new URL(`theme/${name}`, import.meta.url));

/** Applies the theme of the other pages before the first paint. */
const themeScript = `(() => {
  let chosen = null;
  try { chosen = localStorage.getItem('unbraid-theme'); } catch {}
  const dark = chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.classList.toggle('dark', dark);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
})();`;

export default defineConfig({
  title: 'unbraid',
  description: 'Documentation of unbraid: train small policies, measure gradient coupling, test what removes it',
  srcDir: 'pages',
  outDir: '../dist-docs',
  base,
  metaChunk: true,
  // The policy has no rule for prefetched files but default-src, which refuses them; and a reader may not want them.
  router: { prefetchLinks: false },
  appearance: false,
  // Data files; test/docs.test.ts looks for broken links in what was built.
  ignoreDeadLinks: [/\.(jsonl?|ts|html)$/, /LICENSE$/],
  head: [
    ['link', { rel: 'icon', href: `${base}icon.svg`, type: 'image/svg+xml' }],
    ['link', { rel: 'stylesheet', href: `${base}code.css` }],
    ['script', { id: 'docs-theme' }, themeScript],
  ],
  markdown: {
    anchor: { slugify },
    codeTransformers: [codeStyles],
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    config: renderTables,
  },
  vite: {
    build: { target: 'es2023', assetsInlineLimit: 0 },
    worker: { format: 'es' },
    // The header of the site, and a sidebar of plain elements, in place of the generator's.
    resolve: {
      alias: [
        { find: /^.*\/VPNav\.vue$/, replacement: themeFile('header.ts') },
        { find: /^.*\/VPSidebarGroup\.vue$/, replacement: themeFile('sidebar.ts') },
      ],
    },
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: { level: [2, 3] },
    sidebar: sidebar(),
  },
  transformHtml: (code) => withoutInline(code, base),
  buildEnd({ outDir }) {
    // Files other than pages to which pages link.
    const isData = (path: string): boolean => !path.endsWith('.md');
    for (const folder of ['docs', 'examples', 'LICENSE']) {
      cpSync(join(staged, folder), join(outDir, folder), { recursive: true, filter: isData });
    }
    writeExtracted(outDir);
  },
});
