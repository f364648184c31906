import { expect, test } from 'vitest';
import type { Chain } from '../../src/env/chain.ts';
import { type Split, type Step, splits } from '../../src/env/environment.ts';
import { createLookAlike, type LookAlikeOptions, stateVectors } from '../../src/env/lookAlike.ts';

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, x, i) => sum + x * b[i], 0);
}

const noiseless = (options: LookAlikeOptions, need: 0 | 1): Float32Array =>
  stateVectors({ ...options, noise: 0 }, need, 1, { seed: 0, purpose: 'test' });

/** Plays one episode; `choose` maps the good action to the one taken. Returns all steps. */
function play(
  env: Chain,
  options: { seed: number; split: Split; rollout?: number },
  choose: (good: number) => number,
): Step[] {
  const steps = [env.reset(options)];
  while (!steps[steps.length - 1].terminated) steps.push(env.step(choose(env.expertActions()[0])));
  return steps;
}

const right = (good: number): number => good;
const wrong = (good: number): number => 1 - good;

/** Fails only if `count` is six standard deviations from the mean of `n` samples with probability `p`. */
function expectBinomial(count: number, n: number, p: number): void {
  expect(Math.abs(count - n * p)).toBeLessThan(6 * Math.sqrt(n * p * (1 - p)));
}

test.each([0, 0.3, 0.8, 0.95, 1])('without noise the cosine of the two states is rho = %d within 1e-6', (rho) => {
  for (const layoutSeed of [0, 1, 2]) {
    const s = noiseless({ rho, layoutSeed }, 0);
    const other = noiseless({ rho, layoutSeed }, 1);
    expect(dot(s, s)).toBeCloseTo(16, 5);
    expect(Math.abs(dot(s, other) / Math.sqrt(dot(s, s) * dot(other, other)) - rho)).toBeLessThan(1e-6);
  }
});

test('observations scatter around the noiseless state with the noise as standard deviation', () => {
  const count = 4000;
  const rows = stateVectors({}, 1, count, { seed: 3, purpose: 'test' });
  expect(rows.length).toBe(count * 16);
  const mean = noiseless({}, 1);
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < rows.length; i++) {
    const deviation = rows[i] - mean[i % 16];
    sum += deviation;
    squares += deviation * deviation;
  }
  // 64000 draws: the mean's standard error is 0.0012, that of the variance about 0.0005.
  expect(Math.abs(sum / rows.length)).toBeLessThan(0.006);
  expect(Math.abs(squares / rows.length - 0.09)).toBeLessThan(0.003);
  expect(stateVectors({}, 1, 2, { seed: 3, purpose: 'test' })).toEqual(rows.slice(0, 32));
  expect(stateVectors({}, 1, 2, { seed: 3, purpose: 'other' })).not.toEqual(rows.slice(0, 32));
});

test('layoutSeed and vectorWidth change the states, noise the observations', () => {
  expect(noiseless({ layoutSeed: 1 }, 0)).not.toEqual(noiseless({}, 0));
  expect(noiseless({ vectorWidth: 5 }, 0).length).toBe(5);
  const first = (noise: number) => createLookAlike({ noise }).reset({ seed: 0, split: 'train' }).observation;
  expect(first(0.3)).not.toEqual(first(0));
});

test('a seed fixes the states, a rollout the noise and the draw of success', () => {
  const env = createLookAlike();
  const needsOf = (seed: number, rollout: number): number[] => {
    const needs: number[] = [];
    play(env, { seed, split: 'train', rollout }, (good) => {
      needs.push(good);
      return good;
    });
    return needs;
  };
  const outcomes: number[] = [];
  for (let seed = 0; seed < 40; seed++) {
    expect(needsOf(seed, 1)).toEqual(needsOf(seed, 0));
    const [a, again, b] = [0, 0, 1].map((rollout) => play(env, { seed, split: 'train', rollout }, wrong));
    expect(again).toEqual(a);
    expect(b[0].observation).not.toEqual(a[0].observation);
    outcomes.push(a[3].reward - b[3].reward);
  }
  expect(play(env, { seed: 7, split: 'train' }, wrong)).toEqual(
    play(env, { seed: 7, split: 'train', rollout: 0 }, wrong),
  );
  expect(outcomes).toContain(1);
  expect(outcomes).toContain(-1);
});

test('the look-alike comes up with probability otherShare', () => {
  for (const otherShare of [0.2, 0.7]) {
    const env = createLookAlike({ otherShare });
    let others = 0;
    for (let seed = 0; seed < 3000; seed++) {
      play(env, { seed, split: 'train' }, (good) => {
        others += good;
        return good;
      });
    }
    expectBinomial(others, 9000, otherShare);
  }
});

test.each([
  [0.6, 3],
  [0.3, 3],
  [0.3, 5],
])('with risk %d and %d steps success has probability (1 - risk)^bad', (risk, stepsPerEpisode) => {
  const env = createLookAlike({ risk, stepsPerEpisode });
  for (let bad = 0; bad <= stepsPerEpisode; bad++) {
    let successes = 0;
    for (let seed = 0; seed < 2000; seed++) {
      let left = bad;
      const steps = play(env, { seed, split: 'in-domain' }, (good) => (left-- > 0 ? wrong(good) : good));
      expect(steps.length).toBe(stepsPerEpisode + 1);
      successes += steps[stepsPerEpisode].reward;
      if (bad === 0) expect(steps.map((step) => step.reward)).toEqual([...Array(stepsPerEpisode).fill(0), 1]);
    }
    if (bad > 0) expectBinomial(successes, 2000, (1 - risk) ** bad);
  }
});

test('splits draw other episodes of the same states', () => {
  const env = createLookAlike({ noise: 0 });
  const sequences = splits.map((split) => {
    const needs: number[] = [];
    for (let seed = 0; seed < 20; seed++) {
      play(env, { seed, split }, (good) => {
        needs.push(good);
        return good;
      });
    }
    return needs.join('');
  });
  expect(new Set(sequences).size).toBe(3);
  expect(play(env, { seed: 0, split: 'train' }, right)[0].observation).toEqual(noiseless({}, 0));
});

test('actions, hash and text follow the episode', () => {
  const env = createLookAlike({ actionCount: 4, vectorWidth: 3, noise: 0 });
  expect(env.spec).toMatchObject({ form: 'vector', vectorWidth: 3, actionCount: 4, maxSteps: 3, hasExpert: true });
  const start = env.reset({ seed: 0, split: 'train' });
  expect(start.info.admissibleActions).toEqual([0, 1, 2, 3]);
  expect(env.actionTexts()).toEqual(['action 0', 'action 1', 'action 2', 'action 3']);
  expect(env.observationText()).toMatch(/^1 of 3 states: -?\d\.\d\d -?\d\.\d\d -?\d\.\d\d$/);
  const hashes = new Set([env.stateHash()]);
  env.step(3);
  const bad = env.stateHash();
  hashes.add(bad);
  env.reset({ seed: 0, split: 'train' });
  env.step(2);
  expect(env.stateHash()).toBe(bad);
  env.reset({ seed: 0, split: 'train' });
  env.step(env.expertActions()[0]);
  hashes.add(env.stateHash());
  env.step(3);
  hashes.add(env.stateHash());
  expect(hashes.size).toBe(4);
  const last = env.step(0);
  expect([last.terminated, last.truncated, last.info.admissibleActions]).toEqual([true, false, []]);
  expect([env.actionTexts(), env.expertActions()]).toEqual([[], []]);
});

test.each([
  [{ rho: -0.1 }, 'rho must be a number in [0, 1], got -0.1; change rho'],
  [{ rho: 1.1 }, 'rho must be a number in [0, 1], got 1.1; change rho'],
  [{ rho: Number.NaN }, 'rho must be a number in [0, 1], got NaN; change rho'],
  [{ stepsPerEpisode: 0 }, 'stepsPerEpisode must be an integer in [1, 1000], got 0; change stepsPerEpisode'],
  [{ risk: 2 }, 'risk must be a number in [0, 1], got 2; change risk'],
  [{ otherShare: -1 }, 'otherShare must be a number in [0, 1], got -1; change otherShare'],
  [{ noise: -1 }, 'noise must be a number in [0, 100], got -1; change noise'],
  [{ actionCount: 1 }, 'actionCount must be an integer in [2, 1000], got 1; change actionCount'],
  [{ vectorWidth: 2 }, 'vectorWidth must be an integer in [3, 10000], got 2; change vectorWidth'],
  [{ layoutSeed: 0.5 }, 'layoutSeed must be an integer in [0, 9007199254740991], got 0.5; change layoutSeed'],
])('options %j are refused', (options, message) => {
  expect(() => createLookAlike(options)).toThrow(new RangeError(`createLookAlike: ${message}`));
  expect(() => stateVectors(options, 0, 1, { seed: 0, purpose: 'test' })).toThrow(
    new RangeError(`stateVectors: ${message}`),
  );
});

test('reset, step and stateVectors report the error', () => {
  const env = createLookAlike();
  const methods = {
    step: () => env.step(0),
    observationText: () => env.observationText(),
    actionTexts: () => env.actionTexts(),
    stateHash: () => env.stateHash(),
    expertActions: () => env.expertActions(),
  };
  for (const [name, method] of Object.entries(methods)) {
    expect(method).toThrow(new Error(`lookAlike.${name}: no episode has started; call reset first`));
  }
  expect(() => env.reset({ seed: -1, split: 'train' })).toThrow(
    new RangeError('lookAlike.reset: seed must be an integer in [0, 9007199254740991], got -1; change seed'),
  );
  expect(() => env.reset({ seed: 0, split: 'train', rollout: 0.5 })).toThrow(
    new RangeError('lookAlike.reset: rollout must be an integer in [0, 4294967295], got 0.5; change rollout'),
  );
  expect(() => env.reset({ seed: 0, split: 'dev' as Split })).toThrow(
    new RangeError(
      'lookAlike.reset: split must be one of train, in-domain, out-of-domain, got dev; choose one of them',
    ),
  );
  env.reset({ seed: 0, split: 'train' });
  expect(() => env.step(6)).toThrow(
    new RangeError(
      'lookAlike.step: action must be an integer in [0, 6), got 6; pass an index into info.admissibleActions',
    ),
  );
  play(env, { seed: 0, split: 'train' }, right);
  expect(() => env.step(0)).toThrow(new Error('lookAlike.step: the episode has ended; call reset first'));
  expect(() => stateVectors({}, 2 as 1, 1, { seed: 0, purpose: 'test' })).toThrow(
    new RangeError('stateVectors: need must be an integer in [0, 1], got 2; change need'),
  );
  expect(() => stateVectors({}, 0, -1, { seed: 0, purpose: 'test' })).toThrow(
    new RangeError('stateVectors: count must be an integer in [0, 1000000], got -1; change count'),
  );
});

test('a clone and a restored copy continue as the original does', () => {
  const original = createLookAlike({ stepsPerEpisode: 5 });
  original.reset({ seed: 9, split: 'in-domain', rollout: 3 });
  original.step(1);
  original.step(0);
  const copies = [original.clone(), createLookAlike({ stepsPerEpisode: 5 })];
  const restored = copies[1].restore(original.serialize());
  const next = original.step(2);
  expect(restored.observation).not.toEqual(next.observation);
  for (const copy of copies) {
    expect(copy.step(2)).toEqual(next);
    expect(copy.stateHash()).toBe(original.stateHash());
  }
  expect(original.step(0)).toEqual(copies[0].step(0));
});

test('restore rejects what serialize did not write', () => {
  const advice = 'pass the text that serialize gave';
  expect(() => createLookAlike().restore('{')).toThrow(`lookAlike.restore: state must be JSON, got "{"; ${advice}`);
  expect(() => createLookAlike().restore('{"environment":"household"}')).toThrow(
    `lookAlike.restore: state must be a look-alike episode of version 1, got {"environment":"household"}; ${advice}`,
  );
  expect(() => createLookAlike().serialize()).toThrow('lookAlike.serialize: no episode has started; call reset first');
});
