/** The commands that the pages show: their options and values, without running them. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { buildProgram } from '../../src/cli/program.ts';
import { runProgram } from '../../src/cli/shared/commandShell.ts';
import { unbraid } from '../cli/fakeEngine.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).filter((path) =>
  path.endsWith('.md'),
);
const pages = ['README.md', ...docs.sort().map((path) => `docs/${path}`)];

/** Words of a line of shell, without quotes and comments. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/\s*(?:(#.*)|((?:"[^"]*"|'[^']*'|[^\s"'#])[^\s"']*(?:"[^"]*"|'[^']*')?))/g)].flatMap(
    ([, , word]) => (word ? [word.replaceAll(/["']/g, '')] : []),
  );

/** `npx unbraid ...` in blocks of shell, as words, with its page. */
function commandsOf(page: string): { page: string; args: string[] }[] {
  const blocks = [...readFileSync(join(root, page), 'utf8').matchAll(/^ *```sh\n([\s\S]*?)^ *```$/gm)];
  const lines = blocks.flatMap(([, code]) => code.replaceAll(/\\\n\s*/g, ' ').split('\n'));
  return lines
    .filter((line) => /^\s*npx unbraid /.test(line))
    .map((line) => ({ page, args: wordsOf(line.replace(/^\s*npx unbraid /, '')) }));
}

const everyCommand = (command: Command): Command[] => [command, ...command.commands.flatMap(everyCommand)];

/** The error of a command line, without running the command. */
async function parseError(args: readonly string[]): Promise<string> {
  let text = '';
  const stream = { write: (part: string) => (text += part) };
  const host = {
    ...{ stdout: stream, stderr: stream, env: {}, signal: new AbortController().signal, cores: 1 },
    openCrew: async () => {
      throw new Error('no command runs here');
    },
  };
  const program = buildProgram(host, '0.1.0', async () => {
    throw new Error('no command runs here');
  });
  for (const command of everyCommand(program)) if (command.commands.length === 0) command.action(() => {});
  return (await runProgram(program, args, host)) === 0 ? '' : text;
}

test('words of a command line', () => {
  expect(wordsOf(`train --env "exec:python3 a.py" --set 'a=1' --x y # a comment`)).toEqual([
    ...['train', '--env', 'exec:python3 a.py', '--set', 'a=1', '--x', 'y'],
  ]);
});

test('every command of README and docs has options that exist and values that they accept', async () => {
  const commands = pages.flatMap(commandsOf);
  expect(commands.length).toBeGreaterThan(50);
  expect(await parseError(['train', '--iterrations', '3'])).toContain('--iterrations');
  const errors: unknown[] = [];
  for (const { page, args } of commands) {
    const error = await parseError(args);
    if (error !== '') errors.push([page, args.join(' '), error]);
  }
  expect(errors).toEqual([]);
});

test('the settings of train on the pages for newcomers are valid', async () => {
  const newcomers = pages.filter((page) => /docs\/(faq|tutorial|first-steps)/.test(page));
  const trained = newcomers.flatMap(commandsOf).filter(({ args }) => args[0] === 'train' && !args.includes('--resume'));
  expect(trained.length).toBeGreaterThan(8);
  const folder = mkdtempSync(join(tmpdir(), 'unbraid-commands-'));
  try {
    for (const [i, { page, args }] of trained.entries()) {
      const { code, stderr } = await unbraid([...args, '--out', join(folder, String(i))]);
      expect([page, args.join(' '), code === 0 ? '' : stderr]).toEqual([page, args.join(' '), '']);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
