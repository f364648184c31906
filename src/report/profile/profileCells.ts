/** The texts of a profile, equal in the terminal and on the page. They need no figure. */
import type { ProfileRecord, RateRow } from './profileRecord.ts';

export const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;

/** Headings and cells of the tables. */
export const phaseHead = ['phase', 'ms', 'share', 'kernels', 'environment', 'outside'];

export function phaseCells({ phases, iterationMs, shares }: ProfileRecord): string[][] {
  const ms = (value: number): string => value.toFixed(2);
  const rows = phases.map((row) => [
    row.phase,
    ms(row.ms),
    percent(row.share),
    ms(row.kernelsMs),
    ms(row.environmentMs),
    ms(row.outsideMs),
  ]);
  const { kernels, environment, outside } = shares;
  return [...rows, ['iteration', ms(iterationMs), '100.0%', percent(kernels), percent(environment), percent(outside)]];
}

export const rateHead = ['calls', 'ms', 'share', 'GFLOP/s', 'of peak', 'GB/s', 'of peak'];

export function rateCells(row: RateRow): string[] {
  return [
    row.calls.toFixed(0),
    row.ms.toFixed(3),
    percent(row.share),
    row.gflops.toFixed(2),
    percent(row.ofPeakFlops),
    row.gbytes.toFixed(2),
    percent(row.ofPeakBytes),
  ];
}

/** Conditions of the measurement, one sentence each. */
export function profileNotes(record: ProfileRecord): string[] {
  const { peak, timer, updates, heapGrowthBytes, iterations, warmUp, waitedMs, build, buildReason } = record;
  const { narrowMs, wideMs } = record;
  const times =
    narrowMs === undefined || wideMs === undefined
      ? ''
      : ` (narrow ${narrowMs.toFixed(3)} ms, wide ${wideMs.toFixed(3)} ms)`;
  const perUpdate = updates > 0 ? Math.round(heapGrowthBytes / updates) : 0;
  return [
    `All values are per iteration: mean of ${iterations} iterations after ${warmUp} warm-up iterations, on one thread.`,
    `Kernels: ${build} build, because ${buildReason}${times}.`,
    `Peak in this run: ${peak.gflops.toFixed(1)} GFLOP/s, ${peak.gbytes.toFixed(1)} GB/s in the first cache (medians of ${peak.samples} samples).`,
    waitedMs === null
      ? 'Times include the time in which other programs had the processor.'
      : `Not included: ${waitedMs.toFixed(1)} ms per iteration in which other programs had the processor.`,
    `Subtracted as measurement cost: ${timer.kernelNs.toFixed(0)} ns per kernel call and ${timer.environmentNs.toFixed(0)} ns per environment call.`,
    `Heap growth: ${Math.round(heapGrowthBytes / 1024)} KiB over ${updates} updates, ${perUpdate} bytes per update.`,
  ];
}
