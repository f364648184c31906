/** The peak probe, which measures the upper limit of the rate within a run, as a case. */
import { openPeak, PEAK_OPERATIONS } from '../src/cli/profile/probe.ts';

export interface Case {
  readonly name: string;
  /** Single-precision additions, multiplications, divisions, roots and comparisons of one call. */
  readonly operations: number;
  /** Bytes that a call reads and writes, each operand once. */
  readonly bytes: number;
  readonly call: () => void;
}

/** The peak probe as a case. */
export async function peakCase(): Promise<Case> {
  return { name: 'peak', operations: PEAK_OPERATIONS, bytes: 0, call: await openPeak() };
}
