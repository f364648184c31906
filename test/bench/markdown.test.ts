import { expect, test } from 'vitest';
import { between, markdownTable } from '../../bench/markdown.ts';

test('only what is between the markers of that name is replaced', () => {
  const other = '<!-- other:start -->\nkept\n<!-- other:end -->\n';
  const text = `before\n<!-- performance:start -->\nold\n<!-- performance:end -->\n${other}after\n`;
  expect(between(text, 'performance', 'new')).toBe(text.replace('old', 'new'));
  expect(() => between(other, 'performance', 'new')).toThrow(
    'between: the text must hold <!-- performance:start --> and then <!-- performance:end -->, got neither in order; add both lines',
  );
});

test('a table: the first column to the left, numbers to the right', () => {
  expect(markdownTable(['what', 'x'], [['a', '1']])).toBe('| what | x |\n|---|---:|\n| a | 1 |');
});
