/**
 * The documentation: the repository's docs/ and the pages beside it, with search. They are copied into this package
 * before each build, because modules of the generator are found from the place of a page.
 *
 * The content security policy of the site allows no inline scripts and styles, so those of the generator become files.
 */
import { cpSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformerStyleToClass } from '@shikijs/transformers';
import { defineConfig } from 'vitepress';

const repository = fileURLToPath(new URL('../../..', import.meta.url));
const pages = fileURLToPath(new URL('../pages', import.meta.url));
const base = process.env.UNBRAID_SITE_BASE ?? '/';

rmSync(pages, { recursive: true, force: true });
for (const path of ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', 'LICENSE', 'docs', 'examples']) {
  cpSync(join(repository, path), join(pages, path), { recursive: true });
}
cpSync(fileURLToPath(new URL('../index.md', import.meta.url)), join(pages, 'docs/index.md'));

const codeStyles = transformerStyleToClass({ classPrefix: 'code-' });
const scripts = new Map<string, string>();

/** Title of a page: its first heading. */
function items(folder: string): { text: string; link: string }[] {
  return readdirSync(join(pages, folder))
    .filter((name) => name.endsWith('.md') && name !== 'index.md')
    .sort()
    .map((name) => {
      const words = basename(name, '.md').replaceAll('-', ' ');
      return { text: words[0].toUpperCase() + words.slice(1), link: `/${folder}/${name}` };
    });
}

export default defineConfig({
  title: 'unbraid',
  description: 'Documentation of unbraid: train small policies, measure gradient coupling, test what removes it',
  srcDir: 'pages',
  outDir: '../dist-docs',
  base,
  metaChunk: true,
  // The policy has no rule for prefetched files but default-src, which refuses them; and a reader may not want them.
  router: { prefetchLinks: false },
  // Otherwise each change of the theme adds a style element, which the content security policy refuses.
  appearance: { disableTransition: false },
  ignoreDeadLinks: [/\.jsonl?$/, /(algorithms|decisions)$/],
  head: [
    ['link', { rel: 'icon', href: `${base}icon.svg`, type: 'image/svg+xml' }],
    ['link', { rel: 'stylesheet', href: `${base}code.css` }],
  ],
  markdown: {
    codeTransformers: [codeStyles],
    config(md) {
      // Columns are aligned by a class instead of a style attribute.
      for (const rule of ['td_open', 'th_open']) {
        md.renderer.rules[rule] = (tokens, i, options, _env, self) => {
          const style = tokens[i].attrGet('style');
          if (style) {
            tokens[i].attrs = (tokens[i].attrs ?? []).filter(([name]) => name !== 'style');
            tokens[i].attrJoin('class', style.replace('text-align:', 'to-'));
          }
          return self.renderToken(tokens, i, options);
        };
      }
    },
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: { level: [2, 3] },
    nav: [
      { text: 'Story', link: `${base}`, target: '_self' },
      { text: 'Canvas', link: `${base}canvas/`, target: '_self' },
      { text: 'Lab', link: `${base}lab/`, target: '_self' },
      { text: 'Check', link: `${base}verify/`, target: '_self' },
      { text: 'Benchmark', link: `${base}bench/`, target: '_self' },
    ],
    sidebar: [
      {
        text: 'Guide',
        items: ['tutorial', 'environments', 'third-party', 'bridge', 'custom', 'configuration', 'labels', 'study', 'profile'].map(
          (name) => items('docs').find(({ link }) => link === `/docs/${name}.md`) ?? { text: name, link: `/docs/${name}.md` },
        ),
      },
      {
        text: 'Reference',
        items: ['metrics', 'math', 'glossary', 'receipts', 'determinism', 'hosts', 'architecture', 'related-work'].map(
          (name) => items('docs').find(({ link }) => link === `/docs/${name}.md`) ?? { text: name, link: `/docs/${name}.md` },
        ),
      },
      { text: 'Methods', collapsed: true, items: items('docs/algorithms') },
      { text: 'Results', collapsed: true, items: items('docs/results') },
      { text: 'Decisions', collapsed: true, items: items('docs/decisions') },
    ],
  },
  transformHtml(code) {
    return code
      .replaceAll(/<script id="([\w-]+)">([^<]*)<\/script>/g, (_, id: string, content: string) => {
        scripts.set(id, content);
        return `<script src="${base}${id}.js"></script>`;
      })
      .replaceAll(/ style="[^"]*"/g, '');
  },
  buildEnd({ outDir }) {
    // Data files to which pages link.
    const isData = (path: string): boolean => !/\.(md|ts|mjs|html)$/.test(path);
    cpSync(join(pages, 'docs'), join(outDir, 'docs'), { recursive: true, filter: isData });
    for (const [id, content] of scripts) writeFileSync(join(outDir, `${id}.js`), `${content}\n`);
    const aligned = ['left', 'center', 'right'].map((side) => `.to-${side} { text-align: ${side}; }\n`).join('');
    writeFileSync(join(outDir, 'code.css'), codeStyles.getCSS() + aligned);
  },
});
