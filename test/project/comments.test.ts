/** Comment lines of all source files are at most 120 columns long. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folders = ['assembly', 'bench', 'examples', 'scripts', 'src', 'test', 'workers'];

/** Longer lines that are comments. An address cannot be broken, and the output that an example states may be longer. */
function longComments(text: string): string[] {
  const [code] = text.split('\n// Output:\n');
  return code.split('\n').filter((line) => line.length > 120 && /^\s*(\/\/|\/?\*)/.test(line) && !/https?:/.test(line));
}

test('the rule finds long comments and no others', () => {
  const long = 'x'.repeat(120);
  expect(
    longComments(`// ${long}\n/** ${long} */\n * ${long}\nconst a = '${long}';\n// https://${long}\n// short`),
  ).toEqual([`// ${long}`, `/** ${long} */`, ` * ${long}`]);
});

test('comment lines are at most 120 columns long', () => {
  const files = execFileSync('git', ['ls-files', ...folders], { cwd: root, encoding: 'utf8' });
  const sources = files.split('\n').filter((path) => path.endsWith('.ts'));
  expect(sources.length).toBeGreaterThan(500);
  const long = sources.flatMap((path) =>
    longComments(readFileSync(root + path, 'utf8')).map((line) => `${path}: ${line}`),
  );
  expect(long).toEqual([]);
});
