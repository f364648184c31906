/**
 * Estimates the memory that a run needs from its config, so that a crew starts only as many threads as one shared
 * memory can hold.
 */

import type { Config } from '../config/config.ts';
import { headsOf, termsOf } from '../config/method.ts';
import { gramBytes } from '../coupling/gram.ts';
import { rowBlocks } from '../coupling/gramPieces.ts';
import type { Samples } from '../coupling/samples.ts';
import { CountingArena } from '../engine/kernels/countingArena.ts';
import type { InputShape } from '../engine/layers/batch.ts';
import { createLossInputs } from '../engine/learn/objective.ts';
import { type ComposeNetwork, policyFor } from '../engine/policy/custom.ts';
import type { Policy } from '../engine/policy/policy.ts';
import { createStateList } from '../engine/states/stateList.ts';
import type { EnvironmentSpec } from '../env/environment.ts';
import { isBuiltIn } from '../env/names.ts';
import { openEnvironments } from '../env/registry.ts';
import { BLOCKS_PER_THREAD } from './blocks.ts';

/** Bytes that 32-bit addresses can reach. */
export const ADDRESS_SPACE = 2 ** 32;

/** Bytes that a run needs in one memory that this number of threads shares. */
export type BytesOf = (threads: number) => number;

/** Assumed mean number of admissible actions per state; the capacity of a batch uses the same number. */
const ACTIONS = 16;

/** Number of gradient vectors of the calling thread: open sums of shards and of the contrastive loss, and copies. */
const VECTORS = 24;

/** Number of gradient vectors for each thread: its share of the blocks of an update, and open sums of shards. */
const VECTORS_PER_THREAD = BLOCKS_PER_THREAD + 2;

/**
 * Number of copies of each state in memory: in the threads that play the episodes, and in up to four sources of
 * updates. These arrays grow by doubling, and the memory of the smaller arrays is not freed.
 */
const COPIES_OF_STATES = 16;

/** Unused bytes per thread: a thread reserves memory in units of 1 MiB and leaves the end of the last one unused. */
const SLACK_BYTES = 2 * 2 ** 20;

/** Samples of `count` states with `ACTIONS` actions each. */
function samplesOf(shape: InputShape, count: number): Samples {
  const rowOffsets = Int32Array.from({ length: count + 1 }, (_, s) => s * ACTIONS);
  const list = { ...createStateList(shape, 0), states: count, actions: count * ACTIONS, rowOffsets };
  return { list, states: Int32Array.from({ length: count }, (_, s) => s), taken: new Int32Array(count) };
}

/** Bytes of the largest Gram matrix, or part of one, that a thread computes in a measurement of coupling. */
function largestGram(policy: Policy, pairs: number, threads: number): number {
  if (pairs === 0) return 0;
  const { shape } = policy.network.batch;
  // Three classes of pairs and three matrices. A side lists each sample once, even if the sample is in several pairs.
  const all = samplesOf(shape, 3 * pairs);
  const [[from, to]] = rowBlocks(3 * pairs, Math.max(1, Math.floor(threads / 3)));
  return Math.max(gramBytes(policy, all, all), gramBytes(policy, samplesOf(shape, to - from), all));
}

/** Bytes of the matrices with which `decouple` takes the samples of a chunk apart. */
function decouplingBytes(policy: Policy, { method, decoupleChunk }: Config, states: number): number {
  if (!termsOf(method).includes('decouple')) return 0;
  const samples = samplesOf(policy.network.batch.shape, Math.min(decoupleChunk, states));
  return gramBytes(policy, samples, samples);
}

/** Bytes of one state in the arrays by state. */
function stateBytes({ stateSlots, actionSlots, vectorWidth }: InputShape, tokens: number): number {
  return 4 * (16 + stateSlots * tokens + vectorWidth + ACTIONS * (4 + actionSlots * tokens));
}

/**
 * Memory that a run with this config needs. The policy and its buffers are counted exactly. The part that depends on
 * the states of the run is estimated, and the estimate is meant to be too high rather than too low.
 *
 * @param pairs number of state pairs per class on which coupling is measured; 0: no measurement
 * @param compose the network, where the user supplies it
 */
export function memoryNeed(
  spec: EnvironmentSpec,
  config: Config,
  pairs = config.couplingPairs,
  compose: ComposeNetwork | null = null,
): BytesOf {
  const arena = new CountingArena();
  const policy = policyFor(arena, spec, { ...config, ...headsOf(config), logitScale: 1 }, compose);
  createLossInputs(policy, null);
  const { network } = policy;
  const engine = arena.mark();
  const kept =
    (config.churnCoef > 0 ? 2 : 0) * network.vectorSize + (config.optimizer === 'muon' ? 4 : 0) * network.size;
  const vectors = 4 * (VECTORS * network.vectorSize + 2 * network.size + kept);
  const { shape } = network.batch;
  const episodes = config.groupsPerIteration * config.numGenerations;
  const steps = episodes * spec.maxSteps;
  const copies = COPIES_OF_STATES + (spec.hint ? 1 : 0);
  const states = copies * steps * stateBytes(shape, shape.layout === 'slots' ? 3 : 1);
  const critic = config.labels === 'critic' ? engine + vectors : 0;
  const common = vectors + critic + states;
  const own = engine + 4 * VECTORS_PER_THREAD * network.vectorSize + SLACK_BYTES;
  const decoupling = decouplingBytes(policy, config, steps);
  return (threads) => common + threads * (own + Math.max(decoupling, largestGram(policy, pairs, threads)));
}

/** `memoryNeed` before a run is opened; null for environments that report their sizes only when open. */
export async function needOf(config: Config): Promise<BytesOf | null> {
  if (!isBuiltIn(config.env) || config.observation === 'text') return null;
  const pool = await openEnvironments(config, null);
  return memoryNeed(pool.create().spec, config);
}

/**
 * The largest number of threads, up to `threads`, that a memory of `bytes` bytes can hold; 1 if it is too small for
 * two.
 */
export function threadsIn(bytes: number, need: BytesOf, threads: number): number {
  let fit = threads;
  while (fit > 1 && need(fit) > bytes) fit--;
  return fit;
}
