import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommanderError, InvalidArgumentError } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  gatherConfig,
  integerFrom,
  numberFrom,
  parseSeeds,
  parseSetting,
  parseStarts,
  readConfigFile,
  usage,
} from '../../../src/cli/shared/arguments.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'unbraid-arguments-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function file(name: string, content: string): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

describe('numbers', () => {
  test('seeds are a number of seeds or a list', () => {
    expect(parseSeeds('3')).toEqual([1, 2, 3]);
    expect(parseSeeds('11,12')).toEqual([11, 12]);
    expect(parseSeeds('7,')).toEqual([7]);
    expect(parseSeeds('0,')).toEqual([0]);
  });

  test.each(['0', '', 'x', '1.5', '1,,2', '-1,2'])('seeds refuse "%s"', (text) => {
    expect(() => parseSeeds(text)).toThrow(InvalidArgumentError);
  });

  test('a seed that is named twice is rejected', () => {
    expect(() => parseSeeds('4,5,4')).toThrow(new InvalidArgumentError('Each seed must be named once.'));
  });

  test('starts, integers and numbers keep to their bounds', () => {
    expect(parseStarts('0.2,1,0')).toEqual([0.2, 1, 0]);
    expect(() => parseStarts('0.2,1.1')).toThrow(new InvalidArgumentError('It must be a number from 0 to 1.'));
    expect(integerFrom(2)('2')).toBe(2);
    expect(() => integerFrom(2)('1')).toThrow(new InvalidArgumentError('It must be an integer >= 2.'));
    expect(() => integerFrom(0)(' ')).toThrow(new InvalidArgumentError('It must be an integer >= 0.'));
    expect(() => numberFrom(0, 1)('NaN')).toThrow(new InvalidArgumentError('It must be a number from 0 to 1.'));
    expect(() => numberFrom(0, 1)('')).toThrow(new InvalidArgumentError('It must be a number from 0 to 1.'));
  });
});

describe('settings', () => {
  test('values are JSON where they can be, else text, and may hold "="', () => {
    let settings = parseSetting('seed=3', undefined);
    for (const text of ['maxSteps=null', 'learningRate=1e-3', 'lossType=grpo', 'env=game?a=1']) {
      settings = parseSetting(text, settings);
    }
    expect([...settings]).toEqual([
      ['seed', 3],
      ['maxSteps', null],
      ['learningRate', 0.001],
      ['lossType', 'grpo'],
      ['env', 'game?a=1'],
    ]);
  });

  test('a text without "=" and a key that is set twice are rejected', () => {
    for (const text of ['seed', '=3']) {
      expect(() => parseSetting(text, undefined)).toThrow(new InvalidArgumentError('It must look like key=value.'));
    }
    expect(() => parseSetting('seed=4', new Map([['seed', 3]]))).toThrow(
      new InvalidArgumentError('The key "seed" is set twice.'),
    );
  });
});

describe('config', () => {
  test('the command line wins over the file', () => {
    const path = file('a.json', '{"seed": 1, "iterations": 5, "beta": 0.1}');
    expect(gatherConfig({ seed: 2, env: undefined }, new Map([['beta', 0.2]]), path)).toEqual({
      seed: 2,
      iterations: 5,
      beta: 0.2,
    });
    expect(gatherConfig({ seed: 2 }, undefined, undefined)).toEqual({ seed: 2 });
  });

  test('the config.json of a run is read too', () => {
    expect(readConfigFile(file('config.json', '{"config": {"seed": 9}, "versions": {}}'))).toEqual({ seed: 9 });
  });

  test('a key given twice, and a file that is no object', () => {
    expect(() => gatherConfig({ seed: 2 }, new Map([['seed', 2]]), undefined)).toThrow(
      'config key "seed" is given by its own option and by --set; keep one',
    );
    const path = file('list.json', '[]');
    expect(() => readConfigFile(path)).toThrow(
      new Error(`${path} must contain a JSON object of config keys and values`),
    );
  });
});

test('usage turns an error into wrong usage and lets results through', () => {
  expect(usage(() => 4)).toBe(4);
  let error: unknown;
  try {
    usage(() => {
      throw new Error('seed is wrong');
    });
  } catch (caught) {
    error = caught;
  }
  expect(error).toBeInstanceOf(CommanderError);
  expect(error).toMatchObject({ message: 'seed is wrong', exitCode: 2 });
});
