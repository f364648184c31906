import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const page = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Headers that give a page shared memory, as `npm run site` and the service worker send them. */
const isolation = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

export default defineConfig({
  // Relative addresses, so that the folder works below any path.
  base: './',
  build: {
    target: 'es2023',
    // The documentation has its own assets/.
    assetsDir: 'app',
    // An inlined file would be a data: address, from which the content security policy allows no fetch.
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: {
        story: page('index.html'),
        canvas: page('canvas/index.html'),
        verify: page('verify/index.html'),
        lab: page('lab/index.html'),
        bench: page('bench/index.html'),
        volunteer: page('volunteer/index.html'),
        // Pages of the documentation load it, too.
        isolate: page('src/shell/isolate.ts'),
      },
    },
  },
  worker: { format: 'es' },
  // The package itself lies outside of the site's folder.
  server: { headers: isolation, fs: { allow: ['..'] } },
  preview: { headers: isolation },
});
