/** Plays the baseline of random actions in the environment of a config. */
import type { Config } from '../../config/config.ts';
import type { Split } from '../../env/environment.ts';
import { openSource } from '../../env/registry.ts';
import { playBaseline, type RandomEnvironment } from '../../rollout/randomBaseline.ts';
import { successesOf } from '../../rollout/success.ts';
import { type EpisodeMean, episodeMean } from '../../statistics/episodes.ts';
import { bySplit, evaluatedSplits, startProgress } from '../../train/run.ts';
import { checkedFirst } from '../shared/arguments.ts';
import { namedBridges } from '../shared/bridges.ts';
import { type RandomEngine, type RandomRecord, randomEpisodes, randomSeconds } from './command.ts';

/** Number of episodes that are played at the same time: the answers of a program overlap with the requests. */
const LIVE = 32;

/** Episodes of the first part, whatever their time: fewer would give no useful interval. */
const LEAST = 5;

/** A part is at most this many times as long as all parts before it, because the time of an episode is uncertain. */
const GROWTH = 4;

type Results = Awaited<ReturnType<typeof playBaseline>>;

/**
 * Plays the first of `most` episodes in parts, each after the first one only if it is expected to end within the time
 * limit.
 *
 * @param play plays `count` episodes from number `first` on
 * @param now a clock in ms
 */
async function playWithin(
  play: (first: number, count: number) => Promise<Results>,
  most: number,
  now: () => number,
): Promise<Results[]> {
  const startMs = now();
  const least = Math.min(LEAST, most);
  const parts = [await play(0, least)];
  for (let done = least; done < most; ) {
    const spentMs = now() - startMs;
    const fitting = Math.floor(((1000 * randomSeconds - spentMs) * done) / spentMs);
    const count = Math.min(most - done, GROWTH * done, fitting);
    if (count < 1) break;
    parts.push(await play(done, count));
    done += count;
  }
  return parts;
}

const joined = (parts: readonly Float64Array[]): Float64Array => Float64Array.from(parts.flatMap((part) => [...part]));

/** The means of the first `count` episodes of each split. */
function meansOf(
  spec: RandomEnvironment['spec'],
  results: ReadonlyMap<Split, Results>,
  count: number,
): Pick<RandomRecord, 'success' | 'return' | 'steps'> {
  const success = new Map<Split, EpisodeMean>();
  const returns = new Map<Split, EpisodeMean>();
  const steps = new Map<Split, number>();
  for (const [split, played] of results) {
    const first = (values: Float64Array): Float64Array => values.subarray(0, count);
    const successes = successesOf(spec, played);
    if (successes !== null) success.set(split, episodeMean(first(successes)));
    returns.set(split, episodeMean(first(played.returns)));
    steps.set(split, first(played.steps).reduce((sum, n) => sum + n, 0) / count);
  }
  return { success: bySplit(success), return: bySplit(returns), steps: bySplit(steps) };
}

/**
 * Plays the same number of episodes on each split of the config. An episode depends on seed, split and its number
 * alone, so the same number of episodes gives the same result, whether the time or the caller set it.
 *
 * @param now a clock in ms
 * @throws a usage error if the environment does not open
 */
export async function playBaselines(
  config: Config,
  { episodes, programs, onProgress, signal }: Parameters<RandomEngine['playRandom']>[1],
  now: () => number,
): Promise<RandomRecord> {
  const { seed, trainGames } = config;
  const source = await checkedFirst(signal, () =>
    openSource(config, namedBridges(programs), {
      ...{ signal, anyForm: true },
      onStart: (report) => onProgress(startProgress(report)),
    }),
  );
  try {
    const most = episodes ?? randomEpisodes;
    const environments = Array.from({ length: Math.min(LIVE, most) }, (): RandomEnvironment => source.create());
    const results = new Map<Split, Results>();
    const splits = evaluatedSplits(config);
    let count = most;
    for (const [i, split] of splits.entries()) {
      const report = (done: number): void =>
        onProgress({
          phase: 'random',
          done: i * count + done,
          total: splits.length * count,
          envSteps: 0,
          success: null,
        });
      if (i === 0) report(0);
      const play = (first: number, part: number): Promise<Results> =>
        playBaseline(environments, {
          ...{ seed, split, first, episodes: part, trainGames, signal },
          onEpisode: (done) => report(first + done),
        });
      const parts = episodes === null ? await playWithin(play, count, now) : [await play(0, count)];
      const steps = joined(parts.map((part) => part.steps));
      const [returns, successes] = [
        joined(parts.map((part) => part.returns)),
        joined(parts.map((part) => part.successes)),
      ];
      results.set(split, { returns, successes, steps });
      // The next splits play no more than this one.
      count = steps.length;
    }
    const { spec } = environments[0];
    return {
      ...{ command: 'random', env: config.env, version: spec.version, seed, episodes: count },
      ...(count < most && { secondsPerSplit: randomSeconds }),
      ...meansOf(spec, results, count),
    };
  } finally {
    await source.close();
  }
}

export const playRandom: RandomEngine['playRandom'] = (config, options) =>
  playBaselines(config, options, () => performance.now());
