/** What is measured on the checkpoint of a run's folder. */
import { collectBank } from '../coupling/bankStates.ts';
import { describeSample } from '../coupling/describe.ts';
import { measureCoupling } from '../coupling/measure.ts';
import type { Environment } from '../env/environment.ts';
import { meanInterval, wilsonInterval } from '../evaluate/statistics.ts';
import { success } from '../evaluate/success.ts';
import type { Crew } from '../parallel/crew.ts';
import { openSpread, type Spread } from '../parallel/spread.ts';
import { createPolicy, type Policy } from '../policy/policy.ts';
import { openRun } from '../record/run.node.ts';
import type { CouplingRecord } from '../report/records.ts';
import { loadParameters } from '../train/checkpointing.ts';
import { type Config, resolveConfig } from '../train/config.ts';
import { openEnvironments } from '../train/environments.ts';
import { headsOf } from '../train/method.ts';
import type { CouplingEngine } from './coupling.ts';
import type { EvalEngine } from './eval.ts';
import { openNamedBridge } from './trainRun.ts';

/** Environments live at once. */
const LIVE = 96;

interface SavedPolicy {
  readonly config: Config;
  readonly iteration: number;
  readonly policy: Policy;
  readonly environments: readonly Environment[];
  readonly spread: Spread;
}

/** Gives the newest checkpoint's policy to `use`, with environments as the run had them, spread over the crew. */
async function withPolicy<T>(
  directory: string,
  crew: Crew,
  signal: AbortSignal,
  use: (saved: SavedPolicy) => Promise<T>,
): Promise<T> {
  const run = openRun(directory);
  const config = resolveConfig(run.config);
  const checkpoint = run.loadCheckpoint();
  const pool = await openEnvironments(config, openNamedBridge, checkpoint.tokenizer ?? null, { signal });
  try {
    const environments = Array.from({ length: LIVE }, () => pool.create());
    const policy = createPolicy(await crew.arena(), environments[0].spec, {
      ...config,
      ...headsOf(config.method),
      logitScale: 1,
    });
    loadParameters(policy, checkpoint.parameters);
    const spread = await openSpread(crew, policy, config, pool, environments, signal);
    try {
      return await use({ config, iteration: checkpoint.iteration, policy, environments, spread });
    } finally {
      spread.close();
    }
  } finally {
    await pool.close();
  }
}

/** Coupling of a run's newest checkpoint between the train split and `split`, on `samples` samples of each side and pair class. */
export const measureRunCoupling: CouplingEngine['measureRunCoupling'] = (
  directory,
  { split, samples, crew, onProgress, signal },
) =>
  withPolicy(directory, crew, signal, async ({ config, iteration, policy, environments, spread }) => {
    const progress = (done: number): void =>
      onProgress({ phase: 'coupling', done, total: 2, envSteps: 0, success: null });
    progress(0);
    const { seed, graphDiscount, graphMaxEdges } = config;
    const options = { seed, split, pairs: samples, graphDiscount, graphMaxEdges, signal };
    const bank = await collectBank(policy, environments, options);
    if (!bank) {
      throw new Error(
        `coupling: no action of ${directory} is known to be good in one game and bad in another; train it further, until some episodes succeed`,
      );
    }
    progress(1);
    const describe = describeSample(environments[0].spec, bank);
    const measured = await measureCoupling(policy, policy.weights, bank, describe, spread.grams, signal);
    progress(2);
    return { command: 'coupling', run: directory, iteration, split, samples, ...measured } as CouplingRecord;
  });

/** Mean return of a run's newest checkpoint on a split, with a 95% interval: Wilson's where every return is 0 or 1, else Student's t. */
export const evaluateRun: EvalEngine['evaluateRun'] = (directory, { split, episodes, crew, onProgress, signal }) =>
  withPolicy(directory, crew, signal, async ({ config, policy, environments, spread }) => {
    const { seed, trainGames, temperature } = config;
    const onEpisode = (done: number): void =>
      onProgress({ phase: 'evaluate', done, total: episodes, envSteps: 0, success: null });
    const { mean, returns } = await success(policy, environments, {
      seed,
      split,
      episodes,
      trainGames,
      temperature,
      onEpisode,
      signal,
      play: spread.play,
    });
    const values = [...returns];
    const solved = values.filter((x) => x === 1).length;
    const plain = values.every((x) => x === 0 || x === 1);
    const { low, high } = plain || episodes < 2 ? wilsonInterval(solved, episodes) : meanInterval(values);
    return { command: 'eval', split, episodes, success: mean, interval: [low, high] };
  });
