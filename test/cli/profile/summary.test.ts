import { expect, test } from 'vitest';
import { createRecorder, kernelNames, type Tally } from '../../../src/cli/profile/recorder.ts';
import { summarise } from '../../../src/cli/profile/summary.ts';
import { profilePhases } from '../../../src/report/profile/profileRecord.ts';

const timer = { kernelInsideNs: 100, kernelNs: 300, environmentInsideNs: 50, environmentNs: 200 };

test('times per iteration without the recorder, rates against the peaks, and what is lost', () => {
  const { tallies } = createRecorder(profilePhases, () => 0);
  const set = (tally: Tally, name: (typeof kernelNames)[number], values: number[]): void =>
    tally.kernels.set(values, 4 * kernelNames.indexOf(name));
  // Two iterations. 10,000 calls cost 1 ms of the kernel's 11 and 3 ms of the phase's 24; counting took 1 ms.
  Object.assign(tallies.gradients, { ms: 24, countingMs: 1, kernelCalls: 10_000 });
  set(tallies.gradients, 'matmulNN', [10_000, 11, 5e7, 1e6]);
  // 20,000 calls of the environment cost 1 of its 9 ms, and 4 of the phase's 24.
  Object.assign(tallies.rollout, { ms: 24, environmentMs: 9, environmentCalls: 20_000 });
  const peak = { gflops: 20, gbytes: 10, samples: 3 };
  const { iterationMs, shares, phases, kernels, places } = summarise(tallies, 2, peak, timer);
  expect(iterationMs).toBe(20);
  expect(shares).toEqual({ kernels: 0.25, environment: 0.2, outside: 0.55 });
  expect(phases).toEqual([
    { phase: 'rollout', ms: 10, share: 0.5, kernelsMs: 0, environmentMs: 4, outsideMs: 6 },
    { phase: 'gradients', ms: 10, share: 0.5, kernelsMs: 5, environmentMs: 0, outsideMs: 5 },
  ]);
  const row = {
    ...{ kernel: 'matmulNN', calls: 5000, ms: 5, share: 0.25, operations: 2.5e7, bytes: 5e5 },
    ...{ gflops: 5, gbytes: 0.1, ofPeakFlops: 0.25, ofPeakBytes: 0.01 },
  };
  expect(kernels).toEqual([row]);
  expect(places).toEqual([{ phase: 'gradients', ...row, lost: 0.1875 }]);
});
