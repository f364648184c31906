/** Opens pages in Chromium and hears what they log. */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { openBrowser } from '../../src/cli/runtime/browser.ts';
import type { Installed } from '../../src/cli/runtime/installed.ts';

/** Goes first in a page: sends to /said what the page logs, and how it fails. */
export const microphone = `
const say = (text) => fetch('/said', { method: 'POST', body: text });
console.log = (...values) => say(values.join(' '));
addEventListener('error', (event) => say('error: ' + (event.message ?? 'a script did not load')), true);
addEventListener('unhandledrejection', (event) => say('error: ' + (event.reason?.stack ?? event.reason)));`;

/** Hears the first thing that a page says; `answer` is the server's handler of /said. */
export function listener(): {
  readonly heard: Promise<string>;
  answer(request: IncomingMessage, response: ServerResponse): void;
} {
  let hear: (text: string) => void = () => {};
  const heard = new Promise<string>((resolve) => {
    hear = resolve;
  });
  return {
    heard,
    answer(request, response) {
      let text = '';
      request.setEncoding('utf8').on('data', (part) => {
        text += part;
      });
      request.on('end', () => {
        response.end();
        hear(text);
      });
    },
  };
}

/** Opens a page until something is heard of it. */
export async function visit(chromium: Installed, url: string, heard: Promise<string>): Promise<string> {
  const browser = openBrowser({ ...chromium, name: 'chromium' }, url);
  const left = browser.ended.then(({ how, stderr }): never => {
    throw new Error(`Chromium: ${how}; ${stderr}`);
  });
  try {
    return await Promise.race([heard, left]);
  } finally {
    await browser.close();
  }
}

const types: Readonly<Record<string, string>> = { '.js': 'text/javascript', '.mjs': 'text/javascript' };

/** The first text that the page with the script main.js of a folder logs. Its threads can share memory. */
export async function loggedByBundle(chromium: Installed, folder: string): Promise<string> {
  const { heard, answer } = listener();
  const html = `<!doctype html><script>${microphone}</script><script type="module" src="/main.js"></script>`;
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1');
    if (pathname === '/said') return answer(request, response);
    if (pathname === '/favicon.ico') return void response.writeHead(404).end();
    response
      .writeHead(200, {
        'Cross-Origin-Opener-Policy': 'same-origin',
        'Cross-Origin-Embedder-Policy': 'require-corp',
        'Content-Type': pathname === '/' ? 'text/html' : (types[extname(pathname)] ?? 'application/octet-stream'),
      })
      .end(pathname === '/' ? html : readFileSync(join(folder, pathname)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await visit(chromium, `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, heard);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}
