/** A network of your own: layers that you compose have gradients, a Gram matrix and checkpoints. */
import { createArena, evaluate } from 'unbraid';
import { createLookAlike } from 'unbraid/env';
import {
  activation,
  batchCapacity,
  broadcast,
  createNetwork,
  heads,
  linear,
  policyOn,
  slotLinear,
  tokenTable,
  vectorInput,
} from 'unbraid/layers';
import { inputShape } from 'unbraid/learn';

const environment = createLookAlike();
const shape = inputShape(environment.spec);
const network = createNetwork(await createArena(), shape, batchCapacity(shape, 128), (b) => {
  // h = tanh(W x + U E[action] + b) with small weights at the start, then e = relu(V h + c).
  const small = { kind: 'uniform', scale: 0.1 } as const;
  const h = broadcast(b, linear(b, 'state', vectorInput(b), 24, { init: small, biasInit: small }));
  const actions = tokenTable(b, 'actions', 8);
  slotLinear(b, 'action', 'action', actions, 24, { bias: false, into: h });
  const e = activation(b, 'relu', linear(b, 'embedding', activation(b, 'tanh', h), 12));
  return heads(b, e, { embedding: 12, logitScale: 1 });
});
const policy = policyOn(network);
network.initialise(policy.weights, 1);
network.prepare(policy.weights);
console.log(network.parameters.map(({ name }) => name).join(', '));
const { mean } = await evaluate(policy, [environment], { seed: 1, split: 'in-domain', episodes: 100 });
console.log('success without training:', mean.toFixed(2));

// Output:
// state.weight, state.bias, actions, action.weight, embedding.weight, embedding.bias, policyHead.weight, classifierHead.weight, classifierHead.bias
// success without training: 0.11
