import { describe, expect, test } from 'vitest';
import { centredAlignment } from '../../src/coupling/alignment.ts';
import { gramMatrix } from '../../src/coupling/gram.ts';
import { measureCoupling, measurePairs } from '../../src/coupling/measure.ts';
import { contrastOf } from '../../src/coupling/pairDiagnostics.ts';
import { collectSamplePairs } from '../../src/coupling/samplePairStates.ts';
import { keyOf, type PairSample, pairClasses, type SamplePairs } from '../../src/coupling/samplePairs.ts';
import { index32 } from '../../src/engine/kernels/address.ts';
import { createArena } from '../../src/engine/kernels/createArena.ts';
import { createPolicy, type Policy } from '../../src/engine/policy/policy.ts';
import { cutBatches, loadStates } from '../../src/engine/states/loadBatch.ts';
import { createHousehold } from '../../src/env/household/household.ts';
import { runAtOnce } from '../../src/eventLoop.ts';
import { eigenvaluesOf } from '../reference/eigenvalues.ts';

async function untrained(form: 'tokens' | 'vector', seed: number): Promise<{ policy: Policy; pairs: SamplePairs }> {
  const environment = createHousehold({ form });
  const kind = form === 'vector' ? 'mlp' : 'attention';
  const sizes = { tokenWidth: 4, matchWidth: 4, hidden: 16, embedding: 8, blocks: 0, heads: 2, logitScale: 1 };
  const policy = createPolicy(await createArena(), environment.spec, { policy: kind, ...sizes }, 16);
  policy.network.initialise(policy.weights, seed);
  policy.network.prepare(policy.weights);
  const options = { seed, split: 'in-domain', pairs: 12, graphDiscount: 0.9, graphMaxEdges: 1e6 } as const;
  const pairs = await collectSamplePairs(policy, [environment], options);
  if (!pairs) throw new Error('a household has pairs of all classes');
  return { policy, pairs };
}

/** The distinct samples of both sides, the left ones first. */
function samplesIn(pairs: SamplePairs): PairSample[] {
  const of = (side: 0 | 1): PairSample[] => [
    ...new Map(
      pairClasses.flatMap((name) => pairs.byClass[name].map((pair) => [keyOf(pair[side]), pair[side]])),
    ).values(),
  ];
  return [...of(0), ...of(1)];
}

const one = (pairs: SamplePairs, { side, state, action }: PairSample) => ({
  list: pairs.sides[side].states,
  states: [state],
  taken: [action],
});

/** e(s, a) of one sample, from a batch of its state alone. */
function embedding({ arena, network, weights }: Policy, pairs: SamplePairs, sample: PairSample): number[] {
  const { list, states } = one(pairs, sample);
  expect([...cutBatches(list, states, network.batch.capacity)]).toEqual([1]);
  loadStates(arena, network.batch, list, states, 0, 1);
  network.forward(weights);
  const { value, width } = network.heads.embedding;
  const first = index32(value) + sample.action * width;
  return [...arena.f32.slice(first, first + width)];
}

const dot = (x: number[], y: number[]): number => x.reduce((sum, v, i) => sum + v * y[i], 0);
const mean = (values: number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;

describe.each(['tokens', 'vector'] as const)('the further numbers of a measurement, %s', (form) => {
  test('are those of the samples one by one: contrast, alignment, spectrum, embeddings; error < 1e-4', async () => {
    const { policy, pairs } = await untrained(form, 1);
    const measured = await measureCoupling(policy, pairs);
    const samples = samplesIn(pairs);
    const n = samples.length;
    expect(measured.distinctSamples).toBe(n);
    const { goodBad, goodGood, badBad } = measured.classes;
    expect(measured.contrast).toBeCloseTo((goodGood.meanCosine + badBad.meanCosine) / 2 - goodBad.meanCosine, 12);
    const k = samples.flatMap((a) =>
      samples.map((b) => gramMatrix(policy, policy.weights, one(pairs, a), one(pairs, b)).total[0]),
    );
    const labels = samples.map(({ good }) => (good ? 1 : -1));
    const align = (features: number[], width: number): number =>
      runAtOnce(
        centredAlignment(
          {
            size: n,
            copyRow(i, row) {
              row.set(k.slice(i * n, (i + 1) * n));
            },
          },
          features,
          width,
        ),
      );
    expect(measured.kernelTargetAlignment).toBeCloseTo(align(labels, 1), 5);
    expect(measured.kernelTargetAlignment).toBeGreaterThan(0);
    const eigenvalues = eigenvaluesOf(k, n).map((x) => Math.max(0, x));
    const trace = eigenvalues.reduce((sum, x) => sum + x, 0);
    const shares = eigenvalues.map((x) => x / trace).filter((p) => p > 0);
    const rank = Math.exp(-shares.reduce((sum, p) => sum + p * Math.log(p), 0));
    expect(Math.abs(measured.effectiveRank / rank - 1)).toBeLessThan(1e-4);
    expect(measured.topShare).toBeCloseTo(Math.max(...shares), 5);
    const vectors = new Map(samples.map((sample) => [keyOf(sample), embedding(policy, pairs, sample)]));
    const cosines = Object.fromEntries(
      pairClasses.map((name) => [
        name,
        mean(
          pairs.byClass[name].map(([left, right]) => {
            const [a, b] = [left, right].map((sample) => vectors.get(keyOf(sample)) as number[]);
            return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
          }),
        ),
      ]),
    );
    for (const name of pairClasses) expect(measured.embeddingCosine[name]).toBeCloseTo(cosines[name], 5);
    expect(measured.embeddingCosine.contrast).toBeCloseTo((cosines.goodGood + cosines.badBad) / 2 - cosines.goodBad, 5);
    const features = samples.flatMap((sample) => vectors.get(keyOf(sample)) as number[]);
    expect(measured.embeddingCosine.cka).toBeCloseTo(align(features, features.length / n), 4);
  });

  test('by parameter: contrast of the cosines, and alignment in [0, 1]', async () => {
    const { policy, pairs } = await untrained(form, 2);
    const { layers } = await measureCoupling(policy, pairs);
    for (const layer of layers) {
      expect(layer.contrast).toBe(contrastOf(layer));
      expect(layer.kernelTargetAlignment).toBeGreaterThanOrEqual(0);
      expect(layer.kernelTargetAlignment).toBeLessThanOrEqual(1);
    }
    const bias = layers.find(({ share }) => share > 0.01);
    expect(bias?.kernelTargetAlignment).toBeGreaterThan(0);
  });

  test('are left out on request; all others are equal', async () => {
    const { policy, pairs } = await untrained(form, 3);
    const whole = await measureCoupling(policy, pairs);
    const part = await measurePairs(policy, pairs, {}, false);
    expect(Object.keys(part)).toEqual(['classes', 'layers', 'similarity', 'spillover', 'matrix']);
    expect(Object.keys(part.layers[0])).toEqual([
      'parameter',
      'share',
      'goodBadCosine',
      'goodGoodCosine',
      'badBadCosine',
    ]);
    const { classes, similarity, spillover, matrix, layers } = whole;
    const plain = layers.map(({ contrast: _, kernelTargetAlignment: __, ...layer }) => layer);
    expect(part).toEqual({ classes, similarity, spillover, matrix, layers: plain });
  });
});
