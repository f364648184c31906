/** Serves a built site on the loopback address. */
import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { policyOf, siteHeaders } from './headers.ts';

const types: Readonly<Record<string, string>> = {
  ...{ '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css' },
  ...{ '.wasm': 'application/wasm', '.svg': 'image/svg+xml', '.json': 'application/json' },
  ...{ '.jsonl': 'text/plain; charset=utf-8', '.woff2': 'font/woff2' },
};

/** The file of a path of an address; null if there is none. */
function fileOf(folder: string, pathname: string): string | null {
  const path = decodeURIComponent(pathname);
  // The URL parser has resolved dot segments, but not those that are percent-encoded.
  if (path.split('/').includes('..') || path.includes('\0')) return null;
  const file = join(folder, path.endsWith('/') ? `${path}index.html` : path);
  return statSync(file, { throwIfNoEntry: false })?.isFile() ? file : null;
}

export interface SiteServer {
  /** Ends with /. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * @param port 0: a free one
 * @param headers those of each answer; default: `siteHeaders`, with the policies of single pages
 * @param served called with the file of each answer
 * @throws the system's error where the port is taken
 */
export async function serveSite(
  folder: string,
  port = 0,
  headers: Readonly<Record<string, string>> = siteHeaders,
  served: (file: string) => void = () => {},
): Promise<SiteServer> {
  const server = createServer((request, response) => {
    let file: string | null = null;
    try {
      file = fileOf(folder, new URL(request.url ?? '/', 'http://127.0.0.1').pathname);
    } catch {
      // An address that is no valid text is of no file.
    }
    if (file === null) {
      response.writeHead(404, { ...headers, 'Content-Type': 'text/plain' }).end('not found');
      return;
    }
    const type = types[extname(file)] ?? 'application/octet-stream';
    served(file);
    const policy = 'Content-Security-Policy' in headers && { 'Content-Security-Policy': policyOf(file) };
    response.writeHead(200, { ...headers, ...policy, 'Content-Type': type, 'Cache-Control': 'no-cache' });
    createReadStream(file).pipe(response);
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
