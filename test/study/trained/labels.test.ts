import { describe, expect, test } from 'vitest';
import { resolveConfig } from '../../../src/config/config.ts';
import { file, page, phone } from '../../../src/report/draw/layout.ts';
import type { Estimate } from '../../../src/report/studyTables.ts';
import type { StudyScale } from '../../../src/study/study.ts';
import { labels } from '../../../src/study/trained/labels.ts';
import type { TrainInput, TrainResult } from '../../../src/study/trained/trainJob.ts';
import { requireWellFormed, texts } from '../../report/svg.ts';
import { madeUp, resultsOf } from '../results.ts';

const quick: StudyScale = { size: 'quick', seeds: 5, firstSeed: 1, noGames: () => null };

/** Accuracy is 1 minus the noise of the oracle and 0.8 of the graph; success is accuracy, of the graph 0.1 less. */
function trainedResult(input: TrainInput): TrainResult {
  const { method, labels: source, labelNoise } = resolveConfig(input);
  if (method === 'grpo') return { ...madeUp(input), success: { train: 0.3, inDomain: 0.3, outOfDomain: 0.3 } };
  const accuracy = source === 'oracle' ? 1 - labelNoise : source === 'graph' ? 0.77 : 0.6;
  const outOfDomain = source === 'graph' ? accuracy - 0.1 : accuracy;
  const window = {
    'labels/accuracy': accuracy,
    'labels/true_positive_rate': accuracy,
    'labels/false_positive_rate': 0.1,
  };
  return {
    ...madeUp(input),
    success: { train: outOfDomain, inDomain: outOfDomain, outOfDomain },
    // The mean over training counts, not the end.
    labelQuality: [10, 20].map((iteration) => ({
      iteration,
      ...window,
      'labels/accuracy': accuracy + (iteration - 15) / 500,
    })),
  };
}

test('every config of a plan trains', () => {
  for (const { input } of labels.plan({ ...quick, size: 'full' })) expect(resolveConfig(input).seed).toBe(input.seed);
});

describe('report', () => {
  const report = labels.report(
    resultsOf(labels.plan(quick), () => true, trainedResult),
    quick,
    '',
  );
  const cells = (name: string) =>
    report.tables[0].rows.find((row) => row.name === name)?.cells as (Estimate | string | null)[];

  test('accuracy and rates are means over training; success is next to that of noisy labels as accurate', () => {
    const [accuracy, truePositive, falsePositive, informed, , success, gain, curve] = cells('experience graph');
    expect(accuracy).toMatchObject({ value: expect.closeTo(0.77, 10), seeds: [1, 2, 3, 4, 5] });
    expect([truePositive, falsePositive, informed].map((cell) => (cell as Estimate).value)).toEqual([
      ...[expect.closeTo(0.77, 10), expect.closeTo(0.1, 10), expect.closeTo(0.67, 10)],
    ]);
    expect([success, gain].map((cell) => (cell as Estimate).value)).toEqual([
      expect.closeTo(0.67, 10),
      expect.closeTo(0.37, 10),
    ]);
    // Between noise 0.2 and 0.35.
    expect(curve).toBe('0.77');
    expect(cells('oracle, noise 0.2')[7]).toBeNull();
    expect(cells('GRPO')[0]).toBeNull();
  });

  test('the figures have the noisy oracle as a line and a mark per source, and quality over training', () => {
    for (const { draw } of report.figures) for (const medium of [file, page, phone]) requireWellFormed(draw(medium));
    expect(texts(report.figures[0].draw(file))).toEqual(
      expect.arrayContaining(['oracle with noise', 'sign of the advantage', 'label accuracy, mean over training']),
    );
    expect(texts(report.figures[1].draw(file))).toContain('true-positive minus false-positive rate');
  });

  test('findings: gains over GRPO by accuracy of noisy labels, and of each source', () => {
    expect(report.summary).toEqual([
      "The oracle's labels with noise, success over GRPO: Gain: accuracy 1.00 +0.70; accuracy 0.95 +0.65; accuracy 0.90 +0.60; accuracy 0.80 +0.50; accuracy 0.65 +0.35; accuracy 0.50 +0.20.",
      'Labels that an agent has, success over GRPO: Gain: experience graph, accuracy 0.77 +0.37; sign of the advantage, accuracy 0.60 +0.30; same-state comparison, accuracy 0.60 +0.30; experience graph, shuffled (control), accuracy 0.60 +0.30.',
    ]);
  });

  test('key numbers', () => {
    expect(report.key.labels).toMatchObject({
      'oracle, noise 0.35': { accuracy: expect.closeTo(0.65, 10), seeds: [1, 2, 3, 4, 5] },
    });
  });
});
