import { describe, expect, test, vi } from 'vitest';
import { followJob } from '../../../src/cli/runtime/job.ts';
import type { Progress } from '../../../src/train/run.ts';

const progress: Progress = { phase: 'train', done: 3, total: 20, envSteps: 100, success: 0.5 };
const follow = (options = {}) => followJob('chromium 1.2', options);

describe('a job that is followed', () => {
  test('hands its progress on and gives its result', async () => {
    const seen: Progress[] = [];
    const { outcome, receive } = follow({ onProgress: (given: Progress) => seen.push(given) });
    receive(JSON.stringify({ progress }));
    receive('{"result":{"hash":"ab"}}');
    expect(await outcome).toEqual({ hash: 'ab' });
    expect(seen).toEqual([progress]);
  });

  test('fails with the error of the runtime', async () => {
    const { outcome, receive } = follow();
    receive('{"error":"config: unknown key"}');
    await expect(outcome).rejects.toThrow(new Error('chromium 1.2: config: unknown key'));
  });

  test('fails when the page is left, and names the phase', async () => {
    const { outcome, receive } = follow();
    receive(JSON.stringify({ progress }));
    receive('{"left":"the page was closed"}');
    await expect(outcome).rejects.toThrow(
      new Error('chromium 1.2: the page was closed in phase train (3 of 20); run the command again'),
    );
  });

  test('fails when the runtime ends before it began', async () => {
    const { outcome, fail } = follow();
    fail('it ended with exit code 3', 'no room');
    await expect(outcome).rejects.toThrow(
      new Error(
        'chromium 1.2: it ended with exit code 3 before it began; run the command again; last lines of its stderr:\nno room',
      ),
    );
  });

  test('fails when what arrives is no message', async () => {
    const { outcome, receive } = follow();
    receive('Segmentation fault');
    await expect(outcome).rejects.toThrow(
      new Error(
        'chromium 1.2: received "Segmentation fault", which is no message, before it began; run the command again',
      ),
    );
  });

  test('a message after the outcome starts no timer, which would keep the process alive', async () => {
    vi.useFakeTimers();
    try {
      const stopping = new AbortController();
      const seen: Progress[] = [];
      const { outcome, receive } = follow({ signal: stopping.signal, onProgress: (p: Progress) => seen.push(p) });
      receive(JSON.stringify({ progress }));
      stopping.abort(new Error('stopped'));
      await expect(outcome).rejects.toThrow('stopped');
      receive(JSON.stringify({ progress }));
      expect([vi.getTimerCount(), seen.length]).toEqual([0, 1]);
    } finally {
      vi.useRealTimers();
    }
  });

  test('fails after a silence', async () => {
    const { outcome, receive } = follow({ silenceMs: 20 });
    receive(JSON.stringify({ progress }));
    await expect(outcome).rejects.toThrow(
      new Error('chromium 1.2: received no message for 0.02 s in phase train (3 of 20); run the command again'),
    );
  });

  test('fails with the reason of an abort, also one from before', async () => {
    const controller = new AbortController();
    const { outcome } = follow({ signal: controller.signal });
    controller.abort(new Error('interrupted'));
    await expect(outcome).rejects.toThrow(new Error('interrupted'));
    await expect(follow({ signal: controller.signal }).outcome).rejects.toThrow(new Error('interrupted'));
  });
});
