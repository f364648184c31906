import { describe, expect, test } from 'vitest';
import { gramMatrix } from '../../src/coupling/gram.ts';
import { type CouplingMeasurement, couplingSummary, measureCoupling } from '../../src/coupling/measure.ts';
import { collectSamplePairs } from '../../src/coupling/samplePairStates.ts';
import { pairClasses, type SamplePairs } from '../../src/coupling/samplePairs.ts';
import { createArena } from '../../src/engine/kernels/createArena.ts';
import { createPolicy, type Policy } from '../../src/engine/policy/policy.ts';
import { createStateList, inputShape, pushState } from '../../src/engine/states/stateList.ts';
import type { EnvironmentSpec } from '../../src/env/environment.ts';
import { createHousehold } from '../../src/env/household/household.ts';

const options = { split: 'in-domain', pairs: 40, graphDiscount: 0.9, graphMaxEdges: 1e6 } as const;

/** An untrained policy of the default sizes and its sample pairs. */
async function untrained(
  form: 'tokens' | 'vector',
  seed: number,
): Promise<{ policy: Policy; samplePairs: SamplePairs }> {
  const environment = createHousehold({ form });
  const kind = form === 'vector' ? 'mlp' : 'attention';
  const sizes = { tokenWidth: 12, matchWidth: 16, hidden: 64, embedding: 32, blocks: 0, heads: 2, logitScale: 1 };
  const policy = createPolicy(await createArena(), environment.spec, { policy: kind, ...sizes });
  policy.network.initialise(policy.weights, seed);
  policy.network.prepare(policy.weights);
  const samplePairs = await collectSamplePairs(policy, [environment], { ...options, seed });
  if (!samplePairs) throw new Error('a household has pairs of all classes');
  return { policy, samplePairs };
}

const describeSample = ({ side, state, action }: { side: number; state: number; action: number }): string =>
  `${side}/${state}/${action}`;

function measure({ policy, samplePairs }: { policy: Policy; samplePairs: SamplePairs }): Promise<CouplingMeasurement> {
  return measureCoupling(policy, samplePairs, { describe: describeSample });
}

const seeds = [1, 2, 3, 4, 5];

describe.each(seeds)('an untrained policy, seed %i', (seed) => {
  test('tokens: good-bad cosine above 0.6, nearly all pairs positive; spillover predicted within 0.1', async () => {
    const { classes, spillover } = await measure(await untrained('tokens', seed));
    expect(classes.goodBad.meanCosine).toBeGreaterThan(0.6);
    expect(classes.goodBad.positiveFraction).toBeGreaterThan(0.9);
    expect(spillover.relativeError).toBeLessThan(0.1);
    expect(spillover.actual).toBeGreaterThan(0);
  });

  test('vectors: good-bad cosine above 0.8, nearly all pairs positive; spillover predicted within 0.1', async () => {
    const { classes, spillover } = await measure(await untrained('vector', seed));
    expect(classes.goodBad.meanCosine).toBeGreaterThan(0.8);
    expect(classes.goodBad.positiveFraction).toBeGreaterThan(0.9);
    expect(spillover.relativeError).toBeLessThan(0.1);
    expect(spillover.actual).toBeGreaterThan(0);
  });
});

describe('a measurement', () => {
  test('is of the Gram matrix: each class from its pairs one by one, error < 1e-5', async () => {
    const { policy, samplePairs } = await untrained('tokens', 1);
    const { classes } = await measure({ policy, samplePairs });
    for (const name of pairClasses) {
      const dots: number[] = [];
      const cosines = samplePairs.byClass[name].map((pair) => {
        const samples = pair.map(({ side, state, action }) => ({
          list: samplePairs.sides[side].states,
          states: [state],
          taken: [action],
        }));
        const of = (a: 0 | 1, b: 0 | 1): number => gramMatrix(policy, policy.weights, samples[a], samples[b]).total[0];
        dots.push(of(0, 1));
        return of(0, 1) / Math.sqrt(of(0, 0) * of(1, 1));
      });
      const mean = (values: number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;
      expect(Math.abs(classes[name].meanCosine - mean(cosines))).toBeLessThan(1e-5);
      expect(Math.abs(classes[name].meanDot / mean(dots) - 1)).toBeLessThan(1e-5);
      expect(classes[name].positiveFraction).toBe(dots.filter((x) => x > 0).length / dots.length);
      expect(classes[name].pairs).toBe(40);
    }
  });

  test('changes neither the weights nor the result of the next measurement', async () => {
    const { policy, samplePairs } = await untrained('tokens', 2);
    const { arena, network, weights } = policy;
    const before = arena.read(weights, network.vectorSize);
    const first = await measure({ policy, samplePairs });
    expect(arena.read(weights, network.vectorSize)).toEqual(before);
    const inUse = arena.mark();
    expect(await measure({ policy, samplePairs })).toEqual(first);
    expect(arena.mark()).toBe(inUse);
  });

  test('its parts agree: shares of the layers sum to 1, bins hold every good-bad pair of samples, the matrix has unit diagonal', async () => {
    const { policy, samplePairs } = await untrained('tokens', 3);
    const { layers, similarity, matrix, classes } = await measure({ policy, samplePairs });
    expect(layers.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 5);
    expect(layers.map(({ parameter }) => parameter)).not.toContain('classifierHead.weight');
    const unique = (side: 0 | 1, good: boolean): number =>
      new Set(
        pairClasses
          .flatMap((name) => samplePairs.byClass[name].map((pair) => pair[side]))
          .filter((sample) => sample.good === good)
          .map(describeSample),
      ).size;
    const inBins = similarity.reduce((sum, { pairs }) => sum + pairs, 0);
    expect(inBins).toBe(unique(0, true) * unique(1, false));
    expect(matrix.samples.length).toBe(Math.min(80, unique(1, true) + unique(1, false)));
    matrix.cosine.forEach((row, i) => {
      expect(row[i]).toBe(1);
      row.forEach((x, j) => {
        expect(Math.abs(x - matrix.cosine[j][i])).toBeLessThanOrEqual(0.001);
      });
    });
    expect(couplingSummary({ classes } as CouplingMeasurement)).toEqual({
      goodBadCosine: classes.goodBad.meanCosine,
      goodGoodCosine: classes.goodGood.meanCosine,
      badBadCosine: classes.badBad.meanCosine,
      goodBadPositiveFraction: classes.goodBad.positiveFraction,
    });
  });

  test('the summary of no measurement is null throughout', () => {
    expect(Object.values(couplingSummary(null))).toEqual([null, null, null, null]);
  });

  test('spillover: the step raises log pi of the good samples by 0.01; each point is predicted and measured', async () => {
    const { spillover, classes } = await measure(await untrained('vector', 4));
    const { points, predicted, actual, relativeError } = spillover;
    expect(points.length).toBeGreaterThan(5);
    const mean = (k: 0 | 1): number => points.reduce((sum, point) => sum + point[k], 0) / points.length;
    expect([predicted, actual]).toEqual([mean(0), mean(1)]);
    const missed = points.reduce((sum, [x, y]) => sum + Math.abs(x - y), 0);
    expect(relativeError).toBeCloseTo(missed / points.reduce((sum, [, y]) => sum + Math.abs(y), 0), 12);
    // With cosines near 1, log pi of the bad samples rises by about as much as that of the good ones, 0.01.
    expect(classes.goodBad.meanCosine).toBeGreaterThan(0.8);
    expect(actual).toBeGreaterThan(0.001);
    expect(actual).toBeLessThan(0.02);
  });
});

describe('pairs by similarity of their states', () => {
  /** Lower edge of the bin of a good sample in the state `left` and a bad one in `right`. */
  async function binOf(spec: EnvironmentSpec, left: number[], right: number[]): Promise<number> {
    const vector = spec.form === 'vector';
    const sizes = { tokenWidth: 4, matchWidth: 4, hidden: 8, embedding: 4, blocks: 0, heads: 2, logitScale: 1 };
    const policy = createPolicy(await createArena(), spec, { policy: vector ? 'mlp' : 'attention', ...sizes });
    policy.network.initialise(policy.weights, 1);
    policy.network.prepare(policy.weights);
    const [first, second] = [left, right].map((observation) => {
      const states = createStateList(inputShape(spec));
      if (vector) pushState(states, Float32Array.from(observation), [0, 1]);
      else pushState(states, observation, [[0], [1]]);
      return { states, labels: Int8Array.from([1, 0]), game: Int32Array.from([0]) };
    });
    const good = { side: 0, state: 0, action: 0, good: true } as const;
    const bad = { side: 1, state: 0, action: 0, good: false } as const;
    const samplePairs: SamplePairs = {
      sides: [first, second],
      byClass: { goodGood: [], goodBad: [[good, bad]], badBad: [] },
    };
    const { similarity } = await measure({ policy, samplePairs });
    expect(similarity.map(({ pairs }) => pairs)).toEqual([1]);
    expect(similarity[0].upper - similarity[0].lower).toBeCloseTo(0.2, 12);
    return similarity[0].lower;
  }

  const common = { name: 'similar', version: '1', maxSteps: 9, hasExpert: false } as const;

  test('tokens: shared features over all features', async () => {
    const vocabulary = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    const spec = { ...common, form: 'tokens', layout: 'slots', vocabulary, stateSlots: 2, actionSlots: 1 } as const;
    expect(await binOf(spec, [0, 1, 2], [0, 1, 2])).toBe(0.8);
    // 2 of 3, 2 of 4, 1 of 4.
    expect(await binOf(spec, [0, 1], [0, 1, 2])).toBe(0.6);
    expect(await binOf(spec, [0, 1, 2], [1, 2, 3])).toBe(0.4);
    expect(await binOf(spec, [0, 1], [1, 2, 3])).toBe(0.2);
    // One word in two slots is two features.
    expect(await binOf(spec, [1], [9])).toBe(0);
    expect(await binOf(spec, [], [])).toBe(0);
  });

  test('vectors: their cosine, 0 where it is negative or a vector is 0', async () => {
    const spec = { ...common, form: 'vector', vectorWidth: 2, actionCount: 2 } as const;
    expect(await binOf(spec, [1, 0], [5, 0])).toBe(0.8);
    expect(await binOf(spec, [1, 0], [3, 3])).toBe(0.6);
    expect(await binOf(spec, [1, 0], [1, 2])).toBe(0.4);
    expect(await binOf(spec, [1, 0], [-2, 0])).toBe(0);
    expect(await binOf(spec, [1, 0], [0, 0])).toBe(0);
  });
});

test('an abort from the event loop ends the measurement, and its memory is released', async () => {
  const { policy, samplePairs } = await untrained('tokens', 1);
  const whole = await measure({ policy, samplePairs });
  const controller = new AbortController();
  const before = policy.arena.mark();
  setImmediate(() => controller.abort(new Error('enough')));
  const stopped = measureCoupling(policy, samplePairs, { describe: describeSample, signal: controller.signal });
  await expect(stopped).rejects.toThrow('enough');
  expect(policy.arena.mark()).toBe(before);
  expect(await measure({ policy, samplePairs })).toEqual(whole);
});
