/**
 * Distributes the gradient of each update of a phase over the threads: first blocks of shards, then the sum of the
 * blocks in parts of their vectors.
 */
import { index32, index64 } from '../engine/kernels/address.ts';
import { planAhead, statesOf } from '../engine/learn/shards.ts';
import { vectorsFor } from '../engine/learn/treeSum.ts';
import { pausesOf, type UpdatePhase, type Updates, updatesHere } from '../engine/learn/updatePhase.ts';
import type { Policy } from '../engine/policy/policy.ts';
import { yieldToEventLoop } from '../eventLoop.ts';
import {
  blockSize,
  computeBlock,
  shardsOfBlock,
  sumBlocks,
  type UpdateTable,
  wordsOfTable,
  writeTable,
} from './blocks.ts';
import type { Crew, RunCalls } from './crew.ts';
import { createSources } from './sources.ts';
import {
  BLOCKS,
  BOARD_BYTES,
  completePiece,
  END,
  haveCores,
  type PublishedTask,
  publishTask,
  SUM,
  spinCountOf,
  waitUntilComplete,
} from './updateBoard.ts';
import { claim, everyNth, nextGeneration } from './workCounter.ts';
import type { Weights } from './workerUpdates.ts';

/** The phase that workers start by themselves after a phase of updates. */
interface NextPhase {
  /** Sends the phase to the workers, while they have shards to compute. */
  announce(): void;
  /** Called when the weights are those of the last update. */
  start(): void;
}

/**
 * Returns the function that starts a phase of updates in one run.
 *
 * @param weights returns a copy of the weights for workers that have a memory of their own
 */
export function openUpdates(
  crew: Crew,
  workers: RunCalls,
  policy: Policy,
  weights: () => Weights,
): (updates: Updates, next: NextPhase | null) => UpdatePhase {
  if (crew.size === 1) return (updates) => updatesHere(updates, policy);
  return crew.memory === 'shared'
    ? updatesOnBoard(crew, workers, policy)
    : updatesByMessage(crew, workers, policy, weights);
}

/** Phases of updates on shared memory: workers receive one message per phase and read each task from the board. */
function updatesOnBoard(
  { size: threads }: Crew,
  workers: RunCalls,
  policy: Policy,
): (updates: Updates, next: NextPhase | null) => UpdatePhase {
  const { arena, network } = policy;
  const sources = createSources(arena);
  const board = arena.reserve(BOARD_BYTES);
  const at = index32(board);
  const spinCount = spinCountOf(threads);
  const sharesSums = haveCores(threads);
  const pause = pausesOf(policy);
  let table = { address: 0, words: 0 };
  let lastJob = 0;
  let generation = 0;

  /** Writes the addresses of an update for the workers and returns the address of the table. */
  const placeTable = (addresses: UpdateTable): number => {
    const words = wordsOfTable(addresses);
    if (table.words < words) table = { address: arena.floats(words), words };
    writeTable(arena, table.address, addresses);
    return table.address;
  };

  return (updates, next) => {
    const job = ++lastJob;
    const message = { sets: updates.map(sources.send), keep: sources.keep(), board, job, generation, spinCount };
    let failure: Error | null = null;
    const done = workers.call('gradients', (api) => api.updates({ ...message, sharesSums }));
    done.catch((error: Error) => {
      failure ??= error;
    });
    sources.reuse(done);
    const plansOf = planAhead(
      updates.map((sets) => sets.map(sources.placed)),
      policy,
    );
    let update = 0;
    const publish = (task: PublishedTask): void => {
      generation = nextGeneration(generation);
      publishTask(arena.i32, at, generation, task);
    };
    const performClaimed = (count: number, perform: (piece: number) => void): void => {
      const take = (): number => claim(arena.i32, at, generation, count);
      for (let piece = take(); piece >= 0; piece = take()) {
        perform(piece);
        completePiece(arena.i32, at);
      }
    };
    const complete = (): Promise<void> => waitUntilComplete(arena.i32, at, spinCount, () => failure);
    return {
      plans: () => plansOf(update),
      async gradient({ engine, shards, sums, whole, reserve, first }) {
        const size = blockSize(shards.length, threads);
        const count = Math.ceil(shards.length / size);
        const vectors = reserve(count + vectorsFor(size) - 1);
        const blocks = vectors.slice(0, count);
        const task = { job, update, size, shards: shards.length, table: placeTable({ blocks, whole, sums }) };
        publish({ ...task, kind: BLOCKS, count });
        if (update === 0) next?.announce();
        first();
        const open = vectors.slice(count);
        performClaimed(count, (block) => computeBlock(engine, shards, block, size, [blocks[block], ...open], sums));
        update++;
        if (update < updates.length) plansOf(update);
        await complete();
        const parts = sharesSums ? threads : 1;
        if (parts > 1) publish({ ...task, kind: SUM, count: parts });
        const add = (part: number): void => sumBlocks(network, blocks, whole, part, parts);
        if (parts > 1) {
          performClaimed(parts, add);
          await complete();
        } else add(0);
        // If this thread never waited, the event loop has not run. Yield, so that worker errors and Ctrl-C are handled.
        // Where episodes follow, the run yields between this phase and them, when workers play already: here they wait.
        if (update < updates.length) await pause(shards.reduce((states, shard) => states + statesOf(shard), 0));
        else if (!next) await yieldToEventLoop();
      },
      end() {
        next?.start();
        publish({ job: 0, update: 0, kind: END, count: 0, size: 0, shards: 0, table: 0 });
      },
    };
  };
}

/** Phases of updates where each worker has a memory of its own: one message and one reply per worker and update. */
function updatesByMessage(
  { size: threads }: Crew,
  workers: RunCalls,
  policy: Policy,
  weights: () => Weights,
): (updates: Updates) => UpdatePhase {
  const { arena, network } = policy;
  const sources = createSources(null);
  return (updates) => {
    const plansOf = planAhead(updates, policy);
    let update = 0;
    return {
      plans: () => plansOf(update),
      async gradient({ engine, shards, sums, whole, reserve, first }) {
        const size = blockSize(shards.length, threads);
        const count = Math.ceil(shards.length / size);
        const vectors = reserve(count + vectorsFor(size) - 1);
        const blocks = vectors.slice(0, count);
        const message = { weights: weights(), sets: sources.send(updates[update++]), keep: sources.keep(), size };
        const replies = workers.call('gradients', (api, k) =>
          api.shards({ ...message, blocks: everyNth(count, k, threads) }),
        );
        first();
        const open = vectors.slice(count);
        for (const block of everyNth(count, 0, threads)) {
          computeBlock(engine, shards, block, size, [blocks[block], ...open], sums);
        }
        for (const result of (await replies).flat()) {
          arena.write(blocks[result.block], result.gradient);
          const [from] = shardsOfBlock(result.block, size, shards.length);
          for (const [i, own] of result.sums.entries()) arena.f64.set(own, index64(sums[from + i]));
        }
        sumBlocks(network, blocks, whole, 0, 1);
      },
      end: () => {},
    };
  };
}
