/** Assigns the episodes of a phase to the threads, in chunks that each thread plays by itself. */
import { index32 } from '../engine/kernels/address.ts';
import { unlessAborted } from '../eventLoop.ts';
import { partitionGames } from '../rollout/chunks.ts';
import type { CollectOptions } from '../rollout/collect.ts';
import type { GameChoice } from '../rollout/rollout.ts';
import type { RunContext } from './runContext.ts';
import { claim } from './workCounter.ts';
import type { Chunk, PlayJob, WorkerApi } from './worker.ts';

/**
 * Chunks per thread on shared memory, where threads claim chunks: a thread that is delayed then plays fewer of them.
 */
const CHUNKS_PER_THREAD = 2;
/**
 * Smallest mean number of episodes per chunk. Episodes of one game share states, and a chunk computes each of its
 * states once: with the default config, 16 chunks take 1.09 times as long in sum as 8, and 20 take 1.3 times as long.
 */
const EPISODES_PER_CHUNK = 5;

/** Games to play, and how the workers play them. */
export interface GamesJob<T> {
  readonly phase: 'rollouts' | 'evaluation';
  readonly games: readonly GameChoice[];
  readonly options: CollectOptions;
  /** Number of episodes that a worker plays at once. */
  readonly slots: number;
  /** Sends the job to a worker. */
  readonly send: (api: WorkerApi, job: PlayJob) => Promise<Chunk<T>[]>;
}

/** Games in chunks that the threads play. */
export interface AssignedGames<T> {
  /** Starts the counter: on shared memory threads can claim chunks from now on. */
  start(): void;
  /** Sends the games to the workers. */
  send(): void;
  /**
   * Plays the chunks of the calling thread and awaits the others.
   *
   * @param perform plays one chunk; `numbers` are the indices of its games
   * @returns the result of each chunk, and the indices of the games of each chunk
   */
  gather(
    perform: (games: readonly GameChoice[], numbers: readonly number[]) => Promise<T>,
  ): Promise<{ pieces: T[]; parts: number[][] }>;
}

/**
 * Resolves once `complete` returns true, now or after a reply. It does not await further replies: they come from
 * threads that found no chunk left.
 */
function untilComplete<T>(
  replies: readonly Promise<T>[],
  complete: () => boolean,
  take: (reply: T) => void,
): Promise<void> {
  if (complete()) return Promise.resolve();
  return new Promise((resolve, reject) => {
    let waiting = replies.length;
    for (const reply of replies) {
      reply.then((value) => {
        take(value);
        waiting--;
        if (complete()) resolve();
        else if (waiting === 0)
          reject(new Error('spread: the threads must return all chunks, got only some of them; report this'));
      }, reject);
    }
  });
}

/** Partitions games into chunks for all threads. */
export function assignGames<T>(run: RunContext, { phase, games, options, slots, send }: GamesJob<T>): AssignedGames<T> {
  const { policy, workers, counters, size, shared, signal } = run;
  const { key, temperature, expert = true, finals = false } = options;
  const most = shared ? size * CHUNKS_PER_THREAD : size;
  const chunks = Math.max(1, Math.min(most, Math.ceil(games.length / EPISODES_PER_CHUNK)));
  const parts = partitionGames(games, chunks);
  const take = counters.next(phase);
  let replies: Promise<Chunk<T>[]>[] = [];
  return {
    start: () => counters.start(take),
    send() {
      const job = { weights: run.weights(), games, chunks, slots, options: { key, temperature, expert, finals } };
      replies = workers.each(phase, async (api, k) => {
        if (shared) return send(api, { ...job, take });
        return k < chunks ? send(api, { ...job, take: { chunk: k } }) : [];
      });
    },
    async gather(perform) {
      const pieces: T[] = [];
      let missing = chunks;
      const keep = (done: readonly Chunk<T>[]): void => {
        for (const [chunk, result] of done) pieces[chunk] = result;
        missing -= done.length;
      };
      const own = async (chunk: number): Promise<void> => {
        const numbers = parts[chunk];
        const chosen = numbers.map((e) => games[e]);
        keep([[chunk, await perform(chosen, numbers)]]);
      };
      const next = (): number => claim(policy.arena.i32, index32(take.counter), take.generation, chunks);
      if (shared) for (let chunk = next(); chunk >= 0; chunk = next()) await own(chunk);
      else await own(0);
      await unlessAborted(
        untilComplete(replies, () => missing === 0, keep),
        signal,
      );
      return { pieces, parts };
    },
  };
}
