import { describe, expect, test } from 'vitest';
import { describeProgress, openProgress, progressLine } from '../../../src/cli/shared/progress.ts';
import type { Progress } from '../../../src/train/run.ts';

function at(done: number, total = 160, success: number | null = null, phase: Progress['phase'] = 'train'): Progress {
  return { phase, done, total, envSteps: 1000 * done, success };
}

describe('the text', () => {
  test('percentage, count, speed, time left and success', () => {
    expect(describeProgress(at(40, 160, 0.424), 0, 10_000)).toBe(' 25%  40/160  4.00 it/s  ETA 0:30  success 0.42');
    expect(describeProgress(at(5, 400, null, 'evaluate'), 0, 1000)).toBe('  1%  5/400  5.00/s  ETA 1:19');
    expect(describeProgress(at(1, 7201), 0, 1000)).toBe('  0%  1/7201  1.00 it/s  ETA 2:00:00');
  });

  test('the mean return where success means nothing, and any phase of the start with its rate', () => {
    expect(describeProgress({ ...at(40), return: -12.345 }, 0, 10_000)).toBe(
      ' 25%  40/160  4.00 it/s  ETA 0:30  return -12.35',
    );
    expect(describeProgress(at(30, 120, null, 'sample pairs'), 0, 15_000)).toBe(' 25%  30/120  2.00/s  ETA 0:45');
  });

  test('a speed of thousands is a whole number', () => {
    expect(describeProgress(at(6781, 9000, null, 'evaluate'), 0, 1000)).toBe(' 75%  6781/9000  6781/s  ETA 0:00');
  });

  test('the speed of a resumed run counts only what it did itself', () => {
    expect(describeProgress(at(90), 80, 5000)).toBe(' 56%  90/160  2.00 it/s  ETA 0:35');
  });

  test('no speed before the first step; a phase without steps is complete', () => {
    expect(describeProgress(at(0), 0, 0)).toBe('  0%  0/160');
    expect(describeProgress(at(0, 0), 0, 5)).toBe('100%  0/0');
  });
});

describe('the live line', () => {
  test('shows the share of the bar', () => {
    expect(progressLine('run', 'train', 'text', 0.25, 120, false)).toBe(
      `run  train  ${'█'.repeat(6)}${'░'.repeat(18)} text`,
    );
    expect(progressLine('run', 'train', 'text', 0.5, 26, false)).toBe('run  train  ████░░░░ text');
  });

  test('is never as wide as the terminal, colour codes counted', () => {
    for (let columns = 1; columns < 140; columns++) {
      for (const color of [false, true]) {
        const line = progressLine('household-grpo-s1', 'train', ' 25%  40/160  4.00 it/s', 0.5, columns, color);
        expect(line.length).toBeLessThan(columns);
      }
    }
  });

  test('on a narrow terminal the bar gives way, then the end of the name; the numbers stay', () => {
    const text = ' 25%  40/160  4.00 it/s  ETA 0:30  success 0.42';
    const line = progressLine('household-classifier-cloning-graph-s1', 'train', text, 0.25, 80, true);
    expect(line).toBe(`household-classifier-c…  train  ${text}`);
    expect(line.length).toBe(79);
  });

  test('is coloured only when asked', () => {
    const plain = progressLine('run', 'train', 'text', 0.5, 80, false);
    const coloured = progressLine('run', 'train', 'text', 0.5, 80, true);
    expect(coloured).toContain('\u001b[36m');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape codes are what the test takes away
    expect(coloured.replaceAll(/\u001b\[\d+m/g, '')).toBe(plain);
  });
});

/** A stream that keeps what is written. */
function keepingStream(terminal: boolean, rows = 24) {
  const stream = { text: '', write: (part: string) => (stream.text += part), isTTY: terminal, columns: 100, rows };
  return stream;
}

/** What a display writes for these updates, each `gapMs` after the one before. */
function written(updates: readonly Progress[], gapMs: number, terminal: boolean, color = false): string {
  let ms = 0;
  const stream = keepingStream(terminal);
  const board = openProgress(stream, color, () => ms);
  const display = board.open('run');
  for (const update of updates) {
    display.update(update);
    ms += gapMs;
  }
  board.close();
  return stream.text;
}

describe('elsewhere than on a terminal', () => {
  const all = Array.from({ length: 161 }, (_, i) => at(i));

  test('a slow run writes one line for each tenth', () => {
    const lines = written(all, 1000, false).trimEnd().split('\n');
    expect(lines.length).toBe(11);
    expect(lines[0]).toBe('run  train  0%  0/160');
    expect(lines[1]).toBe('run  train  10%  16/160  1.00 it/s  ETA 2:24');
    expect(lines[10]).toBe('run  train  100%  160/160  1.00 it/s  ETA 0:00');
  });

  test('a fast run writes no two lines within two seconds but its last', () => {
    const lines = written(all, 30, false).trimEnd().split('\n');
    expect(lines.map((line) => line.split('  ')[3])).toEqual(['0/160', '67/160', '134/160', '160/160']);
  });

  test('every phase has its own lines, without escape codes', () => {
    const text = written(
      [at(0, 2, null, 'cold start'), at(2, 2, null, 'cold start'), at(0, 2), at(2, 2, 0.5)],
      3000,
      false,
      true,
    );
    expect(text.split('\n').map((line) => line.split('  ').slice(1, 3).join(' '))).toEqual([
      'cold start 0%',
      'cold start 100%',
      'train 0%',
      'train 100%',
      '',
    ]);
    expect(text).not.toContain('\u001b');
  });
});

test('on a terminal the bar is drawn in place, whole, and ends with a new line', () => {
  expect(written([at(0), at(80)], 1000, true, true)).toContain('\u001b[36m');
  const text = written([at(0), at(160, 160, 0.75)], 1000, true);
  expect(text).not.toContain('\u001b[36m');
  expect(text).toContain('run  train');
  expect(text).toContain('success 0.75');
  expect(text.endsWith('\n')).toBe(true);
  expect(text.trimEnd().split('\n').length).toBe(1);
});

describe('several displays', () => {
  /**
   * The lines of a terminal after what was written: what follows an escape code that moves up is drawn over the line
   * there.
   */
  function screenOf(text: string): string[] {
    const lines = [''];
    let [row, column] = [0, 0];
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape codes are what the test follows
    for (const [, move, count, plain] of text.matchAll(/\u001b\[(\d*)([A-Za-z])|(\n|[^\u001b\n]+)/g)) {
      if (plain === '\n') [row, column] = [row + 1, 0];
      else if (plain !== undefined) {
        lines[row] = (lines[row] ?? '').slice(0, column) + plain;
        column += plain.length;
      } else if (count === 'A') row -= Number(move || 1);
      else if (count === 'G') column = Number(move || 1) - 1;
      else if (count === 'J') lines.length = row + 1;
      lines[row] ??= '';
      if (count === 'J' || count === 'K') lines[row] = lines[row].slice(0, column);
    }
    return lines;
  }

  test('on a terminal one bar each; a bar that ends stays above the others, and no bar is drawn after the end', () => {
    const stream = keepingStream(true);
    const board = openProgress(stream, false, () => 0);
    const [all, first, second] = ['all runs', 'first', 'second'].map(board.open);
    for (const display of [all, first, second]) display.update(at(0));
    first.update(at(160));
    first.close();
    second.update(at(80));
    all.update(at(240, 320));
    board.close();
    const names = screenOf(stream.text).map((line) => line.replace(/ {2}train.* {2}(\d+\/\d+)$/, ' $1'));
    expect(names).toEqual(['first 160/160', 'all runs 240/320', 'second 80/160', '']);
    const { length } = stream.text;
    second.update(at(90));
    second.close();
    board.open('late').update(at(1));
    board.close();
    expect(stream.text.length).toBe(length);
  });

  test('no more bars than the terminal has lines; the next one when another ends', () => {
    const stream = keepingStream(true, 3);
    const board = openProgress(stream, false, () => 0);
    const [first, second, third] = ['first', 'second', 'third'].map(board.open);
    for (const display of [first, second, third]) display.update(at(40));
    first.close();
    expect(stream.text).not.toContain('third');
    third.update(at(41));
    board.close();
    expect(screenOf(stream.text).map((line) => line.split(' ')[0])).toEqual(['first', 'second', 'third', '']);
  });

  test('elsewhere each writes its own lines', () => {
    const stream = keepingStream(false);
    const board = openProgress(stream, false, () => 0);
    for (const name of ['first', 'second']) board.open(name).update(at(0));
    board.close();
    expect(stream.text).toBe('first  train  0%  0/160\nsecond  train  0%  0/160\n');
  });

  test('notes are lines with the key that changes it, one of a kind for all displays', () => {
    const noteOn = (tokens: number) =>
      ({
        text: `observations have up to ${tokens} tokens, 48 are kept`,
        key: 'maxStateTokens',
        value: tokens,
      }) as const;
    const end = at(1, 1, null, 'vocabulary');
    for (const terminal of [false, true]) {
      const stream = keepingStream(terminal);
      const board = openProgress(stream, false, () => 0);
      const [first, second] = [board.open('first'), board.open('second')];
      first.update(at(0, 1, null, 'vocabulary'));
      first.update({ ...end, notes: [noteOn(140)] });
      second.update({ ...end, notes: [noteOn(130)] });
      first.update(at(0));
      board.close();
      expect(screenOf(stream.text).filter((line) => line.includes('raise'))).toEqual([
        'first  observations have up to 140 tokens, 48 are kept; raise maxStateTokens (--set maxStateTokens=140)',
      ]);
    }
  });
});
