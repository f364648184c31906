/**
 * Builds the site and serves it on the loopback address with the headers that it needs.
 *
 *     npm run site
 *     npm run site -- --port 8080 --no-build
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { serveSite } from './server.ts';

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
try {
  const { url } = await serveSite(dist, port);
  process.stdout.write(`${url}\n`);
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException;
  const advice = code === 'EADDRINUSE' ? `; port ${port} is taken, choose another with --port` : '';
  process.stderr.write(`serve: ${message}${advice}\n`);
  process.exitCode = 1;
}
