/** Opens pages in Chromium and hears what they log. */
import type { IncomingMessage, ServerResponse } from 'node:http';
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
