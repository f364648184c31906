import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { spawnWorker } from '../../workers/spawn.web.ts';

/** A Web Worker that sends no message by itself. */
class SilentWorker extends EventTarget {
  static readonly all: SilentWorker[] = [];
  readonly url: URL;
  readonly options: WorkerOptions;
  terminated = false;

  constructor(url: URL, options: WorkerOptions) {
    super();
    this.url = url;
    this.options = options;
    SilentWorker.all.push(this);
  }

  postMessage(): void {}

  terminate(): void {
    this.terminated = true;
  }
}

describe('a Web Worker', () => {
  let page = new EventTarget();
  beforeEach(() => {
    page = new EventTarget();
    SilentWorker.all.length = 0;
    vi.stubGlobal('Worker', SilentWorker);
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
  });
  afterEach(() => vi.unstubAllGlobals());

  test('runs the module beside it under the given name', () => {
    spawnWorker('unbraid worker 2');
    const [{ url, options }] = SilentWorker.all;
    expect(url.pathname.endsWith('/workers/worker.web.js')).toBe(true);
    expect(options).toEqual({ type: 'module', name: 'unbraid worker 2' });
  });

  test.each<[string, () => void, string]>([
    [
      'an error',
      () => SilentWorker.all[0].dispatchEvent(Object.assign(new Event('error'), { message: 'out of memory' })),
      'out of memory',
    ],
    [
      'a script that does not load',
      () => SilentWorker.all[0].dispatchEvent(new Event('error')),
      'its script did not load',
    ],
    [
      'a message that cannot be read',
      () => SilentWorker.all[0].dispatchEvent(new Event('messageerror')),
      'a message could not be read',
    ],
    [
      'a page that is hidden or closed',
      () => page.dispatchEvent(new Event('pagehide')),
      'the page was hidden or closed',
    ],
  ])('ends with %s', async (_, happen, reason) => {
    const { ended } = spawnWorker('unbraid worker 2');
    happen();
    await expect(ended).rejects.toThrow(new Error(reason));
  });

  test('removes its listener on the page when it is terminated', async () => {
    const { ended, terminate } = spawnWorker('unbraid worker 2');
    const told = vi.fn();
    ended.catch(told);
    terminate();
    expect(SilentWorker.all[0].terminated).toBe(true);
    page.dispatchEvent(new Event('pagehide'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(told).not.toHaveBeenCalled();
  });
});
