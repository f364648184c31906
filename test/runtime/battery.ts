/**
 * What every runtime must compute to the same bits: all kernels in both builds, twenty updates of each policy with 1, 2
 * and 3 threads, a run resumed in its middle, the replays of stored receipts. A job (src/cli/runtime/job.ts): it
 * imports nothing but files beside it and the kernels' self-check.
 */
import type { JobFunction, Product } from '../../src/cli/runtime/job.ts';
import type { Checkpoint, Receipt } from '../../src/entry/record.ts';
import type { Config, TrainOutcome } from '../../src/index.ts';
import type { Progress } from '../../src/train/run.ts';
import { type KernelsResult, kernelsHash, sha256 } from './kernelsHash.ts';

export interface BatteryInput {
  /** Both builds of the module, in base64. */
  readonly single: string;
  readonly threads: string;
  /** The stored receipts of the present numerics version, by file. */
  readonly receipts: Readonly<Record<string, Receipt>>;
}

/** Hashes; those of a policy by threads and memory: `1 own`, `2 shared`, `2 copied`. */
export interface BatteryResult {
  /** `threads` is null where the host shares no memory. */
  readonly kernels: {
    readonly single: KernelsResult;
    readonly threads: KernelsResult | null;
    /** Of the single build, at addresses from below 2 GiB to above. */
    readonly high: KernelsResult;
  };
  readonly attention: Readonly<Record<string, string>>;
  readonly mlp: Readonly<Record<string, string>>;
  /** Hash that the replay of each stored receipt ends with. */
  readonly receipts: Readonly<Record<string, string>>;
}

const runs = {
  attention: { env: 'household', method: 'classifier+cloning', labels: 'graph', iterations: 4, minibatches: 5 },
  mlp: { env: 'household', policy: 'mlp', method: 'contrastive', labels: 'oracle', iterations: 4, minibatches: 5 },
} satisfies Record<string, Partial<Config>>;
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

/**
 * Hash of what a run gives, by its threads and memory: `1 own`, `2 shared`. One is resumed in its middle, by other
 * threads.
 */
async function trained(
  { unbraid, spawnWorker }: Product,
  config: Partial<Config>,
  onProgress: (progress: Progress) => void,
): Promise<Record<string, string>> {
  let middle: Checkpoint | undefined;
  const hooks = {
    onCheckpoint(checkpoint: Checkpoint) {
      if (checkpoint.iteration === 2) middle = checkpoint;
    },
  };
  const hashes: Record<string, string> = {};
  for (const [size, copied] of [[1], [2], [3], [2, true]] as const) {
    const crew = await unbraid.openCrew(spawnWorker, size, { copied: copied ?? false, cores: null });
    try {
      const name = `${size} ${crew.memory}`;
      hashes[name] = await outcomeHash(await unbraid.train(config, { ...hooks, crew, onProgress }));
      if (size !== 3 || !middle) continue;
      const checkpoint = unbraid.unpackCheckpoint(unbraid.packCheckpoint(middle), 'middle', 'start again');
      hashes[`${name}, resumed`] = await outcomeHash(await unbraid.train(config, { checkpoint, crew, onProgress }));
    } finally {
      crew.close();
    }
  }
  return hashes;
}

function outcomeHash({ success, coupling, envSteps, updates, parametersSha256 }: TrainOutcome): Promise<string> {
  const outcome = { success, coupling, envSteps, updates, parametersSha256 };
  return sha256(new TextEncoder().encode(JSON.stringify(outcome)));
}

const battery: JobFunction = async (product, input, onProgress): Promise<BatteryResult> => {
  const { single, threads, receipts } = input as BatteryInput;
  const { replay, resolveConfig } = product.unbraid;
  const memory = new WebAssembly.Memory({ initial: 64 });
  const shared = typeof SharedArrayBuffer === 'undefined' ? null : { initial: 64, maximum: 4096, shared: true };
  const kernels = {
    single: await kernelsHash(bytesOf(single), memory),
    threads: shared && (await kernelsHash(bytesOf(threads), new WebAssembly.Memory(shared))),
    high: await kernelsHash(bytesOf(single), new WebAssembly.Memory({ initial: 32_704 }), 2 ** 31 - 2 ** 20),
  };
  const attention = await trained(product, { ...short, ...runs.attention }, onProgress);
  const mlp = await trained(product, { ...short, ...runs.mlp }, onProgress);
  const replayed: Record<string, string> = {};
  for (const [file, { config }] of Object.entries(receipts)) {
    replayed[file] = (await replay(resolveConfig(config), { onProgress })).hash;
  }
  return { kernels, attention, mlp, receipts: replayed };
};

export default battery;
