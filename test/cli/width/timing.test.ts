import { describe, expect, test } from 'vitest';
import { choose, fasterOf } from '../../../src/cli/width/battery.ts';
import { timeInThread } from '../../../src/cli/width/timing.ts';
import { mergingObstacle } from '../../../src/engine/kernels/optimised.ts';
import { openWide } from '../../../src/engine/kernels/wide.ts';

const module = new WebAssembly.Module(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]));

/** The choice between builds whose rounds take these ms in turn; the last time repeats. */
function chosen(narrow: readonly number[], wide: readonly number[]) {
  let ms = 0;
  const rounds = (times: readonly number[]) => {
    let next = 0;
    return (): void => {
      ms += times[Math.min(next++, times.length - 1)];
    };
  };
  return choose(rounds(narrow), rounds(wide), module, () => ms);
}

test('the build with the shorter least time is chosen; longer rounds do not count', () => {
  expect(chosen([9, 2], [7, 9, 1, 8])).toEqual({
    build: 'wide',
    buildReason: 'a round of kernels takes the wide build 0.50 of the time of the narrow build',
    narrowMs: 2,
    wideMs: 1,
    module,
  });
  const slower = { build: 'narrow', narrowMs: 2, module: null };
  expect(chosen([2], [3])).toMatchObject({ ...slower, wideMs: 3 });
  expect(chosen([2], [3]).buildReason).toMatch(/ 1\.50 of the time of the narrow build$/);
  expect(chosen([2], [2])).toMatchObject({ ...slower, wideMs: 2 });
});

describe('a thread of its own', () => {
  const reasonOf = async (code: string): Promise<string> => {
    const timing = timeInThread('single', new URL(`data:text/javascript,${encodeURIComponent(code)}`));
    timing.keepAlive();
    const { build, module: none, buildReason } = await timing.choice;
    expect([build, none]).toEqual(['narrow', null]);
    return buildReason;
  };

  test('that fails or ends leaves the narrow build, with the cause', async () => {
    expect(await reasonOf('throw new Error("no clock")')).toBe('the builds could not be timed: no clock');
    expect(await reasonOf('throw "no clock"')).toBe('the builds could not be timed: no clock');
    expect(await reasonOf('process.exit(3)')).toBe('the builds could not be timed: the thread ended with exit code 3');
  });

  test.skipIf(mergingObstacle() !== null)('times both builds, or names why the wide one did not load', async () => {
    const timing = timeInThread('threads');
    timing.keepAlive();
    const { build, narrowMs, wideMs, module: sent } = await timing.choice;
    expect([narrowMs, wideMs]).toEqual([expect.any(Number), expect.any(Number)]);
    expect(sent instanceof WebAssembly.Module).toBe(build === 'wide');
    expect(await timeInThread('none' as never).choice).toMatchObject({ build: 'narrow', module: null });
  });
});

test.skipIf(mergingObstacle() !== null)('both builds of each kind run the rounds', async () => {
  for (const build of ['single', 'threads', 'relaxed'] as const) {
    const { module: wide } = await openWide(build);
    let ms = 0;
    const choice = await fasterOf(build, wide as WebAssembly.Module, () => ms++);
    expect(choice).toMatchObject({ narrowMs: 1, wideMs: 1, build: 'narrow' });
  }
});
