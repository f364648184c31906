import { expect, test } from 'vitest';
import { labelQuality } from '../../../src/credit/labels/quality.ts';

test('coverage, accuracy and rates worked by hand', () => {
  const labels = Int8Array.of(1, 1, 1, 0, 0, -1, -1, 1, 0, -1);
  const expert = Uint8Array.of(1, 1, 0, 0, 1, 1, 0, 1, 0, 0);
  // Labelled rows: expert good at 0, 1, 4, 7 (labelled 1, 1, 0, 1), bad at 2, 3, 8 (labelled 1, 0, 0).
  const wanted = { coverage: 0.7, accuracy: 5 / 7, truePositiveRate: 3 / 4, falsePositiveRate: 1 / 3 };
  expect(labelQuality(labels, expert)).toEqual(wanted);
  const spare = new Uint8Array(64).fill(1);
  spare.set(expert);
  expect(labelQuality(labels, spare)).toEqual(wanted);
});

test('a share of zero rows is null', () => {
  const unknown = { accuracy: null, truePositiveRate: null, falsePositiveRate: null };
  expect(labelQuality(Int8Array.of(1, -1), new Uint8Array(0))).toEqual({ coverage: 0.5, ...unknown });
  expect(labelQuality(Int8Array.of(-1, -1), Uint8Array.of(0, 1))).toEqual({ coverage: 0, ...unknown });
  expect(labelQuality(new Int8Array(0), new Uint8Array(0))).toEqual({ coverage: null, ...unknown });
  expect(labelQuality(Int8Array.of(1, -1), Uint8Array.of(1, 0))).toEqual({
    coverage: 0.5,
    accuracy: 1,
    truePositiveRate: 1,
    falsePositiveRate: null,
  });
});

test('an expert with too few rows is rejected', () => {
  expect(() => labelQuality(new Int8Array(3), new Uint8Array(2))).toThrow(
    new RangeError('labelQuality: expert must be empty or have 3 rows, got 2; pass that of the same rollout'),
  );
});
