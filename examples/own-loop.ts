/** A training loop of your own: GRPO on two similar states, with the parts that `train` is made of. */
import { createArena, createPolicy, evaluate } from 'unbraid';
import { createLookAlike } from 'unbraid/env';
import { actionKey, collect, createLearner, groupRelative, lossSet, update } from 'unbraid/learn';

const seed = 1;
const groupSize = 8;
const environments = Array.from({ length: 4 * groupSize }, () => createLookAlike({ rho: 0.5 }));
const sizes = { tokenWidth: 8, matchWidth: 1, hidden: 32, embedding: 16, blocks: 0, heads: 1, logitScale: 1 };
const policy = createPolicy(await createArena(), environments[0].spec, { policy: 'mlp', ...sizes });
policy.network.initialise(policy.weights, seed);
policy.network.prepare(policy.weights);
const learner = createLearner(policy);

async function success(): Promise<string> {
  const { mean } = await evaluate(policy, environments, { seed, split: 'in-domain', episodes: 200 });
  return mean.toFixed(2);
}

const before = await success();
for (let iteration = 1; iteration <= 40; iteration++) {
  // Four games, each played by a group of eight episodes.
  const games = environments.map((_, e) => {
    return { seed: 4 * iteration + Math.floor(e / groupSize), split: 'train' as const, rollout: e };
  });
  const key = actionKey(seed, 'ownLoop', iteration);
  const rollout = await collect(policy, environments, games, { key, temperature: 1 });
  const { advantages } = groupRelative(rollout.returns, groupSize, 'group');
  const advantage = Float32Array.from({ length: rollout.states.states }, (_, s) => advantages[rollout.episode[s]]);
  const steps = { list: rollout.states, taken: rollout.taken, oldLogProb: rollout.logProb, advantage };
  const losses = lossSet(steps, { entropyCoef: 0.003 });
  for (let pass = 0; pass < 2; pass++) update(learner, [losses], { learningRate: 0.01 });
}
console.log('success before and after:', before, await success());

// Output:
// success before and after: 0.14 1.00
