import { expect, test } from 'vitest';
import { type SimilarityCurve, similarityStudyFigure } from '../../../src/study/similarity/similarityStudyFigure.ts';
import { type RiskyPoint, riskyActionFigure } from '../../../src/study/theory/riskyActionFigure.ts';
import { type SqueezeCase, squeezeFigure } from '../../../src/study/theory/squeezeFigure.ts';
import { type StepErrorCurve, stepErrorFigure } from '../../../src/study/theory/stepErrorFigure.ts';
import { lines, requireWellFormed, texts } from '../../report/svg.ts';

const risky: RiskyPoint[] = (['none', 'group'] as const).flatMap((scaleRewards) =>
  [0.25, 0.5, 0.75].map((q) => ({
    q,
    r: 0.6,
    groupSize: 8,
    scaleRewards,
    expected: -0.5 * q * (1 - q),
    mean: -0.5 * q * (1 - q) + 0.01,
    low: -0.5 * q * (1 - q) - 0.01,
    high: -0.5 * q * (1 - q) + 0.03,
  })),
);

const squeeze: SqueezeCase = {
  name: 'a step',
  stepSize: 0.1,
  path: [
    [0.2, 0.5, 0.3],
    [0.25, 0.4, 0.35],
    [0.3, 0.3, 0.4],
  ],
  measured: [
    [0.2, 0.5, 0.3],
    [0.25, 0.4, 0.35],
    [0.3, 0.3, 0.4],
  ],
  grid: [
    { start: [0.6, 0.2, 0.2], other: -0.1, bad: -0.2 },
    { start: [0.2, 0.6, 0.2], other: 0.1, bad: -0.1 },
    { start: [0.1, 0.1, 0.8], other: 0.1, bad: 0.05 },
  ],
};

const stepError: StepErrorCurve[] = ['initial', 'trained'].map((stage, i) => ({
  policy: 'mlp',
  stage,
  points: [1 / 256, 1 / 16, 1].map((lift) => {
    const error = (1 + i) * lift * lift;
    return { lift, predicted: lift, error, low: error / 2, high: error * 2 };
  }),
}));

const similarity: SimilarityCurve[] = ['out-of-domain success', 'good-bad cosine at the end'].flatMap((measure) =>
  ['GRPO', 'GRPO, entropy 0.1', 'shuffled <labels>'].map((condition) => ({
    condition,
    measure,
    points: [
      { similarity: 0.3, mean: 0.9, low: 0.8, high: 0.95 },
      { similarity: 0.8, mean: 0.6, low: null, high: null },
    ],
  })),
);

/** Stroke paths that `bars` draws. */
const barCount = (svg: string): number => svg.match(/stroke-width="1.4"/g)?.length ?? 0;

test('riskyActionFigure: a line, marks and bars per panel and risk, with named axes', () => {
  const svg = riskyActionFigure(risky);
  requireWellFormed(svg);
  expect(texts(svg)).toEqual(
    expect.arrayContaining([
      'groups of 8, scaleRewards none',
      'groups of 8, scaleRewards group',
      'probability q of the risky action',
      'advantage (reward)',
      'advantage (group std)',
      'failure risk r = 0.6',
    ]),
  );
  expect(lines(svg).map((line) => line.points.length)).toEqual([3, 3]);
  expect(barCount(svg)).toBe(6);
  expect(riskyActionFigure(risky)).toBe(svg);
  expect(() => riskyActionFigure([])).toThrow(
    'riskyActionFigure: points must not be empty, got 0; run the study again',
  );
});

test('squeezeFigure: three lines over steps and a mark per start, by what rises from it', () => {
  const svg = squeezeFigure([squeeze]);
  requireWellFormed(svg);
  expect(lines(svg).map((line) => line.points.length)).toEqual([3, 3, 3]);
  expect(texts(svg)).toEqual(
    expect.arrayContaining([
      'a step, step size 0.1',
      'steps',
      'probability',
      'probability of the punished action',
      'probability of the other bad action',
      'both bad actions together rise',
      'neither rises',
    ]),
  );
  // Each kind of start has a separate colour, in addition to its legend entry.
  const count = (of: string, color: string): number => of.split(`fill="${color}"`).length - 1;
  for (const [without, color] of [
    [2, '#CC79A7'],
    [1, '#56B4E9'],
    [0, '#000000'],
  ] as const) {
    const fewer = squeezeFigure([{ ...squeeze, grid: squeeze.grid.filter((_, i) => i !== without) }]);
    expect(count(svg, color) - count(fewer, color)).toBe(1);
  }
  expect(() => squeezeFigure([])).toThrow('squeezeFigure: cases must not be empty, got 0; run the study again');
});

test('stepErrorFigure: on its log-log axes squares fall on lines of slope 2, parallel to the guide', () => {
  const svg = stepErrorFigure(stepError);
  requireWellFormed(svg);
  const [guide, ...drawn] = lines(svg);
  const slope = ({ points }: { points: number[][] }): number => {
    const [first, last] = [points[0], points[points.length - 1]];
    return (last[1] - first[1]) / (last[0] - first[0]);
  };
  expect(guide.dash).toBeDefined();
  expect(drawn).toHaveLength(2);
  for (const line of drawn) expect(slope(line)).toBeCloseTo(slope(guide), 2);
  expect(barCount(svg)).toBe(6);
  expect(texts(svg)).toEqual(
    expect.arrayContaining(['error of the prediction (nats)', '10⁻³', '10⁰', 'mlp', 'policy: trained', 'slope 2']),
  );
  expect(() => stepErrorFigure([])).toThrow('stepErrorFigure: curves must not be empty, got 0; run the study again');
});

test('similarityStudyFigure: a panel per measure, a line per condition, dashed for controls, bars where there are intervals', () => {
  const svg = similarityStudyFigure(similarity);
  requireWellFormed(svg);
  expect(lines(svg).map(({ dash }) => dash !== undefined)).toEqual([false, true, true, false, true, true]);
  expect(barCount(svg)).toBe(6);
  expect(texts(svg)).toEqual(
    expect.arrayContaining([
      'similarity ρ (cosine of states)',
      'out-of-domain success',
      'good-bad cosine at the end',
      'shuffled <labels>',
    ]),
  );
  expect(() => similarityStudyFigure([])).toThrow(
    'similarityStudyFigure: curves must not be empty, got 0; run the study again',
  );
});
