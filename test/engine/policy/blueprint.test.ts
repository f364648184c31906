import { expect, test } from 'vitest';
import { type Blueprint, blueprintFromJson, blueprintToJson } from '../../../src/engine/policy/blueprint.ts';

const blueprint: Blueprint = {
  environment: 'household 3',
  shape: { form: 'tokens', layout: 'slots', vocabularySize: 50, stateSlots: 9, actionSlots: 3, vectorWidth: 0 },
  config: {
    policy: 'attention',
    tokenWidth: 4,
    matchWidth: 4,
    hidden: 8,
    embedding: 4,
    blocks: 0,
    heads: 2,
    logitScale: 1,
  },
};

test('reading gives back what was written, and keys beyond those of a policy are left out', () => {
  expect(blueprintFromJson(blueprintToJson(blueprint))).toEqual(blueprint);
  const config = { iterations: 160, ...blueprint.config };
  expect(blueprintToJson({ ...blueprint, config })).toBe(blueprintToJson(blueprint));
});

test('heads that a policy has are written, others are not', () => {
  const config = { ...blueprint.config, actionHeads: true, valueHead: false };
  const json = blueprintToJson({ ...blueprint, config });
  expect(JSON.parse(json).config).toEqual({ ...blueprint.config, actionHeads: true });
  expect(blueprintFromJson(json).config).toEqual({ ...blueprint.config, actionHeads: true });
});

test('a layer norm is written where a policy has one, with either form', () => {
  expect(
    JSON.parse(blueprintToJson({ ...blueprint, config: { ...blueprint.config, layerNorm: false } })).config,
  ).toEqual(blueprint.config);
  const normed = { ...blueprint, config: { ...blueprint.config, layerNorm: true } };
  expect(blueprintFromJson(blueprintToJson(normed))).toEqual(normed);
});

test('layers of their own for values, and normalised observations, are those of vectors', () => {
  const shape = { ...blueprint.shape, form: 'vector', layout: 'slots', stateSlots: 0, actionSlots: 1, vectorWidth: 3 };
  const config = { ...blueprint.config, policy: 'mlp', valueHead: true, separateValue: true };
  const vectors = { ...blueprint, shape, config: { ...config, normalizeObservations: true } } as typeof blueprint;
  expect(blueprintFromJson(blueprintToJson(vectors))).toEqual(vectors);
  const advice = 'save the policy again with this version of unbraid';
  for (const key of ['separateValue', 'normalizeObservations']) {
    const json = blueprintToJson({ ...blueprint, config: { ...blueprint.config, [key]: true } });
    expect(() => blueprintFromJson(json)).toThrow(
      new Error(`blueprintFromJson: config.${key} must be false for the tokens form, got true; ${advice}`),
    );
  }
  const headless = blueprintToJson({ ...vectors, config: { ...vectors.config, valueHead: false } });
  expect(() => blueprintFromJson(headless)).toThrow(
    new Error(`blueprintFromJson: config.valueHead must be true with separateValue, got false; ${advice}`),
  );
});

test('a missing or wrong value is named', () => {
  const advice = 'save the policy again with this version of unbraid';
  const changed = (change: (record: Record<string, Record<string, unknown>>) => void): string => {
    const record = JSON.parse(blueprintToJson(blueprint));
    change(record);
    return JSON.stringify(record);
  };
  const cases: [string, string][] = [
    ['{', `the text must be JSON, got "{"`],
    ['[1]', 'version must be 1, got nothing'],
    ['7', 'the text must be a JSON object, got 7'],
    [changed((r) => Object.assign(r, { version: 2 })), 'version must be 1, got 2'],
    [changed((r) => Object.assign(r, { environment: 5 })), 'environment must be text, got 5'],
    [changed((r) => Object.assign(r, { shape: null })), 'shape must be an object, got null'],
    [changed((r) => Object.assign(r.shape, { form: 'text' })), 'shape.form must be one of tokens, vector, got "text"'],
    [changed((r) => delete r.shape.stateSlots), 'shape.stateSlots must be an integer >= 0, got nothing'],
    [changed((r) => Object.assign(r.config, { hidden: 0 })), 'config.hidden must be an integer >= 1, got 0'],
    [changed((r) => Object.assign(r.config, { valueHead: 1 })), 'config.valueHead must be true or absent, got 1'],
    [changed((r) => Object.assign(r.config, { logitScale: -1 })), 'config.logitScale must be a number > 0, got -1'],
    [changed((r) => Object.assign(r, { more: 1 })), 'the text must have known keys only, got "more"'],
    [changed((r) => Object.assign(r.shape, { more: 1 })), 'shape must have known keys only, got "more"'],
    [changed((r) => Object.assign(r, { shape: [] })), 'shape must be an object, got []'],
    [changed((r) => Object.assign(r.config, { hidden: '8' })), 'config.hidden must be an integer >= 1, got "8"'],
    [
      changed((r) => Object.assign(r.config, { hidden: 2 ** 25 })),
      'config.hidden must be an integer <= 16777216, got 33554432',
    ],
    [changed((r) => Object.assign(r.config, { blocks: 3000 })), 'config.blocks must be an integer <= 4, got 3000'],
    [changed((r) => Object.assign(r.config, { blocks: 1, heads: 3 })), 'config.heads must divide tokenWidth 4, got 3'],
    [
      changed((r) => Object.assign(r.config, { policy: 'mlp' })),
      'config.policy must be "attention" for the tokens form, got "mlp"',
    ],
    [changed((r) => Object.assign(r.shape, { stateSlots: 0 })), 'shape.stateSlots must fit the tokens form, got 0'],
    [changed((r) => Object.assign(r.shape, { vectorWidth: 3 })), 'shape.vectorWidth must fit the tokens form, got 3'],
    [
      changed((r) => Object.assign(r.shape, { vocabularySize: 2 ** 24, stateSlots: 128 })),
      'shape.vocabularySize times slots must be below 2147483648, got 16777216',
    ],
    [
      changed((r) => Object.assign(r, { environment: 'a'.repeat(1001) })),
      `environment must have at most 1000 characters, got "${'a'.repeat(80)}"...`,
    ],
    [
      changed((r) => Object.assign(r, { environment: 'a\u009b2J' })),
      'environment must be text without control characters, got "a?2J"',
    ],
    [' '.repeat(10_001), `the text must have at most 10000 characters, got "${' '.repeat(80)}"...`],
    ['['.repeat(5000), `the text must be JSON, got "${'['.repeat(80)}"...`],
    [
      blueprintToJson(blueprint).replace('"hidden":8', '"hidden":1e9,"hidden":8'),
      `the text must have each key once, got ${JSON.stringify(blueprintToJson(blueprint).slice(0, 80))}...`,
    ],
  ];
  for (const [text, rule] of cases) {
    expect(() => blueprintFromJson(text)).toThrow(new Error(`blueprintFromJson: ${rule}; ${advice}`));
  }
});

test('heads need not divide the width where no layer has them', () => {
  const config = { ...blueprint.config, heads: 3 };
  expect(blueprintFromJson(blueprintToJson({ ...blueprint, config })).config.heads).toBe(3);
});
