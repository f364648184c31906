import { describe, expect, test } from 'vitest';
import { finishedJob, type JobKind, jobHash, jobOf, jobResults } from '../../src/study/job.ts';
import { runJob } from '../../src/study/jobKinds.ts';
import { numericsVersion, unbraidVersion } from '../../src/version.ts';

const double: JobKind<{ readonly x: number; readonly y?: number }, { readonly doubled: number }> = {
  name: 'double',
  run: async ({ x }) => ({ doubled: 2 * x }),
};

describe('jobHash', () => {
  test('the order of keys does not matter; kind and values do; the time it takes does not', () => {
    const hash = jobHash(jobOf(double, { x: 1, y: 2 }, 3));
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(jobHash(jobOf(double, { y: 2, x: 1 }, 9))).toBe(hash);
    expect(jobHash(jobOf(double, { x: 1, y: 3 }, 3))).not.toBe(hash);
    expect(jobHash({ kind: 'other', input: { x: 1, y: 2 } })).not.toBe(hash);
  });
});

test('jobResults finds the result of an input, null where there is none', () => {
  const results = jobResults(new Map([[jobHash(jobOf(double, { x: 4 }, 1)), { doubled: 8 }]]));
  expect(results.of(double, { x: 4 })).toEqual({ doubled: 8 });
  expect(results.of(double, { x: 5 })).toBeNull();
});

test('finishedJob records which version made the result', () => {
  expect(finishedJob(jobOf(double, { x: 4 }, 1), { doubled: 8 })).toEqual({
    job: { kind: 'double', input: { x: 4 } },
    unbraid: unbraidVersion,
    numerics: numericsVersion,
    result: { doubled: 8 },
  });
});

test('runJob rejects an unknown kind', async () => {
  const openBridge = async (): Promise<never> => {
    throw new Error('no bridge');
  };
  await expect(runJob({ kind: 'double', input: {} }, { openBridge })).rejects.toThrow(
    /^runJob: kind must be one of train, danger.*, got "double"; add it to src\/study\/jobKinds\.ts$/,
  );
});
