/**
 * The programs in examples/: short, with the output that they state. They import the package by its name, so they run
 * what was built.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Installed } from '../../src/cli/runtime/installed.ts';
import { train } from '../../src/train/trainer.ts';
import { listener, microphone, visit } from '../runtime/chromium.ts';
import { present } from '../runtime/testBattery.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const names = readdirSync(`${root}examples`).sort();
const read = (name: string): string => readFileSync(`${root}examples/${name}`, 'utf8');

test.each(names)('%s has at most 40 lines', (name) => {
  expect(read(name).trimEnd().split('\n').length).toBeLessThanOrEqual(40);
});

test.each(names.filter((name) => name.endsWith('.ts')))('%s prints the output that it states', (name) => {
  const stated = /\n\/\/ Output:\n((?:\/\/ .*\n)+)$/.exec(read(name))?.[1] ?? '';
  const { stdout, stderr, status } = spawnSync(process.execPath, [`examples/${name}`], { cwd: root, encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toBe(stated.replace(/^\/\/ /gm, ''));
});

const installed = present('example page', 'chromium');

describe.skipIf(typeof installed === 'string')('page.html', () => {
  test('trains in Chromium to the bits of Node', async () => {
    const { heard, answer } = listener();
    const types: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript' };
    const server = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1');
      if (pathname === '/said') return answer(request, response);
      if (!/^\/(examples\/page\.html|dist\/browser\/[\w.]+)$/.test(pathname)) return void response.writeHead(404).end();
      response.setHeader('content-type', types[extname(pathname)] ?? 'application/wasm');
      const file = readFileSync(root + pathname.slice(1));
      const isPage = pathname.endsWith('.html');
      response.end(isPage ? file.toString().replace('<script', `<script>${microphone}</script>\n<script`) : file);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const text = await visit(installed as Installed, `http://127.0.0.1:${port}/examples/page.html`, heard);
      const config = { env: 'household', iterations: 2, evalEpisodes: 20, coldStartUpdates: 10 };
      expect(text).toBe((await train(config)).parametersSha256);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
