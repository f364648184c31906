import { beforeAll, describe, expect, test } from 'vitest';
import type { JsonRecord } from '../../src/record/json.ts';
import { checkResult } from '../../src/study/checkResult.ts';
import { runJob } from '../../src/study/jobKinds.ts';

const tools = {
  openBridge: () => {
    throw new Error('no bridge here');
  },
};
const train = {
  kind: 'train',
  input: { env: 'look-alike', policy: 'mlp', iterations: 2, coldStart: 0, evalEpisodes: 4, groupsPerIteration: 2 },
};
const danger = {
  kind: 'danger',
  input: {
    ...{ rho: 0.8, seed: 1, start: 0.4, iterations: 10 },
    arms: [{ method: 'grpo', labels: 'oracle', coupling: true }],
  },
};
const bandit = { kind: 'bandit', input: { iterations: 1, groupsPerIteration: 2, coldStart: 0, evalEpisodes: 4 } };

let trained: JsonRecord;
beforeAll(async () => {
  trained = await runJob(train, tools);
});

/** A copy of the result of the training run, changed by `change`. */
function changed(change: (result: Record<string, never>) => void): JsonRecord {
  const copy = structuredClone(trained) as unknown as Record<string, never>;
  change(copy);
  return copy;
}

describe('checkResult', () => {
  test('accepts what jobs return', async () => {
    expect(() => checkResult(train, trained)).not.toThrow();
    for (const job of [danger, bandit]) {
      const result = await runJob(job, tools);
      expect(() => checkResult(job, result)).not.toThrow();
    }
  });

  test('refuses another form', async () => {
    expect(() => checkResult(train, {})).toThrow(/^it has not the form of a result of train: success /);
    expect(() => checkResult(danger, trained)).toThrow(/^it has not the form of a result of danger: /);
    const result = await runJob(danger, tools);
    expect(() => checkResult(danger, { ...result, returns: ['1'] })).toThrow(/returns\.0/);
    expect(() => checkResult(danger, { ...result, more: 1 })).toThrow(/more/);
    expect(() => checkResult(danger, { ...result, probabilities: [[1.5]] })).toThrow(/probabilities\.0\.0/);
  });

  test('refuses a training run that does not agree with its receipt', () => {
    const other = { ...train, input: { ...train.input, seed: 2 } };
    expect(() => checkResult(other, trained)).toThrow('its receipt is of another config');
    const success = changed((result) => Object.assign(result.success, { outOfDomain: 0.123 }));
    expect(() => checkResult(train, success)).toThrow('its success is not that of its receipt');
    const parameters = changed((result) => Object.assign(result, { parametersSha256: 'ab'.repeat(32) }));
    expect(() => checkResult(train, parameters)).toThrow('its parameters are not those of its receipt');
    const outcome = changed((result) => Object.assign((result.receipt as { outcome: object }).outcome, { updates: 7 }));
    expect(() => checkResult(train, outcome)).toThrow(
      'its receipt contradicts itself: hash does not follow from the last link and the outcome',
    );
  });
});
