import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** Writes the URL of each module of a file to stderr when it is loaded. */
const hook = `import { registerHooks } from 'node:module';
import { writeSync } from 'node:fs';
registerHooks({ load(url, context, next) {
  if (url.startsWith('file:')) writeSync(2, url + '\\n');
  return next(url, context);
} });`;

/** The files that a command line loads, as paths below the root of the repository. */
function loadedBy(args: readonly string[]): string[] {
  const hooked = `data:text/javascript,${encodeURIComponent(hook)}`;
  const command = `"${process.execPath}" --import "${hooked}" "${main}" ${args.join(' ')} 2>&1 >/dev/null`;
  const root = new URL('../../', import.meta.url).href;
  const lines = execFileSync('sh', ['-c', command], { encoding: 'utf8' }).split('\n');
  return lines.filter((line) => line.startsWith(root)).map((line) => line.slice(root.length));
}

test('help loads neither the training loop, charts nor bridges', () => {
  const files = loadedBy(['--help']);
  expect(files).toContain('src/cli/program.ts');
  const heavy =
    /^src\/(train\/trainer|rollout|engine\/(learn|layers|policy)|coupling|report\/draw\/chart|env\/bridge)|echarts|zrender/;
  expect(files.filter((file) => heavy.test(file))).toEqual([]);
});
