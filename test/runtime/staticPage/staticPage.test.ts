/** The page of docs/hosts.md from a server that knows nothing but files, in Chromium. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Installed } from '../../../src/cli/runtime/installed.ts';
import { train } from '../../../src/train/trainer.ts';
import { listener, microphone, visit } from '../chromium.ts';
import { type Project, projectWithPackage } from '../installedPackage.ts';
import { snippetFiles } from '../snippets.ts';
import { present } from '../testBattery.ts';

const installed = present('static page', 'chromium');

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.wasm': 'application/wasm',
};
const isolated = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

describe.skipIf(typeof installed === 'string')('a static page', () => {
  let project: Project;
  beforeAll(() => {
    project = projectWithPackage(snippetFiles('A page without a bundler'));
  });
  afterAll(() => project.remove());

  /**
   * Serves the page; gives what it logs and the paths it asked for. `ofModule` tells status and type of the n-th answer
   * to a request for a module.
   */
  async function logged(
    headers: Readonly<Record<string, string>>,
    page: string,
    ofModule: (n: number) => [number, string] = () => [200, types['.wasm']],
  ): Promise<[string, string[]]> {
    const { heard, answer } = listener();
    const asked: string[] = [];
    let modules = 0;
    const server = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1');
      if (pathname === '/said') return answer(request, response);
      if (pathname === '/favicon.ico') return void response.writeHead(404).end();
      asked.push(pathname);
      // What `cp -r node_modules/unbraid/dist/browser unbraid` gives.
      const path = pathname.replace('/unbraid/', '/node_modules/unbraid/dist/browser/');
      const body = pathname === '/' ? page : readFileSync(join(project.folder, path));
      const [status, type] =
        extname(pathname) === '.wasm' ? ofModule(modules++) : [200, types[extname(pathname) || '.html']];
      response.writeHead(status, { ...headers, 'Content-Type': type }).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      return [
        await visit(installed as Installed, `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, heard),
        asked.sort(),
      ];
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  test.each([
    ['any server, its threads on copies', {}, 'copied', 'unbraid.wasm'],
    ['a server with the headers for shared memory', isolated, 'shared', 'unbraid.threads.wasm'],
  ])('trains to the bits of Node from %s', async (_, headers, memory, module) => {
    const { parametersSha256 } = await train({ env: 'household', iterations: 2, evalEpisodes: 20 });
    const html = readFileSync(join(project.folder, 'index.html'), 'utf8')
      .replace('<script', `<script>${microphone}</script>\n<script`)
      .replace('console.log(', 'console.log(crew.memory, ');
    const [text, asked] = await logged(headers, html);
    expect(text).toBe(`${memory} ${parametersSha256}`);
    expect([...new Set(asked)]).toEqual(
      ['/', '/unbraid/unbraid.js', `/unbraid/${module}`, '/unbraid/worker.js'].sort(),
    );
  });

  test('trains from a server that answers 503 at first, and later sends the module as octets', async () => {
    const { parametersSha256 } = await train({ env: 'household', iterations: 2, evalEpisodes: 20 });
    const html = `<!doctype html><script>${microphone}</script><script type="module">
      import { train } from './unbraid/unbraid.js';
      const again = () => train({ env: 'household', iterations: 2, evalEpisodes: 20 });
      const failure = await again().catch((error) => error.message);
      console.log(failure, (await again()).parametersSha256);
    </script>`;
    const [text, asked] = await logged({}, html, (n) => [n === 0 ? 503 : 200, 'application/octet-stream']);
    expect(text.replace(/127\.0\.0\.1:\d+/, 'host')).toBe(
      `engineModule: http://host/unbraid/unbraid.wasm must return a WebAssembly module, got HTTP status 503 and content type application/octet-stream; check that the server has the file, and call again ${parametersSha256}`,
    );
    expect(asked.filter((path) => path.endsWith('.wasm'))).toEqual(Array(2).fill('/unbraid/unbraid.wasm'));
  });
});
