import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { askOn } from '../../../src/cli/shared/ask.ts';

const never = new AbortController().signal;

describe('askOn', () => {
  test.each([
    ['y', true],
    ['Yes', true],
    [' y ', true],
    ['n', false],
    ['', false],
    ['yesterday', false],
  ])('"%s" means %s', async (answer, expected) => {
    const [input, output] = [new PassThrough(), new PassThrough()];
    const asked = askOn(input, output, 'Go?', never);
    input.write(`${answer}\n`);
    expect(await asked).toBe(expected);
    expect(String(output.read())).toBe('Go? [y/N] ');
  });

  test('the end of the input means no; an abort is one', async () => {
    const input = new PassThrough();
    const asked = askOn(input, new PassThrough(), 'Go?', never);
    input.end();
    expect(await asked).toBe(false);
    const controller = new AbortController();
    const stopped = askOn(new PassThrough(), new PassThrough(), 'Go?', controller.signal);
    controller.abort(new Error('stopped'));
    await expect(stopped).rejects.toThrow('stopped');
  });
});
