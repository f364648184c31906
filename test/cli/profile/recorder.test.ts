import { describe, expect, test } from 'vitest';
import { createRecorder, readKernel } from '../../../src/cli/profile/recorder.ts';
import { engineModule } from '../../../src/engine/kernels/load.ts';

/** A clock that advances by 1 ms at each reading, and by any time with `pass`. */
function steppingClock() {
  let ms = 0;
  return {
    now: () => ++ms,
    pass: (by: number) => {
      ms += by;
    },
  };
}

const views = { f32: new Float32Array(), i32: new Int32Array(), i8: new Int8Array() };

describe('recorder', () => {
  test('a call gives what the kernel gives; its time, operations and bytes are those of the phase it is in', async () => {
    const clock = steppingClock();
    const recorder = createRecorder(['rollout', 'step'], clock.now);
    const memory = new WebAssembly.Memory({ initial: 4 });
    const kernels = recorder.kernels(await engineModule(), memory);
    const base = Math.ceil(kernels.heapBase() / 64) * 64;
    const f32 = new Float32Array(memory.buffer);
    f32.set([1, 2, 3], base / 4);
    recorder.enter('rollout');
    expect(kernels.sumOfSquares(base, 3)).toBe(14);
    memory.grow(1);
    recorder.enter('step');
    kernels.fill(base, 3, 5);
    kernels.addInto(base, base, 2);
    recorder.enter('gap');
    expect([...new Float32Array(memory.buffer, base, 3)]).toEqual([10, 10, 5]);
    const { rollout, step } = recorder.tallies;
    expect(readKernel(rollout, 'sumOfSquares')).toEqual({ calls: 1, ms: 1, operations: 6, bytes: 12 });
    expect(readKernel(step, 'sumOfSquares').calls).toBe(0);
    expect(readKernel(step, 'addInto')).toEqual({ calls: 1, ms: 1, operations: 2, bytes: 24 });
    // Three looks at the clock for each call, and one to end the phase.
    expect([rollout.ms, step.ms, step.kernelCalls, step.countingMs]).toEqual([4, 7, 2, 2]);
  });

  test('a gap belongs to the phase named at its end; what is done aside belongs to none', () => {
    const clock = steppingClock();
    const recorder = createRecorder(['labels', 'other'], clock.now);
    recorder.enter('gap');
    recorder.kernel(
      'fill',
      () => undefined,
      () => views,
    )(0, 2, 0);
    recorder.aside(() => clock.pass(1000));
    recorder.endGap('labels');
    recorder.enter('other');
    const { labels, other } = recorder.tallies;
    expect(labels.ms).toBeLessThan(10);
    expect(readKernel(labels, 'fill')).toEqual({ calls: 1, ms: 1, operations: 0, bytes: 8 });
    expect(other.ms).toBe(0);
    recorder.reset();
    expect([labels.ms, labels.kernelCalls, readKernel(labels, 'fill').calls]).toEqual([0, 0, 0]);
  });

  test('environments that are at work at once count once, until the last has answered', async () => {
    const clock = steppingClock();
    const recorder = createRecorder(['rollout'], clock.now);
    recorder.enter('rollout');
    const answers: (() => void)[] = [];
    const step = recorder.environment(() => new Promise<void>((resolve) => answers.push(resolve)));
    const [first, second] = [step(), step()];
    clock.pass(10);
    answers[0]();
    await first;
    expect(recorder.tallies.rollout.environmentMs).toBe(0);
    clock.pass(10);
    answers[1]();
    await second;
    expect(recorder.tallies.rollout.environmentMs).toBe(21);
    expect(recorder.environment((a: number) => a + 1)(4)).toBe(5);
    expect(recorder.tallies.rollout.environmentMs).toBe(22);
    expect(recorder.tallies.rollout.environmentCalls).toBe(3);
  });
});
