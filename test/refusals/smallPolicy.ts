/** A small policy on the household, for functions that must be given one. */
import { createHousehold } from '../../src/entry/env.ts';
import { type Arena, createArena, createPolicy, type Policy } from '../../src/index.ts';

export const config = {
  policy: 'attention',
  tokenWidth: 4,
  matchWidth: 4,
  hidden: 8,
  embedding: 4,
  blocks: 0,
  heads: 2,
  logitScale: 1,
} as const;

export const household = createHousehold();

export const arena: Arena = await createArena();

export const policy: Policy = createPolicy(arena, household.spec, config, 8);
policy.network.initialise(policy.weights, 1);
policy.network.prepare(policy.weights);
