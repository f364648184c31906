import { expect, test } from 'vitest';
import { commandConfig } from '../../../src/cli/shared/commandConfig.ts';
import { resolveConfig } from '../../../src/config/config.ts';

test('a config of parts of this package is resolved', () => {
  expect(commandConfig({ seed: 3 })).toEqual(resolveConfig({ seed: 3 }));
});

test.each([
  ['env', 'environment'],
  ['policy', 'network'],
  ['labels', 'label source'],
])('%s "custom" is rejected', (key, part) => {
  expect(() => commandConfig({ [key]: 'custom' })).toThrow(
    new Error(
      `config: ${key} must name a part of this package, got "custom"; a program passes your own ${part} to train(), replay() or verify() of the library`,
    ),
  );
});
