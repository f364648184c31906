/** The Gram matrix of samples of your own: dot products of the gradients of log π(a | s). */
import { createArena, createPolicy } from 'unbraid';
import { gramMatrix } from 'unbraid/coupling';
import { createLookAlike } from 'unbraid/env';
import { createStateList, inputShape, pushState } from 'unbraid/learn';

const environment = createLookAlike({ rho: 0.8 });
const sizes = { tokenWidth: 8, matchWidth: 1, hidden: 32, embedding: 16, blocks: 0, heads: 1, logitScale: 1 };
const policy = createPolicy(await createArena(), environment.spec, { policy: 'mlp', ...sizes });
policy.network.initialise(policy.weights, 1);
policy.network.prepare(policy.weights);

// The first states of three games, each with action 0 taken.
const list = createStateList(inputShape(environment.spec));
for (let seed = 1; seed <= 3; seed++) {
  const { observation, info } = environment.reset({ seed, split: 'train' });
  pushState(list, observation, info.admissibleActions);
}
const { total, byParameter } = gramMatrix(policy, policy.weights, { list, states: [0, 1, 2], taken: [0, 0, 0] });

for (let i = 0; i < 3; i++) {
  const cosines = [0, 1, 2].map((j) => total[i * 3 + j] / Math.sqrt(total[i * 3 + i] * total[j * 3 + j]));
  console.log(cosines.map((cosine) => cosine.toFixed(2)).join('  '));
}
console.log('parameters:', [...byParameter.keys()].join(', '));

// Output:
// 1.00  0.99  0.87
// 0.99  1.00  0.89
// 0.87  0.89  1.00
// parameters: state.weight, state.bias, actions, action.weight, embedding.weight, embedding.bias, policyHead.weight
