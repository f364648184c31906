import { expect, test } from 'vitest';
import { resolveConfig } from '../../src/config/config.ts';
import { headsOf, labelTermsOf, surgeryOf, termsOf, usesLabels } from '../../src/config/method.ts';

test.each([
  ['grpo', 'grpo', ['grpo']],
  ['classifier', 'classifier', ['grpo', 'classifier']],
  ['cloning+grpo', 'cloning', ['grpo', 'cloning']],
  [
    'cloning+contrastive+classifier',
    'classifier+contrastive+cloning',
    ['grpo', 'classifier', 'contrastive', 'cloning'],
  ],
  ['ppo', 'ppo', ['ppo']],
  ['classifier+gigpo', 'gigpo+classifier', ['gigpo', 'classifier']],
  [
    'heads+upgrad+label-advantages+ppo',
    'ppo+label-advantages+upgrad+heads',
    ['ppo', 'label-advantages', 'upgrad', 'heads'],
  ],
  ['cloning+graph-advantages', 'graph-advantages+cloning', ['grpo', 'graph-advantages', 'cloning']],
  ['pcgrad+grpo', 'pcgrad', ['grpo', 'pcgrad']],
  ['heads+decouple+cloning', 'cloning+decouple+heads', ['grpo', 'cloning', 'decouple', 'heads']],
])('method "%s" is "%s" in canonical form', (method, canonical, terms) => {
  expect(resolveConfig({ method }).method).toBe(canonical);
  expect(termsOf(method)).toEqual(terms);
  expect(termsOf(canonical)).toEqual(terms);
});

test('what a method asks for', () => {
  const all = 'gigpo+label-advantages+cloning+gradvac+heads';
  expect(labelTermsOf(all)).toEqual(['cloning', 'label-advantages']);
  expect([surgeryOf(all), surgeryOf('cloning')]).toEqual(['gradvac', null]);
  const off = { actionHeads: false, valueHead: false, separateValue: false };
  expect(headsOf({ method: all, valueNetwork: 'separate' })).toEqual({ ...off, actionHeads: true });
  expect(headsOf({ method: 'ppo', valueNetwork: 'shared' })).toEqual({ ...off, valueHead: true });
  expect(headsOf({ method: 'ppo', valueNetwork: 'separate' })).toEqual({
    ...off,
    valueHead: true,
    separateValue: true,
  });
});

test('terms that exclude each other are refused', () => {
  expect(() => resolveConfig({ method: 'ppo+classifier+gigpo' })).toThrow(
    new Error('config: method takes one of grpo, gigpo, ppo, got "ppo+classifier+gigpo"; keep one of them'),
  );
  expect(() => resolveConfig({ method: 'pcgrad+upgrad' })).toThrow(
    new Error('config: method takes one of pcgrad, gradvac, upgrad, got "pcgrad+upgrad"; keep one of them'),
  );
  for (const other of ['ppo', 'pcgrad', 'gradvac', 'upgrad']) {
    expect(() => resolveConfig({ method: `decouple+${other}` })).toThrow(
      new Error(
        `config: method "decouple" replaces the advantages of grpo or gigpo in one policy loss, got "decouple+${other}"; drop decouple or ${other}`,
      ),
    );
  }
  expect(() => resolveConfig({ method: 'label-advantages', labels: 'demonstrations' })).toThrow(
    new Error(
      'config: method "label-advantages" needs labels of rollouts, got labels "demonstrations", which label no rollout; choose another source',
    ),
  );
});

test('decouple needs temperature 1, and labels of rollouts where its pairs depend on labels', () => {
  expect(() => resolveConfig({ method: 'decouple', temperature: 0.5 })).toThrow(
    new Error(
      'config: method "decouple" needs temperature 1, at which its inner products of gradients are taken, got 0.5; set temperature to 1',
    ),
  );
  const demonstrations = { method: 'decouple', labels: 'demonstrations' } as const;
  for (const decouplePairs of ['labelled', 'same-label'] as const) {
    expect(() => resolveConfig({ ...demonstrations, decouplePairs })).toThrow(
      new Error(
        `config: decouplePairs "${decouplePairs}" needs labels of rollouts, got labels "demonstrations", which label no rollout; choose another source`,
      ),
    );
    expect(usesLabels(resolveConfig({ method: 'decouple', decouplePairs }))).toBe(true);
    expect(usesLabels(resolveConfig({ decouplePairs }))).toBe(false);
  }
  expect(usesLabels(resolveConfig(demonstrations))).toBe(false);
  expect(usesLabels(resolveConfig({ method: 'decouple+cloning' }))).toBe(true);
});

test('hindsight needs a loss that uses labels, and labels of the experience graph', () => {
  expect(resolveConfig({ method: 'cloning', hindsight: true, labels: 'shuffled' }).hindsight).toBe(true);
  for (const method of ['grpo', 'contrastive', 'label-advantages', 'graph-advantages']) {
    expect(() => resolveConfig({ method, hindsight: true })).toThrow(
      new Error(
        `config: hindsight needs a method with classifier or cloning, got "${method}"; add one of these terms or set hindsight to false`,
      ),
    );
  }
  for (const [labels, shuffledSource, key, got] of [
    ['oracle', 'graph', 'labels', 'oracle'],
    ['custom', 'graph', 'labels', 'custom'],
    ['shuffled', 'anchor', 'shuffledSource', 'anchor'],
  ] as const) {
    expect(() => resolveConfig({ method: 'classifier', labels, shuffledSource, hindsight: true })).toThrow(
      new Error(`config: hindsight needs labels "graph", got "${got}"; set ${key} to "graph" or hindsight to false`),
    );
  }
});
