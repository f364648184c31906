import { expect, test } from 'vitest';
import { visible } from '../src/visible.ts';

test('what a terminal would obey or not show is written out; all else stays', () => {
  expect(visible('\u001b]0;title\u0007 a\r\n\tb\u0000\u007f\u009b31m')).toBe(
    '\\u{1b}]0;title\\u{7} a\\u{d}\\n\\tb\\u{0}\\u{7f}\\u{9b}31m',
  );
  expect(visible('\u202egpj.exe\u200b\u2028\ud800')).toBe('\\u{202e}gpj.exe\\u{200b}\\u{2028}\\u{d800}');
  expect(visible('größer als 3 – “日本” 😀 \\n')).toBe('größer als 3 – “日本” 😀 \\n');
});
