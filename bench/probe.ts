/** The in-run ceiling: bench/peak.ts, compiled in memory. */
import { readFileSync } from 'node:fs';
import asc from 'assemblyscript/asc';

/** Floating-point operations of one call. */
export const PEAK_OPERATIONS = 1e6;
const STEP_OPERATIONS = 64;

export interface Case {
  readonly name: string;
  /** Single-precision additions, multiplications, divisions, roots and comparisons of one call. */
  readonly operations: number;
  /** Bytes that a call reads and writes, each operand once. */
  readonly bytes: number;
  readonly call: () => void;
}

/** The probe as a case. */
export async function peakCase(): Promise<Case> {
  const source = readFileSync(new URL('./peak.ts', import.meta.url), 'utf8');
  let binary: Uint8Array<ArrayBuffer> | undefined;
  const options = ['peak.ts', '-o', 'peak.wasm', '--enable', 'simd', '--optimizeLevel', '3', '--runtime', 'stub'];
  const { error, stderr } = await asc.main([...options, '--memoryBase', '1024'], {
    readFile: (name) => (name === 'peak.ts' ? source : null),
    writeFile: (name, contents) => {
      if (name === 'peak.wasm' && typeof contents !== 'string') binary = Uint8Array.from(contents);
    },
    listFiles: () => [],
  });
  if (error || !binary) throw new Error(`bench/peak.ts does not compile: ${stderr.toString()}`);
  const { instance } = await WebAssembly.instantiate(binary, {});
  const exports = instance.exports as { peak: (steps: number, pointer: number) => number; memory: WebAssembly.Memory };
  new Float32Array(exports.memory.buffer, 0, 32).fill(1 / 3);
  const steps = PEAK_OPERATIONS / STEP_OPERATIONS;
  return { name: 'peak', operations: PEAK_OPERATIONS, bytes: 0, call: () => void exports.peak(steps, 0) };
}
