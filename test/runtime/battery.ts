/**
 * What every runtime must compute to the same bits: all kernels in both builds, twenty updates of each policy, a run resumed in its middle.
 * A job (src/cli/runtime/job.ts): it imports nothing but files beside it.
 */
import type { JobFunction, Product } from '../../src/cli/runtime/job.ts';
import type { Checkpoint, Config } from '../../src/index.ts';
import type { Progress } from '../../src/train/run.ts';
import { kernelsHash, sha256 } from './kernelsHash.ts';

export interface BatteryInput {
  /** Both builds of the module, in base64. */
  readonly single: string;
  readonly threads: string;
}

const runs: Readonly<Record<string, Partial<Config>>> = {
  attention: { env: 'household', method: 'classifier+cloning', labels: 'graph', iterations: 4, minibatches: 5 },
  mlp: { env: 'household', policy: 'mlp', method: 'contrastive', labels: 'oracle', iterations: 4, minibatches: 5 },
};
const short: Partial<Config> = {
  seed: 1,
  numIterations: 1,
  coldStartUpdates: 20,
  evalEpisodes: 20,
  groupsPerIteration: 4,
  couplingPairs: 10,
  checkpointEvery: 2,
};

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

async function trained(
  { unbraid }: Product,
  config: Partial<Config>,
  onProgress: (progress: Progress) => void,
): Promise<{ whole: string; resumed: string }> {
  let middle: Checkpoint | undefined;
  const record = {
    metrics: () => undefined,
    coupling: () => undefined,
    checkpoint(checkpoint: Checkpoint) {
      if (checkpoint.iteration === 2) middle = checkpoint;
    },
  };
  const hashOf = (outcome: unknown): Promise<string> => sha256(new TextEncoder().encode(JSON.stringify(outcome)));
  const whole = await unbraid.train(config, { record, onProgress });
  if (!middle) throw new Error('battery: the run made no checkpoint at iteration 2; set checkpointEvery to 2');
  const checkpoint = unbraid.unpackCheckpoint(unbraid.packCheckpoint(middle), 'middle', 'start again');
  return { whole: await hashOf(whole), resumed: await hashOf(await unbraid.train(config, { checkpoint, onProgress })) };
}

/** @returns hashes by name; null where the host lacks what the hash is of */
const battery: JobFunction = async (product, input, onProgress) => {
  const { single, threads } = input as BatteryInput;
  const { randomStream } = product.unbraid;
  const shared = typeof SharedArrayBuffer === 'undefined' ? null : { initial: 64, maximum: 4096, shared: true };
  const memory = new WebAssembly.Memory({ initial: 64 });
  const kernels = {
    single: await kernelsHash(bytesOf(single), memory, randomStream),
    threads: shared && (await kernelsHash(bytesOf(threads), new WebAssembly.Memory(shared), randomStream)),
  };
  const policies: Record<string, { whole: string; resumed: string }> = {};
  for (const [name, config] of Object.entries(runs)) {
    policies[name] = await trained(product, { ...short, ...config }, onProgress);
  }
  return { kernels, policies };
};

export default battery;
