/**
 * Builds the site and serves it on the loopback address with the headers that it needs.
 *
 *     npm run site
 *     npm run site -- --port 8080 --no-build
 */
import { execFileSync } from 'node:child_process';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { siteHeaders } from './headers.ts';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const { values } = parseArgs({
  options: { port: { type: 'string', default: '4173' }, build: { type: 'boolean', default: true } },
  allowNegative: true,
});
const port = Number(values.port);
if (!Number.isInteger(port) || port < 0 || port > 65_535) {
  throw new Error(`serve: --port must be an integer from 0 to 65535, got ${values.port}; 0 takes a free port`);
}
if (values.build || !existsSync(join(dist, 'index.html'))) {
  execFileSync(process.execPath, [fileURLToPath(new URL('build.ts', import.meta.url))], { stdio: 'inherit' });
}

const types: Readonly<Record<string, string>> = {
  ...{ '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css' },
  ...{ '.wasm': 'application/wasm', '.svg': 'image/svg+xml', '.json': 'application/json' },
  ...{ '.jsonl': 'text/plain; charset=utf-8', '.woff2': 'font/woff2' },
};

/** The file of a path of an address; null if there is none. */
function fileOf(pathname: string): string | null {
  const path = decodeURIComponent(pathname);
  // The URL parser has resolved dot segments, but not those that are percent-encoded.
  if (path.split('/').includes('..') || path.includes('\0')) return null;
  const file = join(dist, path.endsWith('/') ? `${path}index.html` : path);
  return statSync(file, { throwIfNoEntry: false })?.isFile() ? file : null;
}

const server = createServer((request, response) => {
  let file: string | null = null;
  try {
    file = fileOf(new URL(request.url ?? '/', 'http://127.0.0.1').pathname);
  } catch {
    // An address that is no valid text is of no file.
  }
  if (file === null) {
    response.writeHead(404, { ...siteHeaders, 'Content-Type': 'text/plain' }).end('not found');
    return;
  }
  response.writeHead(200, { ...siteHeaders, 'Content-Type': types[extname(file)] ?? 'application/octet-stream' });
  createReadStream(file).pipe(response);
});
server.once('error', (error: NodeJS.ErrnoException) => {
  const advice = error.code === 'EADDRINUSE' ? `; port ${port} is taken, choose another with --port` : '';
  process.stderr.write(`serve: ${error.message}${advice}\n`);
  process.exitCode = 1;
});
server.listen(port, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}/\n`);
});
