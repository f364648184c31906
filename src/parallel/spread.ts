/** Spreads the phases of a run over the threads of a crew. Whatever their number and memory, the results have the same bits. */

import type { Config } from '../config/config.ts';
import { type Gram, gramRows, joinRows } from '../coupling/gram.ts';
import { dealPieces, type GramRequest } from '../coupling/gramPieces.ts';
import type { Samples } from '../coupling/samples.ts';
import { index32 } from '../engine/kernels/address.ts';
import type { LossSet } from '../engine/learn/shards.ts';
import type { UpdatePhase } from '../engine/learn/updatePhase.ts';
import type { Policy } from '../engine/policy/policy.ts';
import type { Environment } from '../env/environment.ts';
import type { EnvironmentPool } from '../env/registry.ts';
import { inTurns, type Pause, pauses, unlessAborted } from '../eventLoop.ts';
import { cutGames } from '../rollout/chunks.ts';
import { type CollectOptions, collect, type PlayOptions, play } from '../rollout/collect.ts';
import { mergeRollouts } from '../rollout/merge.ts';
import { packStates } from '../rollout/pack.ts';
import type { GameChoice, Rollout } from '../rollout/rollout.ts';
import type { Crew } from './crew.ts';
import { openUpdates } from './updates.ts';
import { claim, nextRound, openRound } from './workCounter.ts';
import type { Chunk, PlayJob, Seat, SeatSetup } from './worker.ts';
import type { Weights } from './workerUpdates.ts';

/** On shared memory episodes are played in this many chunks per thread, so that a thread that is held up takes fewer, of at least so many. */
const CHUNKS_PER_THREAD = 2;
const EPISODES_PER_CHUNK = 8;

/** Episodes to collect. */
export interface Episodes {
  readonly games: readonly GameChoice[];
  readonly options: CollectOptions;
}

export interface Spread {
  readonly crew: Crew;
  /** @param spent see `createRollout` */
  collect(episodes: Episodes, spent?: Rollout | null): Promise<Rollout>;
  play(games: readonly GameChoice[], options: PlayOptions): Promise<Float64Array>;
  /** One matrix for each request. */
  grams(requests: readonly GramRequest[], pause?: Pause): Promise<Gram[]>;
  /**
   * Begins updates on these sets, one list for each update.
   *
   * @param next the very episodes that are collected after them: on shared memory workers then know of them and begin with the end of the phase
   */
  updates(sets: readonly (readonly LossSet[])[], next?: Episodes | null): UpdatePhase;
  /** Ends the run: on shared memory workers take nothing further from then on, and the listener on the signal is removed. */
  close(): void;
}

/** Games in chunks that the threads take in turn. */
interface Dealt<T> {
  /** On shared memory chunks can be taken from now on. */
  open(): void;
  /** Tells the workers. */
  send(): void;
  /** Plays what falls to the calling thread, and gives all results by chunk with the numbers of its games. */
  gather(
    perform: (games: readonly GameChoice[], numbers: readonly number[]) => Promise<T>,
  ): Promise<{ pieces: T[]; cut: number[][] }>;
}

/** Resolves as soon as `complete` holds, now or after a reply. Replies that are not waited for any more belong to late threads that had nothing to do. */
function until<T>(replies: readonly Promise<T>[], complete: () => boolean, take: (reply: T) => void): Promise<void> {
  if (complete()) return Promise.resolve();
  return new Promise((resolve, reject) => {
    let waiting = replies.length;
    for (const reply of replies) {
      reply.then((value) => {
        take(value);
        waiting--;
        if (complete()) resolve();
        else if (waiting === 0)
          reject(new Error('spread: the threads must leave a whole result, got a part; report this'));
      }, reject);
    }
  });
}

/**
 * Begins a run on the crew's workers. The policy's arena must be one of the crew. The caller closes what it gets.
 *
 * @param signal once it is aborted, what is in progress and every later phase but `updates` rejects with its reason, at once, and on shared
 * memory workers stop between two steps. On copies a worker ends what it was sent; the next run of the crew begins after that.
 */
export async function openSpread(
  crew: Crew,
  policy: Policy,
  config: Config,
  pool: EnvironmentPool,
  environments: readonly Environment[],
  signal?: AbortSignal,
  custom: SeatSetup['custom'] = { environment: null, policy: null },
): Promise<Spread> {
  const { arena, network } = policy;
  const { size } = crew;
  const shared = crew.memory === 'shared';
  const plays = pool.inProcess;
  // A word each: episodes may be dealt out before an evaluation and collected after it.
  const words = { rollouts: arena.floats(1), evaluation: arena.floats(1), coupling: arena.floats(1) };
  let round = 0;
  let stopped = false;
  const open = (word: number, opened: number): void => openRound(arena.i32, index32(word), opened);
  /** Workers see that the round which they work on is over. */
  const stop = (): void => {
    stopped = true;
    round = nextRound(round);
    for (const word of Object.values(words)) open(word, round);
  };

  const setup = {
    config,
    spec: environments[0].spec,
    vocabulary: pool.vocabulary,
    plays,
    shared: shared ? { memory: arena.memory, weights: policy.weights } : null,
    module: crew.module,
    custom,
  };
  const workers = crew.forRun();
  await unlessAborted(
    workers.call('start', (seat) => seat.begin(setup)),
    signal,
  );
  signal?.addEventListener('abort', stop);

  const weights = (): Weights => (shared || size === 1 ? null : arena.read(policy.weights, network.size));

  const begin = openUpdates(crew, workers, policy, weights);

  /** Cuts games into chunks for all threads. */
  const deal = <T>(
    phase: 'rollouts' | 'evaluation',
    games: readonly GameChoice[],
    { key, temperature, expert = true }: CollectOptions,
    slots: number,
    ask: (seat: Seat, job: PlayJob) => Promise<Chunk<T>[]>,
  ): Dealt<T> => {
    const most = shared ? size * CHUNKS_PER_THREAD : size;
    const chunks = Math.max(1, Math.min(most, Math.ceil(games.length / EPISODES_PER_CHUNK)));
    const cut = cutGames(games, chunks);
    const word = words[phase];
    round = nextRound(round);
    const take = { word, round };
    let replies: Promise<Chunk<T>[]>[] = [];
    return {
      open() {
        if (!stopped) open(word, take.round);
      },
      send() {
        const job = { weights: weights(), games, chunks, slots, options: { key, temperature, expert } };
        replies = workers.each(phase, async (seat, k) => {
          if (shared) return ask(seat, { ...job, take });
          return k < chunks ? ask(seat, { ...job, take: { chunk: k } }) : [];
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
          const numbers = cut[chunk];
          const chosen = numbers.map((e) => games[e]);
          keep([[chunk, await perform(chosen, numbers)]]);
        };
        const next = (): number => claim(arena.i32, index32(word), take.round, chunks);
        if (shared) for (let chunk = next(); chunk >= 0; chunk = next()) await own(chunk);
        else await own(0);
        await unlessAborted(
          until(replies, () => missing === 0, keep),
          signal,
        );
        return { pieces, cut };
      },
    };
  };

  const dealEpisodes = ({ games, options }: Episodes): Dealt<Rollout> =>
    deal('rollouts', games, options, games.length, (seat, job) => seat.collect(job));
  /** The calling thread's pieces of rollouts that were merged. */
  const spentPieces: Rollout[] = [];
  /** What the workers know of already. */
  let ahead: { readonly episodes: Episodes; readonly dealt: Dealt<Rollout> } | null = null;

  return {
    crew,
    async collect(episodes, spent = null) {
      signal?.throwIfAborted();
      const { games, options } = episodes;
      if (!plays || size === 1) {
        const rollout = await collect(policy, environments, games, options, spent);
        signal?.throwIfAborted();
        return rollout;
      }
      let dealt = ahead?.episodes === episodes ? ahead.dealt : null;
      ahead = null;
      if (!dealt) {
        dealt = dealEpisodes(episodes);
        dealt.open();
        dealt.send();
      }
      const own: Rollout[] = [];
      const { pieces, cut } = await dealt.gather(async (chunk, numbers) => {
        const piece = await collect(policy, environments, chunk, { ...options, numbers }, spentPieces.pop());
        own.push(piece);
        return piece;
      });
      const merged = mergeRollouts(pieces, cut, games, network.batch.shape, environments[0].spec.maxSteps, spent);
      spentPieces.push(...own);
      return merged;
    },
    async play(games, options) {
      signal?.throwIfAborted();
      if (!plays || size === 1) return play(policy, environments, games, options);
      const dealt = deal('evaluation', games, options, environments.length, (seat, job) => seat.play(job));
      dealt.open();
      dealt.send();
      let before = 0;
      const { pieces, cut } = await dealt.gather(async (chunk, numbers) => {
        // The other threads are about as far.
        const onEpisode = (done: number): void => options.onEpisode?.(Math.min((before + done) * size, games.length));
        const returns = await play(policy, environments, chunk, { ...options, numbers, onEpisode });
        before += chunk.length;
        return returns;
      });
      const returns = new Float64Array(games.length);
      for (const [k, numbers] of cut.entries())
        for (let i = 0; i < numbers.length; i++) returns[numbers[i]] = pieces[k][i];
      return returns;
    },
    async grams(requests, pause = pauses(signal)) {
      signal?.throwIfAborted();
      const dealt = dealPieces(requests, size);
      round = nextRound(round);
      const during = shared ? { word: words.coupling, round } : null;
      open(words.coupling, round);
      const sent = weights();
      const packed = new Map<Samples, Samples>();
      const pack = (samples: Samples): Samples => {
        const copy = packed.get(samples) ?? { ...samples, list: packStates(samples.list, shared) };
        packed.set(samples, copy);
        return copy;
      };
      const replies = workers.call('coupling', async (seat, k) => {
        const pieces = dealt[k].map(({ request, rows }) => {
          const { left, right } = requests[request];
          return { left: pack(left), right: right && pack(right), rows };
        });
        return pieces.length > 0 ? seat.grams({ weights: sent, pieces, during }) : [];
      });
      const own: Gram[] = [];
      for (const { request, rows } of dealt[0]) {
        const { left, right } = requests[request];
        own.push(await inTurns(gramRows(policy, policy.weights, left, right ?? left, rows), pause));
      }
      const made = [own, ...(await unlessAborted(replies, signal))].flatMap((grams, k) =>
        grams.map((gram, i) => ({ gram, ...dealt[k][i] })),
      );
      return requests.map(({ right }, request) => {
        const blocks = made.filter((piece) => piece.request === request).sort((a, b) => a.rows[0] - b.rows[0]);
        return joinRows(
          blocks.map(({ gram }) => gram),
          right === null,
        );
      });
    },
    updates(sets, next = null) {
      if (!next || !plays || !shared) return begin(sets, null);
      const dealt = dealEpisodes(next);
      return begin(sets, {
        announce() {
          dealt.send();
          ahead = { episodes: next, dealt };
        },
        // Not before: the workers' weights must be those of the last update even if one of them fails in the phase.
        open: dealt.open,
      });
    },
    close() {
      signal?.removeEventListener('abort', stop);
      stop();
    },
  };
}
