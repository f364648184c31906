import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PageServer, servePage } from '../../../src/cli/runtime/pageServer.ts';

let folder: string;
let server: PageServer;
const received: string[] = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'unbraid-server-'));
  for (const name of ['dist', 'job']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'secret.js'), 'secret');
  writeFileSync(join(folder, 'dist/unbraid.wasm'), 'wasm');
  writeFileSync(join(folder, 'job/battery.js'), 'code');
  const url = (path: string): URL => pathToFileURL(join(folder, path));
  const job = { module: url('job/battery.js'), input: { seed: 1 } };
  server = await servePage(new URL(`${url('dist')}/`), job, (text) => received.push(text));
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

/** As fetch, but the path is sent as it is. */
function rawStatus(path: string): Promise<number | undefined> {
  const { port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    get({ port, path, host: '127.0.0.1' }, (response) => resolve(response.resume().statusCode)).on('error', reject);
  });
}

describe('the server of a page', () => {
  test('gives a page that may share memory', async () => {
    const { status, headers } = await fetch(server.url);
    const [opener, embedder] = ['opener', 'embedder'].map((who) => headers.get(`cross-origin-${who}-policy`));
    expect([status, headers.get('content-type'), opener, embedder]).toEqual([
      200,
      'text/html',
      'same-origin',
      'require-corp',
    ]);
  });

  test('gives the job, its module and the build', async () => {
    const text = async (path: string): Promise<string> => (await fetch(server.url + path)).text();
    expect(JSON.parse(await text('job.json'))).toEqual({ module: 'job/battery.js', input: { seed: 1 } });
    expect(await text('job/battery.js')).toBe('code');
    expect((await fetch(`${server.url}dist/unbraid.wasm`)).headers.get('content-type')).toBe('application/wasm');
  });

  test('hands on what is posted', async () => {
    expect((await fetch(`${server.url}message`, { method: 'POST', body: '{"result":1}' })).status).toBe(204);
    expect(received).toEqual(['{"result":1}']);
  });

  test('serves no file outside of its folders, and none without its random path', async () => {
    const { pathname } = new URL(server.url);
    const paths = [
      'dist/../../secret.js',
      'dist/%2e%2e/secret.js',
      'dist/%2E%2e%2fsecret.js',
      'secret.js',
      'dist/missing.js',
    ];
    const statuses = await Promise.all(paths.map((path) => rawStatus(pathname + path)));
    expect(statuses).toEqual([404, 404, 404, 404, 404]);
    expect(await rawStatus('/job.json')).toBe(404);
    expect(await rawStatus(`${pathname}job.json`)).toBe(200);
  });
});
