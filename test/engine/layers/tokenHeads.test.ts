import { expect, test } from 'vitest';
import { createArena } from '../../../src/engine/kernels/createArena.ts';
import { createPolicy, type Policy } from '../../../src/engine/policy/policy.ts';
import { loadStates } from '../../../src/engine/states/loadBatch.ts';
import { createStateList, inputShape, pushState, type StateList } from '../../../src/engine/states/stateList.ts';
import { createHousehold } from '../../../src/env/household/household.ts';
import { createLookAlike } from '../../../src/env/lookAlike.ts';

const sizes = { tokenWidth: 4, matchWidth: 4, hidden: 8, embedding: 4, blocks: 0, heads: 2, logitScale: 1 };

/** The logits of the listed states, and those after the head of `token` is doubled. */
function logitsBeforeAndAfter(policy: Policy, list: StateList, token: number): [number[], number[]] {
  const { arena, network, weights } = policy;
  network.initialise(weights, 3);
  network.prepare(weights);
  loadStates(arena, network.batch, list, [0], 0, 1);
  const logits = (): number[] => {
    network.forward(weights);
    return [...arena.read(network.heads.logit.value, list.actions)];
  };
  const before = logits();
  const head = network.parameters.find(({ name }) => name === 'actionHeads.weight');
  if (!head) throw new Error('no parameter actionHeads.weight');
  expect(head.shape).toEqual([list.shape.vocabularySize, sizes.embedding]);
  arena.kernels.scaleBy(weights + head.offset + token * sizes.embedding * 4, sizes.embedding, 2);
  return [before, logits()];
}

test('the household: the head of a verb scores its actions and no others', async () => {
  const environment = createHousehold();
  const { spec } = environment;
  const list = createStateList(inputShape(spec));
  const { observation, info } = environment.reset({ seed: 5, split: 'train' });
  pushState(list, observation, info.admissibleActions);
  const policy = createPolicy(await createArena(), spec, { policy: 'attention', ...sizes, actionHeads: true }, 8);
  const verbs = (info.admissibleActions as number[][]).map(([first]) => first);
  expect(new Set(verbs).size).toBeGreaterThan(1);
  const [before, after] = logitsBeforeAndAfter(policy, list, verbs[0]);
  // Doubling is exact.
  expect(after).toEqual(before.map((logit, a) => (verbs[a] === verbs[0] ? 2 * logit : logit)));
  expect(before.every((logit) => logit !== 0)).toBe(true);
});

test('a fixed set: every action has a head of its own', async () => {
  const environment = createLookAlike();
  const { spec } = environment;
  const list = createStateList(inputShape(spec));
  const { observation, info } = environment.reset({ seed: 5, split: 'train' });
  pushState(list, observation, info.admissibleActions);
  const policy = createPolicy(await createArena(), spec, { policy: 'mlp', ...sizes, actionHeads: true }, 8);
  const [before, after] = logitsBeforeAndAfter(policy, list, 2);
  expect(after).toEqual(before.map((logit, a) => (a === 2 ? 2 * logit : logit)));
});
