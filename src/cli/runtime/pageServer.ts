/** Serves a page that runs a job, and receives the messages that the page posts. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, extname } from 'node:path';
import type { Job } from './job.ts';

const types: Readonly<Record<string, string>> = { '.js': 'text/javascript', '.wasm': 'application/wasm' };

/** Headers that a page needs for memory shared between threads. */
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};

const page = `<!doctype html><meta charset="utf-8"><title>unbraid</title><link rel="icon" href="data:,">
<p>unbraid is running a job in this page. The page closes when the job ends.</p><script type="module" src="dist/src/cli/runtime/pageEntry.js"></script>
`;

export interface PageServer {
  readonly url: string;
  close(): Promise<void>;
}

/** The file of a path below the page; null if there is none. */
function fileOf(path: string, folders: Readonly<Record<string, URL>>): URL | null {
  const [folder, ...rest] = path.split('/');
  // The URL parser has resolved dot segments, but not those that are percent-encoded.
  if (!Object.hasOwn(folders, folder) || rest.length === 0 || path.includes('%')) return null;
  return new URL(rest.join('/'), folders[folder]);
}

/**
 * Serves the job on a free port of the loopback address, below a random path that other programs cannot guess.
 *
 * @param dist folder of the built package
 */
export async function servePage(dist: URL, job: Job, receive: (text: string) => void): Promise<PageServer> {
  const root = `/${randomBytes(16).toString('hex')}/`;
  const folders = { dist, job: new URL('./', job.module) };
  const description = JSON.stringify({ module: `job/${basename(job.module.pathname)}`, input: job.input });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const reply = (status: number, type: string, body: string | Uint8Array): void => {
      response.writeHead(status, { ...headers, 'Content-Type': type }).end(body);
    };
    const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1');
    const path = pathname.slice(root.length);
    const file = fileOf(path, folders);
    if (!pathname.startsWith(root)) reply(404, 'text/plain', 'not found');
    else if (request.method === 'POST' && path === 'message') {
      let text = '';
      for await (const chunk of request.setEncoding('utf8')) text += chunk;
      reply(204, 'text/plain', '');
      receive(text);
    } else if (path === '') reply(200, 'text/html', page);
    else if (path === 'job.json') reply(200, 'application/json', description);
    else if (file) reply(200, types[extname(path)] ?? 'text/plain', await readFile(file));
    else reply(404, 'text/plain', 'not found');
  }
  const server = createServer((request, response) => {
    answer(request, response).catch((error: Error) => response.writeHead(404, headers).end(error.message));
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${root}`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
