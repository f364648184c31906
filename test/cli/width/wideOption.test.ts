import { describe, expect, test } from 'vitest';
import { wideRequest } from '../../../src/cli/width/wideOption.ts';
import { unbraid } from '../fakeEngine.ts';

test('the option comes before the variable, and without both the command chooses', () => {
  expect(wideRequest(undefined, {})).toBe('auto');
  expect(wideRequest(undefined, { UNBRAID_WIDE: '' })).toBe('auto');
  expect(wideRequest(undefined, { UNBRAID_WIDE: '0' })).toBe('off');
  expect(wideRequest(undefined, { UNBRAID_WIDE: '1' })).toBe('on');
  for (const option of ['auto', 'on', 'off'] as const) {
    for (const UNBRAID_WIDE of ['0', '1']) expect(wideRequest(option, { UNBRAID_WIDE })).toBe(option);
  }
});

describe('wrong usage ends with exit code 2', () => {
  const commands = [
    ['train', '--iterations', '1'],
    ['compare'],
    ['danger'],
    ['eval', 'runs/first'],
    ['coupling', 'runs/first'],
    ['verify', 'runs/first'],
    ['profile'],
    ['study'],
  ];

  test.each(commands)('UNBRAID_WIDE=yes %s', async (...command) => {
    const { code, stderr } = await unbraid(command, {}, { UNBRAID_WIDE: 'yes' });
    expect([code, stderr]).toEqual([
      2,
      'unbraid: UNBRAID_WIDE must be 0 (off) or 1 (on), got "yes"; unset it, or use --wide auto\n',
    ]);
  });

  test.each(commands)('%s --wide of', async (...command) => {
    const { code, stderr } = await unbraid([...command, '--wide', 'of']);
    expect(code).toBe(2);
    expect(stderr).toContain("option '--wide <when>' argument 'of' is invalid. Allowed choices are auto, on, off.");
  });
});

test('a command that computes nothing reads no such variable', async () => {
  expect((await unbraid(['list', 'methods'], {}, { UNBRAID_WIDE: 'yes' })).code).toBe(0);
});
