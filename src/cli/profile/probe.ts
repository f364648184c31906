/** The peak rates with which kernels are compared. They are sampled between the measured iterations. */
import { readFile } from 'node:fs/promises';
import { createArena } from '../../engine/kernels/createArena.ts';

/** Floating-point operations of one call of the peak probe. */
export const PEAK_OPERATIONS = 1e6;
const STEP_OPERATIONS = 64;

/** Floats of each of the two vectors of the stream probe: both fit into the first-level cache. */
const STREAM_FLOATS = 1024;
const STREAM_CALLS = 64;

/** Calls of each probe per sample. */
const CALLS = 4;

/**
 * Opens the probe of assembly/peak.ts: independent vector multiplications and additions, as many as the processor can
 * overlap.
 */
export async function openPeak(): Promise<() => void> {
  const bytes = await readFile(new URL('../../../wasm/peak.wasm', import.meta.url));
  const { instance } = await WebAssembly.instantiate(new Uint8Array(bytes), {});
  const exports = instance.exports as { peak: (steps: number, pointer: number) => number; memory: WebAssembly.Memory };
  new Float32Array(exports.memory.buffer, 0, 32).fill(1 / 3);
  return () => void exports.peak(PEAK_OPERATIONS / STEP_OPERATIONS, 0);
}

export interface Ceilings {
  /** Adds a sample of both rates. */
  sample(): void;
  /** Medians of the samples. */
  read(): { readonly gflops: number; readonly gbytes: number; readonly samples: number };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >>> 1];
}

/** @param now a clock in ms */
export async function openCeilings(now: () => number): Promise<Ceilings> {
  const peak = await openPeak();
  const arena = await createArena();
  const [to, from] = [arena.floats(STREAM_FLOATS), arena.floats(STREAM_FLOATS)];
  const stream = (): void => {
    for (let i = 0; i < STREAM_CALLS; i++) arena.kernels.addInto(to, from, STREAM_FLOATS);
  };
  const flops: number[] = [];
  const bytes: number[] = [];
  const rate = (amount: number, call: () => void): number => {
    const startMs = now();
    call();
    return amount / (now() - startMs) / 1e6;
  };
  return {
    sample() {
      for (let i = 0; i < CALLS; i++) {
        flops.push(rate(PEAK_OPERATIONS, peak));
        bytes.push(rate(12 * STREAM_FLOATS * STREAM_CALLS, stream));
      }
    },
    read: () => ({ gflops: median(flops), gbytes: median(bytes), samples: flops.length }),
  };
}
