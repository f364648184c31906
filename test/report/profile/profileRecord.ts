/** A small profile with round numbers. */
import type { PlaceRow, ProfileRecord, RateRow } from '../../../src/report/profile/profileRecord.ts';

const matmul: RateRow = {
  kernel: 'matmulNN',
  calls: 60,
  ms: 20,
  share: 0.5,
  operations: 2e8,
  bytes: 4e7,
  gflops: 10,
  gbytes: 2,
  ofPeakFlops: 0.4,
  ofPeakBytes: 0.05,
};
const add: RateRow = {
  kernel: 'addInto',
  calls: 7,
  ms: 4,
  share: 0.1,
  operations: 1e7,
  bytes: 1.2e8,
  gflops: 2.5,
  gbytes: 30,
  ofPeakFlops: 0.1,
  ofPeakBytes: 0.75,
};
const places: PlaceRow[] = [
  { ...matmul, phase: 'gradients', lost: 0.3 },
  { ...add, phase: 'sum', lost: 0.025 },
];

export const profile: ProfileRecord = {
  command: 'profile',
  config: { env: 'household', policy: 'attention', method: 'grpo', seed: 1 },
  engine: 'node 24.0.0',
  build: 'wide',
  buildReason: 'a round of kernels takes the wide build 0.60 of the time of the narrow build',
  narrowMs: 0.1,
  wideMs: 0.06,
  warmUp: 5,
  iterations: 20,
  updates: 120,
  envSteps: 26_000,
  iterationMs: 40,
  shares: { kernels: 0.6, environment: 0.25, outside: 0.15 },
  peak: { gflops: 25, gbytes: 40, samples: 84 },
  timer: { kernelInsideNs: 80, kernelNs: 190, environmentInsideNs: 90, environmentNs: 180 },
  waitedMs: 3.5,
  phases: [
    { phase: 'rollout', ms: 14, share: 0.35, kernelsMs: 0, environmentMs: 10, outsideMs: 4 },
    { phase: 'gradients', ms: 22, share: 0.55, kernelsMs: 20, environmentMs: 0, outsideMs: 2 },
    { phase: 'sum', ms: 4, share: 0.1, kernelsMs: 4, environmentMs: 0, outsideMs: 0 },
  ],
  kernels: [matmul, add],
  places,
  heapGrowthBytes: 122_880,
  parametersSha256: 'ab12',
};
