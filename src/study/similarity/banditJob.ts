/** The job of one bandit run: success, and coupling of states of one scenario before and after training. */

import { resolveConfig } from '../../config/config.ts';
import { type Gram, gramMatrix } from '../../coupling/gram.ts';
import type { Samples } from '../../coupling/samples.ts';
import { createArena } from '../../engine/kernels/createArena.ts';
import { loadParameters } from '../../engine/policy/parameters.ts';
import { createPolicy, type Policy } from '../../engine/policy/policy.ts';
import { createStateList, inputShape, pushState } from '../../engine/states/stateList.ts';
import { createBandit, stateMeans } from '../../env/bandit/bandit.ts';
import { combinations, SCENARIOS } from '../../env/bandit/combinations.ts';
import { runTraining } from '../../train/trainer.ts';
import type { JobKind } from '../job.ts';
import { type TrainInput, wholeSuccess } from '../trained/trainJob.ts';

export type BanditResult = {
  readonly success: { readonly train: number; readonly inDomain: number; readonly outOfDomain: number };
  /**
   * Mean cosine of good-bad pairs within one scenario, without observation noise, for the weights at the start and at
   * the end.
   */
  readonly cosine: { readonly start: number; readonly end: number };
  readonly envSteps: number;
};

/**
 * Mean cosine between two gradients of log pi: of the good action in a training state, and of the same action in
 * another training state of its scenario, where it is bad. The mean is over all such pairs.
 */
export function sameScenarioCosine(policy: Policy, rho: number, layoutSeed: number): number {
  const means = stateMeans({ rho, layoutSeed });
  const states = combinations('train');
  const { spec } = createBandit();
  const list = createStateList(inputShape(spec));
  const actions = Array.from({ length: spec.actionCount }, (_, action) => action);
  for (const { need, scenario } of states) {
    pushState(list, Float32Array.from(means[need * SCENARIOS + scenario]), actions);
  }
  const pairs = states.flatMap((from, i) =>
    states.flatMap((to, j) => (i !== j && from.scenario === to.scenario ? [[i, j]] : [])),
  );
  const taken = pairs.map(([i]) => states[i].need);
  const side = (which: 0 | 1): Samples => ({ list, states: pairs.map((pair) => pair[which]), taken });
  const between = (a: 0 | 1, b: 0 | 1): Gram => gramMatrix(policy, policy.weights, side(a), side(b));
  const diagonal = ({ total }: Gram): number[] => pairs.map((_, k) => total[k * pairs.length + k]);
  const [dots, good, bad] = [diagonal(between(0, 1)), diagonal(between(0, 0)), diagonal(between(1, 1))];
  return dots.reduce((sum, dot, k) => sum + dot / Math.sqrt(good[k] * bad[k]), 0) / pairs.length;
}

export const banditKind: JobKind<TrainInput, BanditResult> = {
  name: 'bandit',
  async run(input, { module }) {
    const config = resolveConfig({ ...input, env: 'bandit', policy: 'mlp' });
    const policy = createPolicy(await createArena(module), createBandit().spec, { ...config, logitScale: 1 });
    const cosines: number[] = [];
    const { success, envSteps } = await runTraining(config, {
      ...(module && { module }),
      onCheckpoint: ({ parameters }) => {
        loadParameters(policy, parameters);
        cosines.push(sameScenarioCosine(policy, config.similarity, config.seed));
      },
    });
    return {
      success: wholeSuccess(success),
      cosine: { start: cosines[0], end: cosines[cosines.length - 1] },
      envSteps,
    };
  },
};
