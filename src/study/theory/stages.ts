/**
 * Error of the first-order prediction of spillover before training, after behaviour-cloning pretraining, and after
 * training.
 */

import { type Config, resolveConfig } from '../../config/config.ts';
import type { Samples } from '../../coupling/samples.ts';
import { createArena } from '../../engine/kernels/createArena.ts';
import { loadParameters } from '../../engine/policy/parameters.ts';
import { createPolicy, type Policy } from '../../engine/policy/policy.ts';
import type { Environment, Split } from '../../env/environment.ts';
import { openEnvironments } from '../../env/registry.ts';
import { randomStream } from '../../random.ts';
import { playExpert } from '../../rollout/expert.ts';
import { trainingGames } from '../../rollout/success.ts';
import { runTraining } from '../../train/trainer.ts';
import { type StepError, stepErrors } from './stepErrorMath.ts';

export const stages = ['initial', 'cold start', 'trained'] as const;
export type Stage = (typeof stages)[number];

/**
 * Number of samples whose gradients form the step (half of them good), and number of probes whose log pi is predicted.
 */
const SAMPLES = 64;

const GAMES = 30;

/** States from episodes of an expert with noise. The candidate actions are good (advantage 1) and bad (-1) in turn. */
async function expertSamples(
  environment: Environment,
  seed: number,
  split: Split,
): Promise<{ samples: Samples; advantages: (1 | -1)[] }> {
  const first = trainingGames(seed, 1)[0].seed;
  const games = Array.from({ length: GAMES }, (_, i) => ({ seed: first + i, split, rollout: 0 }));
  const play = await playExpert(environment, games, { noise: 0.25, seed, purpose: `theory/${split}` });
  const random = randomStream(seed, `theory/samples/${split}`);
  const { rowOffsets } = play.states;
  const states: number[] = [];
  const taken: number[] = [];
  const advantages: (1 | -1)[] = [];
  while (states.length < SAMPLES) {
    const good = states.length % 2 === 0;
    const state = random.below(play.states.states);
    const rows = Array.from({ length: rowOffsets[state + 1] - rowOffsets[state] }, (_, a) => a);
    const fit = rows.filter((a) => (play.expert[rowOffsets[state] + a] === 1) === good);
    if (fit.length === 0) continue;
    states.push(state);
    taken.push(fit[random.below(fit.length)]);
    advantages.push(good ? 1 : -1);
  }
  return { samples: { list: play.states, states, taken }, advantages };
}

/**
 * Trains one run and measures `stepErrors` at three stages. Samples are from games of the train split, probes from
 * out-of-domain games.
 *
 * @param changes to the default config; the environment must have an expert
 */
export async function stageErrors(
  changes: Partial<Config>,
  lifts: readonly number[],
): Promise<Record<Stage, StepError[]>> {
  const config = resolveConfig({ ...changes, evalEpisodes: 1, couplingPairs: 1, checkpointEvery: 1_000_000 });
  const pool = await openEnvironments(config, null);
  const environment = pool.create();
  const policy = createPolicy(await createArena(), environment.spec, { ...config, logitScale: 1 });
  const { samples, advantages } = await expertSamples(environment, config.seed, 'train');
  const { samples: probes } = await expertSamples(environment, config.seed, 'out-of-domain');
  const measure = (of: Policy): StepError[] => stepErrors(of, { samples, advantages, probes, lifts });
  policy.network.initialise(policy.weights, config.seed);
  policy.network.prepare(policy.weights);
  const initial = measure(policy);
  const saved: StepError[][] = [];
  await runTraining(config, {
    onCheckpoint: ({ parameters }) => {
      loadParameters(policy, parameters);
      saved.push(measure(policy));
    },
  });
  await pool.close();
  return { initial, 'cold start': saved[0], trained: saved[saved.length - 1] };
}
