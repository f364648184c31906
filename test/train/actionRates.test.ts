import { describe, expect, test } from 'vitest';
import { createStateList, inputShape, pushState } from '../../src/engine/states/stateList.ts';
import { createHousehold } from '../../src/env/household/household.ts';
import { reservedWords } from '../../src/env/text/tokenizer.ts';
import { createRollout, type Rollout } from '../../src/rollout/rollout.ts';
import { actionRates } from '../../src/train/actionRates.ts';

/** Plays scripts: each action is the first one whose text starts so. All episodes advance by one step at a time. */
function scripted(scripts: readonly (readonly string[])[]): Rollout {
  const environments = scripts.map(() => createHousehold());
  const { spec } = environments[0];
  const games = scripts.map((_, rollout) => ({ seed: 5, split: 'train', rollout }) as const);
  const rollout = createRollout(inputShape(spec), games, spec.maxSteps);
  const steps = environments.map((environment, e) => environment.reset(games[e]));
  let s = 0;
  for (let t = 0; t < Math.max(...scripts.map(({ length }) => length)); t++) {
    for (const [e, script] of scripts.entries()) {
      if (t >= script.length) continue;
      const environment = environments[e];
      pushState(rollout.states, steps[e].observation, steps[e].info.admissibleActions);
      rollout.taken[s] = environment.actionTexts().findIndex((text) => text.startsWith(script[t]));
      [rollout.episode[s], rollout.step[s], rollout.hash[s]] = [e, t, environment.stateHash()];
      steps[e] = environment.step(rollout.taken[s]);
      rollout.nextHash[s++] = environment.stateHash();
    }
  }
  return rollout;
}

describe('actionRates', () => {
  test('a scripted episode', () => {
    // Of nine steps after the first: one repeats the action before it ("use the lamp" twice), and five repeat an action
    // in a state: "take bowl" and "put bowl" twice each, and "use the lamp". The lamp does nothing, twice.
    const script = ['take bowl', 'put bowl', 'take bowl', 'put bowl', 'take bowl', 'put bowl', 'go to armchair'];
    const rates = actionRates(scripted([[...script, 'use the lamp', 'use the lamp', 'take apple']]));
    expect(rates).toEqual({ repeated: 1 / 9, repeatedInState: 5 / 9, noEffect: 2 / 10 });
  });

  test('two places of one kind are different actions; another state is not the same; episodes do not mix', () => {
    const first = ['go to cabinet 2', 'go to armchair', 'go to cabinet 2', 'go to cabinet 1', 'go to cabinet 2'];
    // The agent remembers the places that it has seen, so the state at its return is another one.
    expect(actionRates(scripted([first, first]))).toEqual({ repeated: 0, repeatedInState: 0, noEffect: 0 });
    expect(actionRates(scripted([['take bowl', 'put bowl', 'take bowl'], ['go to armchair']])).repeatedInState).toBe(
      1 / 2,
    );
  });

  test('episodes of one step have no step that could repeat another', () => {
    expect(actionRates(scripted([['take bowl'], ['take bowl']]))).toEqual({
      repeated: null,
      repeatedInState: null,
      noEffect: 0,
    });
  });

  test('in a text the memory marks of an action do not count', () => {
    const list = createStateList({
      ...{ form: 'tokens', layout: 'sequence', vocabularySize: reservedWords.length + 3 },
      ...{ stateSlots: 2, actionSlots: 3, vectorWidth: 0 },
    });
    const { vocabularySize: size } = list.shape;
    const [mark, verb, object] = [0, reservedWords.length, reservedWords.length + 1];
    pushState(list, [verb], [[verb, size + object, 2 * size + mark]]);
    pushState(list, [verb], [[verb, size + object]]);
    pushState(list, [verb], [[object, size + verb]]);
    const rollout: Rollout = {
      ...createRollout(list.shape, [{ seed: 1, split: 'train', rollout: 0 }], 3),
      ...{ states: list, step: Int32Array.of(0, 1, 2), hash: Float64Array.of(1, 1, 1) },
    };
    expect(actionRates(rollout)).toEqual({ repeated: 1 / 2, repeatedInState: 1 / 2, noEffect: 0 });
  });
});
