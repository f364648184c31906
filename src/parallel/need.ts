/** How much memory a run takes, from its config alone: so many threads share one memory as it holds. */

import type { Config } from '../config/config.ts';
import { headsOf } from '../config/method.ts';
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

/** All that 32-bit addresses reach. */
export const ADDRESS_SPACE = 2 ** 32;

/** Bytes that a run takes of one memory when so many threads share it. */
export type BytesOf = (threads: number) => number;

/** Admissible actions of a state on average, as the capacity of a batch assumes. */
const ACTIONS = 16;

/** Gradient vectors of the calling thread: shards of a rollout, of demonstrations and of the contrastive loss, and copies. */
const VECTORS = 24;

/**
 * How often states stand in memory: where they are played, by each thread its share, and as sources of updates, up to four of them; in arrays
 * that grow by doubling and stay where they were.
 */
const COPIES_OF_STATES = 16;

/** A thread takes its memory by the MiB, and leaves the end of the last one. */
const SLACK_BYTES = 2 * 2 ** 20;

/** Samples of `count` states with `ACTIONS` actions each. */
function samplesOf(shape: InputShape, count: number): Samples {
  const rowOffsets = Int32Array.from({ length: count + 1 }, (_, s) => s * ACTIONS);
  const list = { ...createStateList(shape, 0), states: count, actions: count * ACTIONS, rowOffsets };
  return { list, states: Int32Array.from({ length: count }, (_, s) => s), taken: new Int32Array(count) };
}

/** Bytes of the largest Gram matrix, or part of one, that a thread makes in a measurement of coupling. */
function largestGram(policy: Policy, pairs: number, threads: number): number {
  if (pairs === 0) return 0;
  const { shape } = policy.network.batch;
  // Three classes of pairs, three matrices; a side has a sample once, however many pairs it is in.
  const all = samplesOf(shape, 3 * pairs);
  const [[from, to]] = rowBlocks(3 * pairs, Math.max(1, Math.floor(threads / 3)));
  return Math.max(gramBytes(policy, all, all), gramBytes(policy, samplesOf(shape, to - from), all));
}

/** Bytes of a state in the arrays by state. */
function stateBytes({ stateSlots, actionSlots, vectorWidth }: InputShape, tokens: number): number {
  return 4 * (16 + stateSlots * tokens + vectorWidth + ACTIONS * (4 + actionSlots * tokens));
}

/**
 * What a run by this config takes. The policy and its buffers are counted exactly; what depends on the states that a run meets is estimated,
 * rather too high than too low.
 *
 * @param pairs of states that coupling is measured on; 0: it is not measured
 * @param compose the network, where it is the user's own
 */
export function memoryNeed(
  spec: EnvironmentSpec,
  config: Config,
  pairs = config.couplingPairs,
  compose: ComposeNetwork | null = null,
): BytesOf {
  const arena = new CountingArena();
  const policy = policyFor(arena, spec, { ...config, ...headsOf(config.method), logitScale: 1 }, compose);
  createLossInputs(policy);
  const { network } = policy;
  const engine = arena.mark();
  const vectors = 4 * (VECTORS * network.vectorSize + 2 * network.size);
  const { shape } = network.batch;
  const episodes = config.groupsPerIteration * config.numGenerations;
  const states = COPIES_OF_STATES * episodes * spec.maxSteps * stateBytes(shape, shape.layout === 'slots' ? 3 : 1);
  const critic = config.labels === 'critic' ? engine + vectors : 0;
  const common = vectors + critic + states;
  return (threads) => common + threads * (engine + largestGram(policy, pairs, threads) + SLACK_BYTES);
}

/** The same before anything is opened; null where the environment must be open to tell its sizes. */
export async function needOf(config: Config): Promise<BytesOf | null> {
  if (!isBuiltIn(config.env) || config.observation === 'text') return null;
  const pool = await openEnvironments(config, null);
  return memoryNeed(pool.create().spec, config);
}

/** How many of `threads` threads a memory of `bytes` holds; 1 if not even two. */
export function threadsIn(bytes: number, need: BytesOf, threads: number): number {
  let fit = threads;
  while (fit > 1 && need(fit) > bytes) fit--;
  return fit;
}
