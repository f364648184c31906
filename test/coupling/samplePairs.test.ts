import { describe, expect, test } from 'vitest';
import { describeSample } from '../../src/coupling/describe.ts';
import { collectSamplePairs } from '../../src/coupling/samplePairStates.ts';
import { type LabelledStates, pairClasses, pairSamples } from '../../src/coupling/samplePairs.ts';
import { createArena } from '../../src/engine/kernels/createArena.ts';
import { createPolicy, type Policy } from '../../src/engine/policy/policy.ts';
import { createStateList, inputShape, pushState } from '../../src/engine/states/stateList.ts';
import type { Environment } from '../../src/env/environment.ts';
import { createHousehold } from '../../src/env/household/household.ts';
import { createLookAlike } from '../../src/env/lookAlike.ts';
import { trainingGames } from '../../src/rollout/success.ts';

const shape = inputShape({
  name: 'five actions',
  version: '1',
  maxSteps: 9,
  hasExpert: false,
  form: 'vector',
  vectorWidth: 1,
  actionCount: 5,
});

/** One state per row of `[action, label]` pairs, each state in its own game. */
function labelled(rows: readonly (readonly (readonly [number, -1 | 0 | 1])[])[]): LabelledStates {
  const states = createStateList(shape);
  for (const row of rows) {
    pushState(
      states,
      new Float32Array(1),
      row.map(([action]) => action),
    );
  }
  return {
    states,
    labels: Int8Array.from(rows.flat(), ([, label]) => label),
    game: Int32Array.from(rows.keys()),
  };
}

describe('pairs chosen by hand-written labels', () => {
  const left = labelled([
    [
      [0, 1],
      [1, 0],
    ],
    [
      [2, 1],
      [3, -1],
      [0, 1],
    ],
  ]);
  const right = labelled([
    [
      [1, 0],
      [0, 0],
      [2, 1],
      [3, 1],
    ],
  ]);

  test('have equal actions with the labels of the class; an action without label is in no pair', () => {
    const samplePairs = pairSamples(left, right, 50, 1);
    const places = (name: (typeof pairClasses)[number]): string[] =>
      [...new Set(samplePairs?.byClass[name].map(([l, r]) => `${l.state}/${l.action} ${r.state}/${r.action}`))].sort();
    expect(places('goodGood')).toEqual(['1/0 0/2']);
    expect(places('goodBad')).toEqual(['0/0 0/1', '1/2 0/1']);
    expect(places('badBad')).toEqual(['0/1 0/0']);
    for (const name of pairClasses) expect(samplePairs?.byClass[name].length).toBe(50);
  });

  test('are equal for equal seeds and differ for different seeds', () => {
    expect(pairSamples(left, right, 50, 1)).toEqual(pairSamples(left, right, 50, 1));
    expect(pairSamples(left, right, 50, 2)?.byClass.goodBad).not.toEqual(
      pairSamples(left, right, 50, 1)?.byClass.goodBad,
    );
  });

  test('are null where one class has no pair', () => {
    // No action is good on the left and bad on the right.
    const neverBad = labelled([
      [
        [1, 0],
        [0, 1],
        [2, 1],
      ],
    ]);
    expect(pairSamples(left, neverBad, 5, 1)).toBeNull();
    expect(pairSamples(labelled([]), right, 5, 1)).toBeNull();
  });
});

async function open(environment: Environment): Promise<Policy> {
  const kind = environment.spec.form === 'vector' ? 'mlp' : 'attention';
  const sizes = { tokenWidth: 6, matchWidth: 4, hidden: 16, embedding: 8, blocks: 0, heads: 2, logitScale: 1 };
  const policy = createPolicy(await createArena(), environment.spec, { policy: kind, ...sizes });
  policy.network.initialise(policy.weights, 4);
  policy.network.prepare(policy.weights);
  return policy;
}

const options = { seed: 1, split: 'in-domain', pairs: 30, graphDiscount: 0.9, graphMaxEdges: 1e6 } as const;

describe('the sample pairs of the household', () => {
  test.each(['tokens', 'vector'] as const)(
    '%s: same words in different games, with the labels of the expert',
    async (form) => {
      const environments = [createHousehold({ form })];
      const samplePairs = await collectSamplePairs(await open(environments[0]), environments, options);
      if (!samplePairs) throw new Error('a household has pairs of all classes');
      const words = describeSample(environments[0].spec, samplePairs);
      const qualities = { goodGood: [true, true], goodBad: [true, false], badBad: [false, false] };
      for (const name of pairClasses) {
        expect(samplePairs.byClass[name].length).toBe(30);
        for (const pair of samplePairs.byClass[name]) {
          expect(pair.map(({ side }) => side)).toEqual([0, 1]);
          expect(pair.map(({ good }) => good)).toEqual(qualities[name]);
          for (const { side, state, action, good } of pair) {
            const { states, labels } = samplePairs.sides[side];
            expect(labels[states.rowOffsets[state] + action]).toBe(good ? 1 : 0);
          }
          // Verb, object and place. The words after them state what the agent remembers of the place.
          const named = pair.map((sample) =>
            form === 'tokens' ? words(sample).split(' ').slice(0, 2) : words(sample),
          );
          expect(named[0]).toEqual(named[1]);
        }
      }
      expect(new Set(samplePairs.sides[0].game).size).toBe(60);
    },
  );

  test('another seed changes the pairs, another split changes the right side', async () => {
    const environments = [createHousehold()];
    const policy = await open(environments[0]);
    const samplePairs = await collectSamplePairs(policy, environments, options);
    expect(await collectSamplePairs(policy, environments, options)).toEqual(samplePairs);
    const seed2 = await collectSamplePairs(policy, environments, { ...options, seed: 2 });
    expect(seed2?.sides[0].states.stateFeatures).not.toEqual(samplePairs?.sides[0].states.stateFeatures);
    const out = await collectSamplePairs(policy, environments, { ...options, split: 'out-of-domain' });
    expect(out?.sides[0]).toEqual(samplePairs?.sides[0]);
    expect(out?.sides[1].states.stateFeatures).not.toEqual(samplePairs?.sides[1].states.stateFeatures);
  });

  test('are not from training games, for 20 seeds', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const seen: number[] = [];
      const household = createHousehold();
      const watched: Environment = {
        ...household,
        reset(choice) {
          seen.push(choice.seed);
          // Only the choice of games matters here, so each game has one step.
          return { ...household.reset(choice), truncated: true };
        },
      };
      await collectSamplePairs(await open(household), [watched], { ...options, seed });
      expect(new Set(seen).size).toBe(120);
      const training = new Set(trainingGames(seed, 1000).map((game) => game.seed));
      expect(seen.some((game) => training.has(game))).toBe(false);
    }
  });
});

test('without an expert the labels are those of an experience graph of the policy itself', async () => {
  const environments = Array.from({ length: 24 }, (): Environment => {
    const { expertActions: _, ...environment } = createLookAlike();
    return { ...environment, spec: { ...environment.spec, hasExpert: false } };
  });
  const samplePairs = await collectSamplePairs(await open(environments[0]), environments, options);
  expect(samplePairs?.byClass.goodBad.length).toBe(30);
  // 12 games, each played twice, of 3 steps.
  expect(samplePairs?.sides.map(({ states, game }) => [states.states, new Set(game).size])).toEqual([
    [72, 12],
    [72, 12],
  ]);
  // The graph labels only actions that were tried.
  expect(samplePairs?.sides[0].labels.includes(-1)).toBe(true);
});
