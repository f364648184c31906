/**
 * Computes a profile from the tallies of the recorder: values per iteration, without the recorder's own time, and
 * shares of the peaks.
 */
import {
  type PlaceRow,
  type ProfilePhase,
  type ProfileRecord,
  profilePhases,
  type RateRow,
} from '../../report/profile/profileRecord.ts';
import { kernelNames, readKernel, type Tally } from './recorder.ts';

type Timer = ProfileRecord['timer'];
type Peak = ProfileRecord['peak'];

interface Sum {
  readonly calls: number;
  readonly ms: number;
  readonly operations: number;
  readonly bytes: number;
}

/** A row per iteration; `share` is of `wholeMs`, the time of all iterations. */
function rateRow(kernel: string, sum: Sum, iterations: number, wholeMs: number, peak: Peak): RateRow {
  const { calls, ms, operations, bytes } = sum;
  const gflops = ms > 0 ? operations / ms / 1e6 : 0;
  const gbytes = ms > 0 ? bytes / ms / 1e6 : 0;
  return {
    kernel,
    calls: calls / iterations,
    ms: ms / iterations,
    share: ms / wholeMs,
    operations: operations / iterations,
    bytes: bytes / iterations,
    gflops,
    gbytes,
    ofPeakFlops: gflops / peak.gflops,
    ofPeakBytes: gbytes / peak.gbytes,
  };
}

function addUp(sums: readonly Sum[]): Sum {
  const total = (key: keyof Sum): number => sums.reduce((sum, row) => sum + row[key], 0);
  return { calls: total('calls'), ms: total('ms'), operations: total('operations'), bytes: total('bytes') };
}

/** The values of a kernel, without the time of the clock. */
function kernelSum(tally: Tally, kernel: (typeof kernelNames)[number], timer: Timer): Sum {
  const sum = readKernel(tally, kernel);
  return { ...sum, ms: Math.max(0, sum.ms - (sum.calls * timer.kernelInsideNs) / 1e6) };
}

/** Time of a phase in ms, without the recorder's own time. */
function phaseMs(tally: Tally, timer: Timer): number {
  const { ms, countingMs, kernelCalls, environmentCalls } = tally;
  return Math.max(0, ms - countingMs - (kernelCalls * timer.kernelNs + environmentCalls * timer.environmentNs) / 1e6);
}

/** Potential time saving: the share of the iteration time that the nearer of the two peaks would save. */
const lost = ({ share, ofPeakFlops, ofPeakBytes }: RateRow): number =>
  share * (1 - Math.min(1, Math.max(ofPeakFlops, ofPeakBytes)));

export function summarise(
  tallies: Readonly<Record<ProfilePhase, Tally>>,
  iterations: number,
  peak: Peak,
  timer: Timer,
): Pick<ProfileRecord, 'peak' | 'timer' | 'iterationMs' | 'shares' | 'phases' | 'kernels' | 'places'> {
  const cells = profilePhases.flatMap((phase) =>
    kernelNames.map((kernel) => ({ phase, kernel, sum: kernelSum(tallies[phase], kernel, timer) })),
  );
  const rows = profilePhases.map((phase) => {
    const tally = tallies[phase];
    const kernelsMs = addUp(cells.filter((cell) => cell.phase === phase).map((cell) => cell.sum)).ms;
    const ownMs = (tally.environmentCalls * timer.environmentInsideNs) / 1e6;
    const environmentMs = Math.max(0, tally.environmentMs - ownMs);
    // The estimate of the recorder's time is noisy; a phase cannot be shorter than the sum of its parts.
    const ms = Math.max(phaseMs(tally, timer), kernelsMs + environmentMs);
    return { phase, ms, kernelsMs, environmentMs, outsideMs: ms - kernelsMs - environmentMs };
  });
  const total = (key: 'ms' | 'kernelsMs' | 'environmentMs' | 'outsideMs'): number =>
    rows.reduce((sum, row) => sum + row[key], 0);
  const wholeMs = total('ms');
  const places: PlaceRow[] = cells
    .filter(({ sum }) => sum.calls > 0)
    .map(({ phase, kernel, sum }) => ({ phase, ...rateRow(kernel, sum, iterations, wholeMs, peak) }))
    .map((row) => ({ ...row, lost: lost(row) }))
    .sort((a, b) => b.lost - a.lost);
  return {
    peak,
    timer,
    iterationMs: wholeMs / iterations,
    shares: {
      kernels: total('kernelsMs') / wholeMs,
      environment: total('environmentMs') / wholeMs,
      outside: total('outsideMs') / wholeMs,
    },
    phases: rows
      .filter(({ ms }) => ms > 0)
      .map(({ phase, ms, kernelsMs, environmentMs, outsideMs }) => ({
        phase,
        ms: ms / iterations,
        share: ms / wholeMs,
        kernelsMs: kernelsMs / iterations,
        environmentMs: environmentMs / iterations,
        outsideMs: outsideMs / iterations,
      })),
    kernels: kernelNames
      .map((name) => addUp(cells.filter(({ kernel }) => kernel === name).map(({ sum }) => sum)))
      .map((sum, i) => rateRow(kernelNames[i], sum, iterations, wholeMs, peak))
      .filter(({ calls }) => calls > 0)
      .sort((a, b) => b.ms - a.ms),
    places,
  };
}
