import { expect, test } from 'vitest';
import { counts, gate, interleave, median, quietProbe, type Sample } from '../../bench/sampling.ts';

test('the median of an even count is the mean of the middle two', () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([9, 1, 5])).toBe(5);
});

test('the quiet probe is the tenth percentile: one lucky sample does not set it', () => {
  expect(quietProbe([20, 30, 21, 22, 23, 24, 25, 26, 27, 28, 29, 1])).toBe(20);
});

test('a sample counts where its process had the processor and its probes agree and are near the fastest', () => {
  expect(counts({ microseconds: 1, busy: 1, before: 20, after: 21 }, 20)).toBe(true);
  expect(counts({ microseconds: 1, busy: 0.9, before: 20, after: 21 }, 20)).toBe(false);
  expect(counts({ microseconds: 1, busy: 1, before: 20, after: 22 }, 20)).toBe(false);
  expect(counts({ microseconds: 1, busy: 1, before: 23, after: 23 }, 20)).toBe(false);
});

test('gated samples return medians of those that count; none that counts returns null', () => {
  const samples: Sample[] = [
    { microseconds: 10, busy: 1, before: 20, after: 20 },
    { microseconds: 500, busy: 1, before: 20, after: 40 },
    { microseconds: 20, busy: 1, before: 20, after: 20 },
    { microseconds: 12, busy: 1, before: 20, after: 20 },
  ];
  expect(gate(samples, 20)).toEqual({ microseconds: 12, peakRatio: 20 / 12, kept: 3, seen: 4 });
  expect(gate(samples.slice(1, 2), 20)).toBeNull();
});

test('subjects are sampled in turn, each between two probes, until enough samples count', async () => {
  const order: string[] = [];
  const probeTimes = [20, 20, 20, 40, 20, 20, 20, 20, 20];
  let at = 0;
  const probe = async (): Promise<number> => {
    order.push('probe');
    return probeTimes[at++];
  };
  const subject = (name: string) => ({
    samples: [] as Sample[],
    take: async () => {
      order.push(name);
      return { microseconds: 7, busy: 1 };
    },
  });
  const [ours, theirs] = [subject('ours'), subject('theirs')];
  const probes = [20];
  await interleave([ours, theirs], probe, probes, 1, 5);
  expect(order).toEqual(['probe', 'ours', 'probe', 'theirs', 'probe']);
  expect(theirs.samples).toEqual([{ microseconds: 7, busy: 1, before: 20, after: 20 }]);
  await interleave([ours, theirs], probe, probes, 2, 5);
  // The probe before `ours` was slow, so `ours` alone is sampled once more.
  expect(order.slice(5)).toEqual(['probe', 'ours', 'probe', 'theirs', 'probe', 'probe', 'ours', 'probe']);
  expect(ours.samples).toHaveLength(3);
  expect(theirs.samples).toHaveLength(2);
});
