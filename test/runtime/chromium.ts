/** Opens pages in Chromium and hears what they log. */
import { spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What UNBRAID_CHROMIUM names, or the first `chromium` in the PATH. */
export const chromium =
  process.env.UNBRAID_CHROMIUM ??
  (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'chromium'))
    .find(isProgram);

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

/** Opens a page in a new profile until something is heard of it. */
export async function visit(url: string, heard: Promise<string>): Promise<string> {
  const profile = mkdtempSync(join(tmpdir(), 'unbraid-chromium-'));
  const flags = ['--headless', '--no-first-run', '--disable-gpu', `--user-data-dir=${profile}`];
  // Chromium refuses to run its sandbox as root.
  if (process.getuid?.() === 0) flags.push('--no-sandbox');
  const env = { ...process.env, HOME: profile, TMPDIR: profile };
  const browser = spawn(chromium as string, [...flags, url], { detached: true, stdio: 'ignore', env });
  const left = new Promise<never>((_, reject) => {
    browser.once('error', reject);
    browser.once('exit', (code) => reject(new Error(`Chromium left with exit code ${code}`)));
  });
  const gone = new Promise((resolve) => browser.once('close', resolve));
  try {
    return await Promise.race([heard, left]);
  } finally {
    left.catch(() => {});
    if (browser.exitCode === null && browser.pid) process.kill(-browser.pid, 'SIGKILL');
    await gone;
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}
