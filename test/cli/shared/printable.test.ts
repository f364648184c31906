import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../../src/cli/program.ts';
import { printableJson, printableMessage, printableName, printableResult } from '../../../src/cli/shared/printable.ts';
import { openProgress } from '../../../src/cli/shared/progress.ts';
import { createRun } from '../../../src/record/run.node.ts';
import { danger, unbraid } from '../fakeEngine.ts';

/** Clears the screen, sets the title, a C1 sequence, DEL, an override and an isolate, a carriage return and a bell. */
const hostile = '\u001b[2J\u001b]0;owned\u0007\u009b31m\u007f\u202eabc\u2066\r\b';
const shown = '\\u001b[2J\\u001b]0;owned\\u0007\\u009b31m\\u007f\\u202eabc\\u2066\\u000d\\u0008';

/**
 * Characters that control a terminal: all in Unicode's control, separator and bidirectional classes but line feeds and
 * tabs.
 */
const obeyed = /[^\P{Cc}\n\t]|[\p{Zl}\p{Zp}]|\p{Bidi_Control}/u;

describe('printable text', () => {
  test('writes only the characters that control a terminal as escapes', () => {
    expect(printableMessage(`a${hostile}b`)).toBe(`a${shown}b`);
    for (let code = 0; code <= 0xffff; code++) {
      const character = String.fromCharCode(code);
      const shownAs = `\\u${code.toString(16).padStart(4, '0')}`;
      expect(printableResult(character)).toBe(obeyed.test(character) ? shownAs : character);
    }
    const fine = 'zwölf Häuser, 😀, ─│┐, \\u001b as typed\n\ttwo lines';
    expect(printableResult(fine)).toBe(fine);
  });

  test('a name stays in its line', () => {
    expect(printableName(`runs/a\nunbraid: done\t${hostile}`)).toBe(`runs/a\\u000aunbraid: done\\u0009${shown}`);
  });

  test('JSON parses to the same record and contains no control characters', () => {
    const record = { name: hostile, [hostile]: [`${hostile}"\\`, '\\u009b', '\ud800', 'é', '\u2028'], n: 0.1 };
    const text = printableJson(record);
    expect(JSON.parse(text)).toEqual(record);
    expect(obeyed.test(text)).toBe(false);
    expect(text).toContain('\\u009b31m\\u007f\\u202e');
  });

  test('a message keeps its beginning and its end, a result what is longer, too', () => {
    const long = `env: ${'x'.repeat(100_000)}; choose another`;
    const message = printableMessage(long);
    expect(message.length).toBeLessThan(8_100);
    expect(message).toMatch(/^env: x+ \[92021 characters left out\] x+; choose another$/);
    expect(printableMessage('y'.repeat(8_000))).toBe('y'.repeat(8_000));
    expect(printableResult(long)).toBe(long);
    expect(printableResult('z'.repeat(3_000_000)).length).toBeLessThan(1_000_100);
  });
});

describe('what commands print of texts that are not theirs', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'unbraid-printable-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  const failing = async (): Promise<never> => {
    throw new Error(`bridge exec:x: ${hostile}`);
  };

  test('an error, its stack, and a name of a folder', async () => {
    const out = join(directory, `a${hostile}`);
    const { code, stdout, stderr } = await unbraid(['train', '--out', out], { train: failing }, { UNBRAID_DEBUG: '1' });
    expect([code, stdout, obeyed.test(stderr)]).toEqual([1, '', false]);
    expect(stderr).toContain(`unbraid: bridge exec:x: ${shown}\n`);
    const done = await unbraid(['train', '--out', out]);
    expect([done.code, obeyed.test(done.stdout + done.stderr)]).toEqual([0, false]);
    expect(done.stdout).toContain(`unbraid coupling ${join(directory, 'a')}${shown}\n`);
  });

  test('arguments, config keys and files', async () => {
    const file = join(directory, 'config.json');
    writeFileSync(file, JSON.stringify({ [hostile]: 1 }));
    const damaged = join(directory, `run${hostile}`);
    mkdirSync(damaged);
    writeFileSync(join(damaged, 'config.json'), hostile);
    for (const args of [
      [hostile],
      ['train', `--${hostile}`],
      ['train', '--seed', hostile],
      ['train', '--env', hostile, '--policy', hostile],
      ['train', '--config', file],
      ['train', '--set', `${hostile}=1`],
      ['compare', '--variants', hostile],
      ['study', hostile],
      ['eval', join(directory, hostile)],
      ['coupling', `${damaged}/none`],
      ['verify', damaged],
      ['verify', `${damaged}/config.json`],
    ]) {
      const { code, stdout, stderr } = await unbraid(args, { train: failing });
      expect([args, code === 0, obeyed.test(stdout + stderr)]).toEqual([args, false, false]);
      expect(stderr).toMatch(/^(1 thread\n)?unbraid: /);
    }
  });

  test('progress of a run, in lines and on a terminal; the sequences that draw the bar stay', async () => {
    const name = `household${hostile}`;
    const engine = {
      async runDanger({ onProgress }: { onProgress: (progress: never) => void }) {
        onProgress({ phase: hostile, done: 1, total: 1, envSteps: 0, success: null } as never);
        return danger;
      },
    };
    const ran = await unbraid(['danger', '--out', join(directory, name)], engine);
    expect(ran.stderr).toBe(`danger  ${shown}  100%  1/1\n`);
    expect(ran.stdout).toContain(`figure     ${join(directory, 'household')}${shown}/danger.svg\n`);
    const run = join(directory, `run-${hostile}`);
    createRun(run, { config: {}, versions: {}, keepCheckpoints: 1 }).close();
    const record = { command: 'eval', split: hostile, episodes: 1, success: 1, interval: [0, 1], return: {} };
    const evaluateRun: Engine['evaluateRun'] = async (_run, { onProgress }) => {
      const notes = [{ text: hostile, key: 'vocabularySize', value: 3 }] as const;
      onProgress({ phase: 'vocabulary', done: 1, total: 1, envSteps: 0, success: null, notes });
      return record as never;
    };
    const evaluated = await unbraid(['eval', run, '--json'], { evaluateRun });
    expect(evaluated.stderr).toContain(`${join(directory, 'run-')}${shown}  vocabulary  100%  1/1\n`);
    expect(evaluated.stderr).toContain(`${shown}  ${shown}`);
    expect(obeyed.test(evaluated.stderr)).toBe(false);
    expect([JSON.parse(evaluated.stdout), obeyed.test(evaluated.stdout)]).toEqual([record, false]);
    const drawn: string[] = [];
    const board = openProgress({ write: (text) => drawn.push(text), isTTY: true, columns: 80 }, true, () => 0);
    board.open('a').update({ phase: 'train', done: 1, total: 2, envSteps: 0, success: null });
    board.close();
    expect(drawn.join('')).toContain('\u001b[36m');
  });

  test('what a program reports while it starts, on a line of its own', async () => {
    const engine = {
      async runDanger({ onProgress }: { onProgress: (progress: never) => void }) {
        const report = { phase: 'start', total: 0, done: 0, envSteps: 0, success: null };
        onProgress({ ...report, detail: hostile } as never);
        onProgress({ ...report, detail: 'two', done: 3, total: 4 } as never);
        return danger;
      },
    };
    const ran = await unbraid(['danger', '--out', join(directory, 'start')], engine);
    expect(ran.stderr).toBe(`danger  start  ${shown}\n`);
  });
});
