/** Plays the baseline of random actions in the environment of a config. */
import type { Split } from '../../env/environment.ts';
import { openSource } from '../../env/registry.ts';
import { playBaseline, type RandomEnvironment } from '../../rollout/randomBaseline.ts';
import { successesOf } from '../../rollout/success.ts';
import { type EpisodeMean, episodeMean } from '../../statistics/episodes.ts';
import { bySplit, evaluatedSplits, startProgress } from '../../train/run.ts';
import { checkedFirst } from '../shared/arguments.ts';
import { namedBridges } from '../shared/bridges.ts';
import type { RandomEngine } from './command.ts';

/** Number of episodes that are played at the same time: the answers of a program overlap with the requests. */
const LIVE = 32;

/** @throws a usage error if the environment does not open */
export const playRandom: RandomEngine['playRandom'] = async (config, { episodes, programs, onProgress, signal }) => {
  const { seed, trainGames } = config;
  const source = await checkedFirst(signal, () =>
    openSource(config, namedBridges(programs), {
      ...{ signal, anyForm: true },
      onStart: (report) => onProgress(startProgress(report)),
    }),
  );
  try {
    const environments = Array.from({ length: Math.min(LIVE, episodes) }, (): RandomEnvironment => source.create());
    const { spec } = environments[0];
    const success = new Map<Split, EpisodeMean>();
    const returns = new Map<Split, EpisodeMean>();
    const steps = new Map<Split, number>();
    const played = evaluatedSplits(config);
    const total = played.length * episodes;
    for (const [i, split] of played.entries()) {
      const onEpisode = (done: number): void =>
        onProgress({ phase: 'random', done: i * episodes + done, total, envSteps: 0, success: null });
      if (i === 0) onEpisode(0);
      const results = await playBaseline(environments, { seed, split, episodes, trainGames, onEpisode, signal });
      const successes = successesOf(spec, results);
      if (successes !== null) success.set(split, episodeMean(successes));
      returns.set(split, episodeMean(results.returns));
      steps.set(split, results.steps / episodes);
    }
    return {
      ...{ command: 'random', env: config.env, version: spec.version, seed, episodes },
      ...{ success: bySplit(success), return: bySplit(returns), steps: bySplit(steps) },
    };
  } finally {
    await source.close();
  }
};
