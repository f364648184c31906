/** Entry of a page in a browser: fetches the job from the server of the page and posts its messages to the server. */
import type { Message } from './job.ts';

/** Messages that wait until the current one is sent. A later message replaces a waiting progress message. */
const waiting: Message[] = [];
let sending = false;

async function post(message: Message): Promise<void> {
  const last = waiting[waiting.length - 1];
  if (last && 'progress' in last) waiting.pop();
  waiting.push(message);
  if (sending) return;
  sending = true;
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    await fetch('message', { method: 'POST', body: JSON.stringify(next) });
  }
  sending = false;
}

function leave(how: string): void {
  navigator.sendBeacon('message', JSON.stringify({ left: how } satisfies Message));
}
addEventListener('pagehide', () => leave('the page was closed'));
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'hidden') leave('the page was hidden');
});

const worker = new Worker(new URL('./workerEntry.js', import.meta.url), { type: 'module' });
worker.addEventListener('message', ({ data }: MessageEvent<Message>) => post(data));
worker.addEventListener('error', ({ message }) => post({ error: `the page's worker failed: ${message}` }));
const { module, input } = (await (await fetch('job.json')).json()) as { module: string; input: unknown };
const absolute = (path: string): string => new URL(path, location.href).href;
worker.postMessage({ library: absolute('dist/browser/unbraid.js'), module: absolute(module), input });
