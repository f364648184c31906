/** The recorder's own time, measured on calls without work. */
import { createArena } from '../../engine/kernels/createArena.ts';
import type { ProfileRecord } from '../../report/profile/profileRecord.ts';
import { createRecorder, readKernel } from './recorder.ts';

const CALLS = 4000;
const ROUNDS = 9;

function perCallNs(now: () => number, call: () => void): number {
  const startMs = now();
  for (let i = 0; i < CALLS; i++) call();
  return ((now() - startMs) * 1e6) / CALLS;
}

/**
 * Recorder time per recorded call in ns: the part within the recorded time, and the total. Medians over rounds, at
 * least 0.
 */
export async function timerCost(now: () => number): Promise<ProfileRecord['timer']> {
  const { kernels } = await createArena();
  const recorder = createRecorder(['other'], now);
  const { other } = recorder.tallies;
  const views = { f32: new Float32Array(), i32: new Int32Array(), i8: new Int8Array() };
  // A kernel without work: the call into WebAssembly counts as time of the kernel.
  const empty = (...args: number[]): void => kernels.fill(args[0], args[1], args[2]);
  const kernel = recorder.kernel('fill', empty, () => views);
  const method = recorder.environment(() => 0);
  const rounds = Array.from({ length: ROUNDS }, () => {
    recorder.reset();
    recorder.enter('other');
    const bareNs = perCallNs(now, () => empty(0, 0, 0));
    const kernelNs = perCallNs(now, () => kernel(0, 0, 0));
    const environmentNs = perCallNs(now, () => method());
    const perCall = (ms: number): number => (ms * 1e6) / CALLS;
    return {
      kernelInsideNs: perCall(readKernel(other, 'fill').ms) - bareNs,
      kernelNs: kernelNs - perCall(other.countingMs) - bareNs,
      environmentInsideNs: perCall(other.environmentMs),
      environmentNs,
    };
  });
  const median = (key: keyof (typeof rounds)[number]): number =>
    Math.max(0, rounds.map((round) => round[key]).sort((a, b) => a - b)[ROUNDS >>> 1]);
  return {
    kernelInsideNs: median('kernelInsideNs'),
    kernelNs: median('kernelNs'),
    environmentInsideNs: median('environmentInsideNs'),
    environmentNs: median('environmentNs'),
  };
}
