import { expect, test } from 'vitest';
import { openProcessorClock } from '../../../src/cli/profile/processorClock.ts';

test('the clock advances while the thread sleeps; its time plus the time waited for a processor is the wall-clock time', () => {
  const clock = openProcessorClock();
  try {
    const wallStart = performance.now();
    const start = clock.now();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30);
    const elapsed = clock.now() - start;
    const wall = performance.now() - wallStart;
    expect(elapsed).toBeLessThanOrEqual(wall);
    expect(elapsed + (clock.waitedMs() ?? 0)).toBeGreaterThanOrEqual(29);
  } finally {
    clock.close();
  }
});
