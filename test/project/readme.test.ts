import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The README's code block in `language` that holds `words`. */
function block(language: string, words: string): string {
  const readme = readFileSync(`${root}/README.md`, 'utf8');
  const blocks = [...readme.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))].map(
    (match) => match[1],
  );
  const found = blocks.find((text) => text.includes(words));
  if (!found) throw new Error(`README.md has no ${language} block with ${words}`);
  return found;
}

// The package imports itself by its name, so this runs what `npm ci` built.
test("the README's example runs and prints the numbers shown", { timeout: 300_000 }, () => {
  const code = block('js', "from 'unbraid'");
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(stdout).toBe(block('text', 'plain out-of-domain'));
});
