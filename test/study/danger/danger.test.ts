import { beforeAll, describe, expect, it } from 'vitest';
import { actionKey } from '../../../src/engine/policy/policy.ts';
import { createLookAlike } from '../../../src/env/lookAlike.ts';
import type { DangerRecord } from '../../../src/record/dangerRecord.ts';
import { parseDanger } from '../../../src/record/schemas.ts';
import { collect } from '../../../src/rollout/collect.ts';
import { dangerLearner, followConditions, runDanger } from '../../../src/study/danger/danger.ts';
import { dangerRecord } from '../../../src/study/danger/measurements.ts';
import { CLONED, softStart } from '../../../src/study/danger/softStart.ts';
import { createTwoStates, gamesOf } from '../../../src/study/danger/twoStates.ts';

const small = { seeds: 2, starts: [0.2, 0.6], iterations: 30 };

/** Mean p(bad | s') by measurement, of the one curve that fits. */
function means(record: DangerRecord, fit: Partial<DangerRecord['curves'][number]>): number[] {
  const found = record.curves.filter((curve) =>
    Object.entries(fit).every(([key, value]) => curve[key as keyof typeof curve] === value),
  );
  expect(found).toHaveLength(1);
  return found[0].points.map((point) => point[1]);
}

describe('runDanger', () => {
  let classifier: DangerRecord;
  beforeAll(async () => {
    classifier = await runDanger({ ...small, method: 'classifier' });
  }, 60_000);

  it('returns a record that the report reads back unchanged', () => {
    expect(parseDanger(JSON.stringify(classifier))).toEqual(classifier);
    expect(classifier).toMatchObject({ command: 'danger', rho: 0.8, seeds: 2, iterations: 30 });
  });

  it('has a row and a curve per start and condition; beside another method GRPO, GRPO without data, and decouple', async () => {
    const conditions = (record: DangerRecord): string[] =>
      record.rows.map((row) => `${row.method} ${row.labels} ${row.coupling} ${row.start}`);
    const grpo = ['grpo none true 0.2', 'grpo none true 0.6', 'grpo none false 0.2', 'grpo none false 0.6'];
    const decoupled = ['decouple none true 0.2', 'decouple none true 0.6'];
    expect(conditions(classifier)).toEqual([
      ...[...grpo, ...decoupled],
      ...grpo.map((condition) => condition.replace('grpo none', 'classifier oracle')),
    ]);
    const plain = await runDanger(small);
    expect(conditions(plain)).toEqual(grpo);
    expect(plain.curves).toEqual(classifier.curves.slice(0, 4));
    expect([plain.decoupleLambda, classifier.decoupleLambda]).toEqual([undefined, 3]);
    const remedy = await runDanger({ ...small, method: 'decouple' });
    expect(conditions(remedy)).toEqual([...grpo, ...decoupled]);
    expect(remedy.rows).toEqual(classifier.rows.slice(0, 6));
    // No sample of s is left from which s' could be decoupled, so this method has one condition.
    const both = await runDanger({ ...small, seeds: 1, iterations: 10, method: 'classifier+decouple' });
    expect(conditions(both).slice(6)).toEqual([
      'classifier+decouple oracle true 0.2',
      'classifier+decouple oracle true 0.6',
    ]);
    for (const [i, { method, coupling, start, peak, end, seeds }] of classifier.rows.entries()) {
      const curve = classifier.curves[i];
      expect([curve.method, curve.coupling, curve.start, seeds]).toEqual([method, coupling, start, 2]);
      expect(curve.points.map((point) => point[0])).toEqual([0, 10, 20, 30]);
      expect(peak).toBe(Math.max(...curve.points.map((point) => point[1])));
      expect(end).toBe(curve.points[3][1]);
    }
  });

  it('returns intervals around the mean, within [0, 1]', () => {
    for (const [, mean, low, high] of classifier.curves.flatMap((curve) => curve.points)) {
      expect(low).toBeGreaterThanOrEqual(0);
      expect(low).toBeLessThan(mean);
      expect(high).toBeGreaterThan(mean);
      expect(high).toBeLessThanOrEqual(1);
    }
  });

  it('returns the same record twice', async () => {
    expect(await runDanger({ ...small, method: 'classifier' })).toEqual(classifier);
  });

  it('begins within 0.03 of the start asked for, at every seed', async () => {
    const starts = [0.05, 0.2, 0.4, 0.6, 0.8];
    for (const firstSeed of [1, 2, 3]) {
      const record = await runDanger({ starts, seeds: 1, firstSeed, iterations: 10 });
      for (const start of starts) {
        expect(Math.abs(means(record, { start, coupling: true })[0] - start)).toBeLessThan(0.03);
        expect(means(record, { start, coupling: false })[0]).toBe(means(record, { start, coupling: true })[0]);
      }
    }
  });

  it('states in its record that networks started as the prototype does', async () => {
    const record = await runDanger({ seeds: 1, starts: [0.4], iterations: 10, preset: 'prototype' });
    expect(parseDanger(JSON.stringify(record))).toEqual(record);
    expect([record.preset, classifier.preset]).toEqual(['prototype', undefined]);
  });

  it('rises with the samples of both states, and neither without the other state nor decoupled', () => {
    for (const start of small.starts) {
      const on = means(classifier, { start, coupling: true, method: 'grpo' });
      expect(Math.max(...on)).toBeGreaterThan(on[0] + 0.15);
      for (const fit of [{ coupling: false, method: 'grpo' }, { method: 'decouple' }]) {
        const kept = means(classifier, { start, ...fit });
        expect(Math.max(...kept)).toBeLessThan(kept[0] + 0.05);
        expect(kept[3]).toBeLessThan(kept[0] - 0.05);
      }
    }
  });

  it('has the mean return: with the data of s removed the task is not learnt, decoupled it is', () => {
    const returns = (method: string, coupling: boolean): (number | null)[] =>
      classifier.rows.filter((row) => row.method === method && row.coupling === coupling).map((row) => row.return);
    for (const value of returns('grpo', false)) expect(value).toBeLessThan(0.25);
    const decoupled = returns('decouple', true);
    for (const [i, value] of returns('grpo', true).entries()) {
      expect(value).toBeGreaterThan(0.4);
      expect(decoupled[i]).toBeGreaterThan(0.4);
    }
  });

  it('counts as return the successes of 480 episodes that are played by hand with the same seeds', async () => {
    const learner = await dangerLearner();
    const twoStates = createTwoStates(0.8, 3, CLONED);
    softStart(learner, twoStates, 0.3);
    const conditions = [{ terms: ['grpo'], labels: 'oracle', coupling: true }] as const;
    const [followed] = await followConditions(learner, twoStates, 0.3, conditions, 10);
    // The policy still has the weights after training.
    const { policy } = learner;
    let [episodes, successes] = [0, 0];
    for (let batch = 0; batch < 10; batch++) {
      const games = gamesOf(3, batch, 'danger/return-games');
      expect(games.map(({ seed }) => seed)).not.toEqual(gamesOf(3, batch).map(({ seed }) => seed));
      const key = actionKey(3, 'danger/return', batch);
      const environments = games.map(() => createLookAlike({ rho: 0.8, layoutSeed: 3 }));
      const { reward, terminated } = await collect(policy, environments, games, { key, temperature: 1 });
      episodes += games.length;
      for (let n = 0; n < terminated.length; n++) if (terminated[n] === 1 && reward[n] === 1) successes++;
    }
    expect(episodes).toBe(480);
    expect(successes).toBeGreaterThan(0);
    expect(followed.return).toBe(successes / episodes);
    const record = dangerRecord(
      { rho: 0.8, seeds: 2, iterations: 10 },
      conditions,
      [0.3],
      [[[followed, { ...followed, return: 1 }]]],
    );
    expect(record.rows[0].return).toBeCloseTo((successes / 480 + 1) / 2, 12);
  });

  it('decouple with a huge lambda is GRPO to four digits; a small one changes little of what others ask for', async () => {
    const of = async (decoupleLambda: number): Promise<number[]> =>
      means(await runDanger({ ...small, starts: [0.6], method: 'decouple', decoupleLambda }), { method: 'decouple' });
    const grpo = means(classifier, { method: 'grpo', coupling: true, start: 0.6 });
    expect(await of(1e6)).toEqual(grpo.map((p) => expect.closeTo(p, 3)));
    const [weak, strong] = [await of(30), await of(1)];
    expect(Math.max(...grpo)).toBeGreaterThan(Math.max(...weak));
    expect(Math.max(...weak)).toBeGreaterThan(Math.max(...strong));
  });

  it("decouples the selected pairs, by default all of them; the rise is smaller with those of s and s'", async () => {
    const learner = await dangerLearner();
    const twoStates = createTwoStates(0.8, 1, CLONED);
    const kinds = [undefined, 'all', 'other-state', 'opposite', 'labelled', 'same-label', 'permuted'] as const;
    const plain = { terms: ['grpo'], labels: 'oracle', coupling: true } as const;
    const conditions = [
      plain,
      ...kinds.map((decouplePairs) => ({ ...plain, decoupleLambda: 3, ...(decouplePairs && { decouplePairs }) })),
    ];
    softStart(learner, twoStates, 0.6);
    const [grpo, byDefault, ...others] = (await followConditions(learner, twoStates, 0.6, conditions, 30)).map(
      ({ probabilities }) => probabilities,
    );
    expect(byDefault).toEqual(others[0]);
    expect(new Set([grpo, ...others].map(String)).size).toBe(1 + others.length);
    expect(Math.max(...grpo)).toBeGreaterThan(grpo[0] + 0.15);
    expect(Math.max(...others[1])).toBeLessThan(Math.max(...grpo) - 0.02);
  });

  it('changes with every option', async () => {
    const start = 0.6;
    const base = { ...small, seeds: 1, starts: [start], iterations: 10 };
    const coupled = means(await runDanger(base), { start, coupling: true });
    expect(coupled).toHaveLength(2);
    for (const other of [{ rho: 0.3 }, { firstSeed: 2 }, { seeds: 2 }, { preset: 'prototype' }]) {
      expect(means(await runDanger({ ...base, ...other }), { start, coupling: true })).not.toEqual(coupled);
    }
    const seen = [coupled];
    for (const [method, labels] of [
      ['classifier', 'oracle'],
      ['classifier', 'advantage'],
      ['classifier', 'shuffled'],
      ['contrastive', 'oracle'],
      ['cloning', 'oracle'],
      ['cloning+classifier', 'oracle'],
      ['decouple', 'none'],
      ['pcgrad', 'none'],
      ['gradvac', 'none'],
      ['upgrad', 'none'],
      ['upgrad+classifier', 'oracle'],
    ]) {
      const record = await runDanger({ ...base, method, ...(labels !== 'none' && { labels }) });
      const name = method.split('+').toSorted().join('+');
      const curve = means(record, { start, coupling: true, method: name, labels });
      for (const earlier of seen) expect(curve).not.toEqual(earlier);
      seen.push(curve);
    }
  });

  it('surgery on the gradients of the two states: less of a rise; with one state left it is GRPO (to four digits)', async () => {
    const start = 0.6;
    for (const method of ['pcgrad', 'gradvac', 'upgrad']) {
      const record = await runDanger({ ...small, starts: [start], method });
      const of = (name: string, coupling: boolean): number[] => means(record, { start, coupling, method: name });
      expect(Math.max(...of(method, true))).toBeLessThan(Math.max(...of('grpo', true)) - 0.05);
      // With one task, surgery returns its gradient unchanged. The entropy bonus is added separately, which rounds
      // differently.
      expect(of(method, false)).toEqual(of('grpo', false).map((p) => expect.closeTo(p, 4)));
    }
  });

  it('reports each training run done and stops on abort', async () => {
    const aborter = new AbortController();
    const seen: [number, number][] = [];
    const onProgress = (done: number, total: number): void => {
      seen.push([done, total]);
      if (done === 3) aborter.abort(new Error('stopped'));
    };
    await expect(runDanger({ ...small, onProgress, signal: aborter.signal })).rejects.toThrow('stopped');
    expect(seen).toEqual([
      [1, 8],
      [2, 8],
      [3, 8],
    ]);
  });

  it.each([
    [{ rho: 1.2 }, 'rho must be a number in [0, 1], got 1.2; change rho'],
    [{ starts: [0.2, 0] }, 'starts must be numbers in [0.01, 0.99], got 0; change starts'],
    [{ starts: [] }, 'starts must be one or more different numbers, got []; name each start once'],
    [{ starts: [0.2, 0.2] }, 'starts must be one or more different numbers, got [0.2,0.2]; name each start once'],
    [
      { method: 'grpo+magic' },
      'method must be one or more of grpo, classifier, contrastive, cloning, decouple, pcgrad, gradvac, upgrad, each once, joined by +, got "grpo+magic"; write for example classifier+cloning',
    ],
    [
      { method: 'cloning+cloning' },
      'method must be one or more of grpo, classifier, contrastive, cloning, decouple, pcgrad, gradvac, upgrad, each once, joined by +, got "cloning+cloning"; write for example classifier+cloning',
    ],
    [{ decoupleLambda: 0 }, 'decoupleLambda must be a number in (0, 1000000], got 0; the larger, the closer to GRPO'],
    [
      { decoupleLambda: Number.NaN },
      'decoupleLambda must be a number in (0, 1000000], got NaN; the larger, the closer to GRPO',
    ],
    [
      { method: 'classifier', labels: 'graph' },
      'labels must be one of oracle, advantage, shuffled, got "graph"; the two states have no other source',
    ],
    [
      { method: 'pcgrad+decouple' },
      'method must have decouple or gradient surgery, got "pcgrad+decouple"; drop one of them',
    ],
    [{ preset: 'mine' }, 'preset must be one of default, prototype, got "mine"; choose one of them'],
    [{ seeds: 0 }, 'seeds must be an integer in [1, 1000], got 0; change seeds'],
    [{ seeds: 1.5 }, 'seeds must be an integer in [1, 1000], got 1.5; change seeds'],
    [{ firstSeed: -1 }, 'firstSeed must be an integer in [0, 4503599627370496], got -1; change firstSeed'],
    [{ iterations: 25 }, 'iterations must be a multiple of 10 in [10, 10000], got 25; change iterations'],
    [{ iterations: Number.NaN }, 'iterations must be a multiple of 10 in [10, 10000], got NaN; change iterations'],
  ])('refuses %j', async (options, message) => {
    await expect(runDanger(options)).rejects.toThrow(new RangeError(`runDanger: ${message}`));
  });

  it('rejects two surgeries', async () => {
    await expect(runDanger({ method: 'pcgrad+upgrad' })).rejects.toThrow(
      new Error('config: method takes one of pcgrad, gradvac, upgrad, got "pcgrad+upgrad"; keep one of them'),
    );
  });
});
