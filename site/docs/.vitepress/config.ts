/** The documentation: every page of the repository's docs/ and the API reference, with search. */
import { defineConfig } from 'vitepress';

export default defineConfig({
  title: 'unbraid',
  description: 'Documentation of unbraid',
  srcDir: '../../docs',
  outDir: '../dist/docs',
  base: process.env.UNBRAID_SITE_BASE ? `${process.env.UNBRAID_SITE_BASE}docs/` : '/docs/',
  cleanUrls: false,
  metaChunk: true,
  themeConfig: { search: { provider: 'local' } },
});
