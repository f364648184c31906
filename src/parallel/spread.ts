/**
 * Distributes the phases of a run over the threads of a crew. The results are bitwise identical for any number of
 * threads and any memory.
 */

import type { Config } from '../config/config.ts';
import type { Gram } from '../coupling/gram.ts';
import type { GramRequest } from '../coupling/gramPieces.ts';
import type { Samples } from '../coupling/samples.ts';
import type { LossSet } from '../engine/learn/shards.ts';
import type { UpdatePhase } from '../engine/learn/updatePhase.ts';
import type { Policy } from '../engine/policy/policy.ts';
import type { Environment } from '../env/environment.ts';
import type { EnvironmentPool } from '../env/registry.ts';
import { type Pause, pauses, unlessAborted } from '../eventLoop.ts';
import { type CollectOptions, collect, type Played, play } from '../rollout/collect.ts';
import { mergeRollouts } from '../rollout/merge.ts';
import type { GameChoice, Rollout } from '../rollout/rollout.ts';
import { type AssignedGames, assignGames } from './assignedGames.ts';
import type { Crew } from './crew.ts';
import { createRunCounters, type RunContext } from './runContext.ts';
import { spreadGrams, spreadGramTotals } from './spreadGrams.ts';
import { openUpdates } from './updates.ts';
import type { RunSetup } from './worker.ts';

/** Episodes to collect. */
export interface Episodes {
  readonly games: readonly GameChoice[];
  readonly options: CollectOptions;
}

export interface Spread {
  readonly crew: Crew;
  /** @param reusable see `createRollout` */
  collect(episodes: Episodes, reusable?: Rollout | null): Promise<Rollout>;
  /** Results of one episode per game. */
  play(games: readonly GameChoice[], options: CollectOptions): Promise<Played>;
  /** One matrix for each request. */
  grams(requests: readonly GramRequest[], pause?: Pause): Promise<Gram[]>;
  /** The matrix f64[n, n] of each list of n samples; not between the start and the end of a phase of updates. */
  gramTotals(samples: readonly Samples[]): Promise<Float64Array[]>;
  /**
   * Starts updates on these sets, one list for each update.
   *
   * @param next the same object that is passed to `collect` afterwards. On shared memory workers receive it during the
   * updates and start to play when the phase ends
   */
  updates(sets: readonly (readonly LossSet[])[], next?: Episodes | null): UpdatePhase;
  /**
   * Between two iterations: replaces the kernels of all threads if another build was chosen. Workers that have received
   * episodes ahead play these with their present kernels, which compute the same bits.
   *
   * @param left number of iterations that follow in the run
   */
  renewKernels(left: number): void;
  /** Ends the run. On shared memory workers claim no further work. Removes the listener on the signal. */
  close(): void;
}

/** Collects rollouts on all threads. */
interface SpreadCollect {
  /** Assigns the episodes ahead of `collect`. The caller starts and sends the result. */
  assignAhead(episodes: Episodes): AssignedGames<Rollout>;
  collect(episodes: Episodes, reusable: Rollout | null): Promise<Rollout>;
}

function createCollect(run: RunContext, environments: readonly Environment[]): SpreadCollect {
  const { policy } = run;
  /** The calling thread's pieces of merged rollouts; their arrays are reusable. */
  const reusablePieces: Rollout[] = [];
  /** Episodes that the workers have received ahead of `collect`. */
  let ahead: { readonly episodes: Episodes; readonly assigned: AssignedGames<Rollout> } | null = null;

  const assign = ({ games, options }: Episodes): AssignedGames<Rollout> =>
    assignGames(run, {
      ...{ phase: 'rollouts', games, options, slots: games.length },
      send: (api, job) => api.collect(job),
    });
  return {
    assignAhead(episodes) {
      const assigned = assign(episodes);
      return {
        ...assigned,
        send() {
          assigned.send();
          ahead = { episodes, assigned };
        },
      };
    },
    async collect(episodes, reusable) {
      const { games, options } = episodes;
      let assigned = ahead?.episodes === episodes ? ahead.assigned : null;
      ahead = null;
      if (!assigned) {
        assigned = assign(episodes);
        assigned.start();
        assigned.send();
      }
      const own: Rollout[] = [];
      const { pieces, parts } = await assigned.gather(async (chunk, numbers) => {
        const piece = await collect(policy, environments, chunk, { ...options, numbers }, reusablePieces.pop());
        own.push(piece);
        return piece;
      });
      const { shape } = policy.network.batch;
      const merged = mergeRollouts(pieces, parts, games, shape, environments[0].spec.maxSteps, reusable);
      reusablePieces.push(...own);
      return merged;
    },
  };
}

/** Plays one episode per game on all threads. */
async function spreadPlay(
  run: RunContext,
  environments: readonly Environment[],
  games: readonly GameChoice[],
  options: CollectOptions,
): Promise<Played> {
  const assigned = assignGames<Played>(run, {
    ...{ phase: 'evaluation', games, options, slots: environments.length },
    send: (api, job) => api.play(job),
  });
  assigned.start();
  assigned.send();
  let before = 0;
  const { pieces, parts } = await assigned.gather(async (chunk, numbers) => {
    // An estimate of the total: the other threads have played about as many episodes.
    const onEpisode = (done: number): void => options.onEpisode?.(Math.min((before + done) * run.size, games.length));
    const played = await play(run.policy, environments, chunk, { ...options, numbers, onEpisode });
    before += chunk.length;
    return played;
  });
  const returns = new Float64Array(games.length);
  const successes = new Float64Array(pieces[0].successes.length > 0 ? games.length : 0);
  for (const [k, numbers] of parts.entries())
    for (let i = 0; i < numbers.length; i++) {
      returns[numbers[i]] = pieces[k].returns[i];
      if (successes.length > 0) successes[numbers[i]] = pieces[k].successes[i];
    }
  return { returns, successes };
}

/**
 * Starts a run on the crew's workers. The policy's arena must come from `crew.arena`. The caller closes the result.
 *
 * @param signal once it is aborted, the phase in progress and every later phase except `updates` and `gramTotals`
 * reject at once with its reason. On shared memory workers stop between two steps. On copies a worker finishes the job
 * that it has received, and the next run of the crew starts after that
 */
export async function openSpread(
  crew: Crew,
  policy: Policy,
  config: Config,
  pool: EnvironmentPool,
  environments: readonly Environment[],
  signal?: AbortSignal,
  custom: RunSetup['custom'] = { environment: null, policy: null },
): Promise<Spread> {
  const { arena, network } = policy;
  const { size } = crew;
  const shared = crew.memory === 'shared';
  const plays = pool.inProcess;
  const counters = createRunCounters(arena);
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
    workers.call('start', (api) => api.begin(setup)),
    signal,
  );
  const stop = (): void => counters.stop();
  signal?.addEventListener('abort', stop);

  const run: RunContext = {
    ...{ policy, workers, counters, size, shared, signal },
    weights: () => (shared || size === 1 ? null : arena.read(policy.weights, network.savedSize)),
  };
  const beginUpdates = openUpdates(crew, workers, policy, run.weights);
  const rollouts = createCollect(run, environments);
  const alone = !plays || size === 1;

  return {
    crew,
    async collect(episodes, reusable = null) {
      signal?.throwIfAborted();
      if (!alone) return rollouts.collect(episodes, reusable);
      const rollout = await collect(policy, environments, episodes.games, episodes.options, reusable);
      signal?.throwIfAborted();
      return rollout;
    },
    async play(games, options) {
      signal?.throwIfAborted();
      if (alone) return play(policy, environments, games, options);
      return spreadPlay(run, environments, games, options);
    },
    async grams(requests, pause = pauses(signal)) {
      signal?.throwIfAborted();
      return spreadGrams(run, requests, pause);
    },
    gramTotals: (samples) => spreadGramTotals(run, samples),
    updates(sets, next = null) {
      if (!next || !plays || !shared) return beginUpdates(sets, null);
      const assigned = rollouts.assignAhead(next);
      return beginUpdates(sets, {
        announce: assigned.send,
        // Not before the end: the workers' weights must be those of the last update, even if an update of the phase
        // fails.
        start: assigned.start,
      });
    },
    renewKernels(left) {
      const module = crew.renewKernels(arena, left);
      // The replies of later calls report a failure.
      if (module && size > 1) void workers.call('kernels', (api) => api.useModule(module));
    },
    close() {
      signal?.removeEventListener('abort', stop);
      counters.stop();
    },
  };
}
