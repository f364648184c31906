/** The bits that the kernels of one build compute in this runtime, as one hash. */
import { runCases } from '../../src/engine/kernels/selfCheck/bench.ts';
import { allCases, hashKernels } from '../../src/engine/kernels/selfCheck/checkKernels.ts';

/** A hash of all outputs, the kernels that wrote a NaN, whose bits no engine promises, and kernels that no case calls. */
export interface KernelsResult {
  readonly hash: string;
  readonly nan: readonly string[];
  readonly uncalled: readonly string[];
}

export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** @param base address from which buffers are placed; 0: the second page */
export async function kernelsHash(
  bytes: Uint8Array<ArrayBuffer>,
  memory: WebAssembly.Memory,
  base = 0,
): Promise<KernelsResult> {
  const module = await WebAssembly.compile(bytes);
  const nan = new Set<string>();
  const called = new Set(['memory', 'heapBase']);
  const cases = runCases(
    module,
    memory,
    allCases,
    (kernel, words, type) => {
      called.add(kernel);
      if (type === 'i32') return;
      const { buffer } = words.slice();
      const values = type === 'f32' ? new Float32Array(buffer) : new Float64Array(buffer);
      if (values.some(Number.isNaN)) nan.add(kernel);
    },
    base,
  );
  while (!cases.next().done);
  const steps = hashKernels(module, memory, base);
  let step = steps.next();
  while (!step.done) step = steps.next();
  const exported = WebAssembly.Module.exports(module).map(({ name }) => name);
  return {
    hash: await sha256(new TextEncoder().encode(JSON.stringify(step.value))),
    nan: [...nan],
    uncalled: exported.filter((name) => !called.has(name)),
  };
}
