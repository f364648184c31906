import { describe, expect, expectTypeOf, test } from 'vitest';
import {
  type Config,
  type ConfigKey,
  canonicalConfigJson,
  configTable,
  resolveConfig,
} from '../../src/config/config.ts';

describe('resolveConfig', () => {
  test('an empty config is all defaults, in the order of the table', () => {
    const config = resolveConfig({});
    expect(Object.entries(config)).toEqual(configTable.map((row) => [row.key, row.default]));
    expect(config).toMatchObject({ env: 'household', numGenerations: 8, learningRate: 0.003, epsilonHigh: null });
  });

  test('what is given replaces the default; undefined counts as not given', () => {
    const config = resolveConfig({ seed: 7, labels: 'oracle', maxSteps: 30, epsilonHigh: 0.28, env: undefined });
    expect(config).toEqual({ ...resolveConfig({}), seed: 7, labels: 'oracle', maxSteps: 30, epsilonHigh: 0.28 });
  });

  test('its types are those of the table', () => {
    expectTypeOf<Config['seed']>().toEqualTypeOf<number>();
    expectTypeOf<Config['env']>().toEqualTypeOf<string>();
    expectTypeOf<Config['policy']>().toEqualTypeOf<'attention' | 'mlp' | 'custom'>();
    expectTypeOf<Config['observation']>().toEqualTypeOf<'tokens' | 'text' | 'vector' | null>();
    expectTypeOf<Config['maxSteps']>().toEqualTypeOf<number | null>();
    expect(resolveConfig(resolveConfig({ seed: 2 }))).toEqual(resolveConfig({ seed: 2 }));
  });

  test.each([
    ['learningrate', 'learningRate'],
    ['env ', 'env'],
    ['num_generations', 'numGenerations'],
    ['lr_schedule', 'lrSchedule'],
  ])('refuses the unknown key "%s" and offers the nearest', (key, nearest) => {
    const partial = JSON.parse(`{${JSON.stringify(key)}: 1}`);
    expect(() => resolveConfig(partial)).toThrow(new Error(`config: unknown key "${key}"; did you mean "${nearest}"?`));
  });

  test.each([
    [null, 'null'],
    [[1], '[1]'],
    ['grpo', '"grpo"'],
    [undefined, 'undefined'],
  ])('refuses %j', (partial, got) => {
    expect(() => resolveConfig(partial)).toThrow(new Error(`config: must be an object of keys and values, got ${got}`));
  });

  const methodRule =
    'one or more of grpo, gigpo, ppo, graph-advantages, classifier, contrastive, cloning, label-advantages, decouple, pcgrad, gradvac, upgrad, heads, each once, joined by +';
  const splitsRule = 'all, or one or more of train, in-domain, out-of-domain, each once, joined by +';
  const broken: [ConfigKey, unknown, string][] = [
    ['evalSplits', 'train+test', `${splitsRule}, got "train+test"`],
    ['evalSplits', 'train+train', `${splitsRule}, got "train+train"`],
    ['history', 65, 'an integer >= 0 and <= 64, got 65'],
    ['seed', -1, 'an integer >= 0, got -1'],
    ['seed', 2 ** 53, 'an integer >= 0, got 9007199254740992'],
    ['seed', '1', 'an integer >= 0, got "1"'],
    ['iterations', 1.5, 'an integer >= 0, got 1.5'],
    ['numGenerations', 0, 'an integer >= 2, got 0'],
    ['learningRate', Number.NaN, 'a number >= 0, got NaN'],
    ['learningRate', Number.POSITIVE_INFINITY, 'a number >= 0, got Infinity'],
    ['learningRate', null, 'a number >= 0, got null'],
    ['temperature', 0, 'a number > 0, got 0'],
    ['adamBeta1', 1, 'a number >= 0 and < 1, got 1'],
    ['epsilon', 0, 'a number > 0 and < 1, got 0'],
    ['epsilonHigh', -0.1, 'a number > 0, or null, got -0.1'],
    ['maxSteps', 0, 'an integer >= 1, or null, got 0'],
    ['demonstrationNoise', 1.01, 'a number >= 0 and <= 1, got 1.01'],
    ['blocks', 5, 'an integer >= 0 and <= 4, got 5'],
    ['contrastiveSamples', 1, 'an integer >= 2, got 1'],
    ['keepCheckpoints', 0, 'an integer >= 1, got 0'],
    ['bootstrapTruncated', 'yes', 'true or false, got "yes"'],
    ['normalizeRewards', 1, 'true or false, got 1'],
    ['policy', 'gpt', 'one of attention, mlp, custom, got "gpt"'],
    ['observation', 'pixels', 'one of tokens, text, vector, or null, got "pixels"'],
    ['lossType', ['grpo'], 'one of grpo, dr_grpo, bnpo, dapo, got ["grpo"]'],
    ['env', ' ', 'an environment\'s name, got " "'],
    ['method', 'grpo+dapo', `${methodRule}, got "grpo+dapo"`],
    ['method', 'cloning+cloning', `${methodRule}, got "cloning+cloning"`],
    ['method', '', `${methodRule}, got ""`],
  ];
  test.each(broken)('%s: %j', (key, value, rest) => {
    expect(() => resolveConfig({ [key]: value })).toThrow(new Error(`config: ${key} must be ${rest}`));
  });

  test('every number refuses NaN and infinities, every key refuses an object', () => {
    for (const { key, rule } of configTable) {
      for (const value of [Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, {}]) {
        expect(() => resolveConfig({ [key]: value })).toThrow(`config: ${key} must be ${rule}, got `);
      }
    }
  });

  test('bounds themselves are allowed where the rule says so', () => {
    const edge = { demonstrationNoise: 1, blocks: 4, adamBeta1: 0, numGenerations: 2, seed: 2 ** 53 - 1, coldStart: 0 };
    expect(resolveConfig(edge)).toMatchObject(edge);
  });

  test('a group of one', () => {
    expect(() => resolveConfig({ numGenerations: 1 })).toThrow(
      new Error('config: numGenerations must be >= 2, got 1; the advantage compares the episodes of a group'),
    );
  });

  test('the policy and the form of observations must fit', () => {
    expect(() => resolveConfig({ policy: 'mlp', observation: 'tokens' })).toThrow(
      new Error('config: policy "mlp" needs observation "vector", got "tokens"; set observation to "vector"'),
    );
    expect(() => resolveConfig({ observation: 'vector' })).toThrow(
      new Error('config: policy "attention" needs observation "tokens" or "text", got "vector"; set policy to "mlp"'),
    );
    expect(resolveConfig({ policy: 'mlp', observation: 'vector' }).observation).toBe('vector');
    expect(resolveConfig({ policy: 'mlp' }).observation).toBe('vector');
    expect(resolveConfig({}).observation).toBe(null);
  });
});

test('keys of the mlp policy are refused with another one', () => {
  expect(() => resolveConfig({ normalizeObservations: true })).toThrow(
    new Error(
      'config: normalizeObservations needs policy "mlp", got "attention"; set policy to "mlp" or normalizeObservations to false',
    ),
  );
  expect(() => resolveConfig({ valueNetwork: 'separate' })).toThrow(
    new Error(
      'config: valueNetwork "separate" needs policy "mlp", got "attention"; set policy to "mlp" or valueNetwork to "shared"',
    ),
  );
});

test('hints need a trained classifier, which the cold start can train, and the cold start needs demonstrations', () => {
  const advice = 'add classifier to the method or set coldStartClassifier to true';
  expect(() => resolveConfig({ hint: 'classifier', method: 'gigpo' })).toThrow(
    new Error(`config: hint "classifier" needs a classifier that is trained, got method "gigpo"; ${advice}`),
  );
  for (const more of [{ method: 'classifier+cloning' }, { coldStartClassifier: true }]) {
    expect(resolveConfig({ hint: 'classifier', ...more })).toMatchObject({ hint: 'classifier', hintThreshold: 0.5 });
  }
  expect(resolveConfig({ hint: 'random' }).hint).toBe('random');
  expect(() => resolveConfig({ coldStartClassifier: true, coldStart: 0 })).toThrow(
    new Error(
      'config: coldStartClassifier must have coldStart >= 1, got 0; raise coldStart or set coldStartClassifier to false',
    ),
  );
});

describe('a text that is nearly right', () => {
  test.each([
    ['labels', 'grpah', 'graph'],
    ['policy', 'attenttion', 'attention'],
    ['observation', 'vektor', 'vector'],
    ['lossType', 'dr-grpo', 'dr_grpo'],
    ['scaleRewards', 'Batch', 'batch'],
    ['shuffledSource', 'orakel', 'oracle'],
    ['method', 'clasifier', 'classifier'],
    ['method', 'classifier+clonning', 'classifier+cloning'],
    ['method', 'labeladvantages+gigppo', 'label-advantages+gigpo'],
  ])('%s "%s" is refused with "%s"', (key, value, nearest) => {
    expect(() => resolveConfig({ [key]: value })).toThrow(`, got "${value}"; did you mean "${nearest}"?`);
  });

  test('a long one is cut', () => {
    expect(() => resolveConfig({ labels: 'x'.repeat(1e6) })).toThrow(/, got "x{199}\.\.\.$/);
  });
});

test('the rate of Muon is relative to the learning rate', () => {
  expect(() => resolveConfig({ optimizer: 'muon', muonLearningRate: 0.02, learningRate: 0 })).toThrow(
    new Error(
      'config: learningRate must be above 0 with muonLearningRate, which is relative to it, got 0 and 0.02; set muonLearningRate to null',
    ),
  );
  expect(resolveConfig({ optimizer: 'muon', learningRate: 0 }).muonLearningRate).toBeNull();
});

test('a churn penalty needs states outside two minibatches', () => {
  expect(() => resolveConfig({ churnCoef: 1, minibatches: 2 })).toThrow(
    new Error(
      'config: churnCoef needs minibatches >= 3, so that states are left outside two of them, got 2; raise minibatches or set churnCoef to 0',
    ),
  );
  expect(resolveConfig({ minibatches: 2 }).churnCoef).toBe(0);
});

test('labels of demonstrations need demonstrations', () => {
  const config = { method: 'classifier', labels: 'demonstrations', coldStart: 0 };
  expect(() => resolveConfig(config)).toThrow(
    new Error(
      'config: labels "demonstrations" must have coldStart >= 1, got 0; raise coldStart or choose another source',
    ),
  );
  expect(resolveConfig({ ...config, method: 'grpo' }).coldStart).toBe(0);
});

describe('canonicalConfigJson', () => {
  test('does not depend on the order of keys and differs in every key', () => {
    const config = resolveConfig({ seed: 3, iterations: 5 });
    const reversed = Object.fromEntries(Object.entries(config).reverse()) as unknown as Config;
    expect(canonicalConfigJson(reversed)).toBe(canonicalConfigJson(config));
    expect(JSON.parse(canonicalConfigJson(config))).toEqual(config);
    const keys = Object.keys(JSON.parse(canonicalConfigJson(config)));
    expect(keys).toEqual([...keys].sort());
    const texts = configTable.map(({ key }) => canonicalConfigJson({ ...config, [key]: 'changed' }));
    expect(new Set([...texts, canonicalConfigJson(config)]).size).toBe(configTable.length + 1);
  });
});

test('docs/configuration.md is made from the table (vitest -u writes it)', async () => {
  const rows = configTable.map(
    ({ key, default: value, rule, unit, meaning }) =>
      `| \`${key}\` | ${value === null ? 'null' : `\`${value}\``} | ${unit} | ${meaning} | ${rule} |`,
  );
  const page = `# Configuration

This page lists every key of a run's config. Set a key with \`unbraid train --set key=value\`, in a file given to \`--config\`, or in the object passed to \`resolveConfig\`.
Unknown keys and values outside their rule are rejected with an error that names the key. The complete config of a run is stored in its \`config.json\`. Terms: [glossary](glossary.md).

| Key | Default | Unit | Meaning | Must be |
|---|---|---|---|---|
${rows.join('\n')}
`;
  await expect(page).toMatchFileSnapshot('../../docs/configuration.md');
});
