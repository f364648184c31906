import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { configTable } from '../../../src/config/config.ts';
import { labelSources } from '../../../src/config/labelNames.ts';
import { methodTerms } from '../../../src/config/method.ts';
import { studies } from '../../../src/study/studies.ts';
import { unbraid } from '../fakeEngine.ts';

const studyNames = studies.map(({ name }) => name);
const commands = [
  ...['train', 'compare', 'coupling', 'danger', 'eval', 'random', 'verify', 'study', 'sweep', 'worker', 'gateway'],
  ...['profile', 'bridge', 'list', 'completion'],
];
const keys = configTable.map(({ key }) => `${key}=`);

let directory: string;
const scripts = new Map<string, string>();

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'unbraid-completion-'));
  mkdirSync(join(directory, 'runs dir'));
  writeFileSync(join(directory, 'receipt.json'), '');
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { code, stdout, stderr } = await unbraid(['completion', shell], { studies: async () => studies });
    expect([code, stderr]).toEqual([0, '']);
    scripts.set(shell, join(directory, `script.${shell}`));
    writeFileSync(join(directory, `script.${shell}`), stdout);
  }
});
afterAll(() => rmSync(directory, { recursive: true }));

function has(shell: string): boolean {
  return spawnSync(shell, ['-c', 'true']).status === 0;
}

function outputOf(shell: string, ...args: string[]): string[] {
  const lines = execFileSync(shell, args, { cwd: directory, encoding: 'utf8' }).split('\n');
  return lines.filter((line) => line !== '');
}

/** What bash offers for the last of these words; `=` is a word of its own, as bash splits a line. */
function inBash(...words: string[]): string[] {
  const call = `source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _unbraid; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return outputOf('bash', '-c', call, scripts.get('bash') as string, 'unbraid', ...words);
}

/** What fish offers at the end of this line, without descriptions. */
function inFish(line: string): string[] {
  const call = `source ${scripts.get('fish')}; complete -C '${line}'`;
  return outputOf('fish', '--no-config', '-c', call).map((found) => found.split('\t')[0]);
}

/**
 * The lines as zsh completes them after a Tab at the end of each, typed into an interactive shell on a terminal of
 * its own.
 */
function inZsh(...lines: readonly string[]): string[] {
  const typed = lines.map(
    (line) => `zpty -w shell '${line}'$'\\t'\nzpty -r shell found "*GOT:*:TOG*" && print -r -- $found`,
  );
  const call = `
zmodload zsh/zpty
zpty shell 'zsh -f -i'
zpty -w shell 'PS1=; unsetopt zle_bracketed_paste; autoload -Uz compinit; compinit -u -D; source ${scripts.get('zsh')}'
zpty -w shell 'unbraid() { print -r -- "GOT""":$*:TOG }'
${typed.join('\n')}
zpty -d shell
`;
  const found = outputOf('zsh', '-f', '-c', call).join('\n');
  return [...found.matchAll(/GOT:(.*?):TOG/g)].map(([, words]) => words);
}

describe.skipIf(!has('bash'))('bash', () => {
  test('the script has no syntax error and prints nothing when it is loaded', () => {
    expect(outputOf('bash', '-n', scripts.get('bash') as string)).toEqual([]);
    expect(outputOf('bash', scripts.get('bash') as string)).toEqual([]);
  });

  test('commands and options', () => {
    expect(inBash('')).toEqual([...commands, 'help', '--help', '--version']);
    expect(inBash('co')).toEqual(['compare', 'coupling', 'completion']);
    expect(inBash('eval', '-')).toEqual([
      '--split',
      '--episodes',
      '--allow-exec',
      '--workers',
      '--wide',
      '--json',
      '--help',
    ]);
    expect(inBash('train', '--seed', '3', '--l')).toEqual(['--labels']);
    expect(inBash('train', '--set', 'beta', '=', '1', '--w')).toEqual(['--workers', '--wide']);
  });

  test('values of options', () => {
    const environments = ['household', 'crafting', 'look-alike', 'bandit', 'textworld-express/'];
    for (const command of ['train', 'compare', 'profile']) expect(inBash(command, '--env', '')).toEqual(environments);
    expect(inBash('train', '--labels', '')).toEqual(labelSources);
    expect(inBash('train', '--labels', '=', 'g')).toEqual(['graph']);
    expect(inBash('train', '--labels', '=')).toEqual(labelSources);
    expect(inBash('train', '--policy', 'm')).toEqual(['mlp']);
    expect(inBash('danger', '--labels', '')).toEqual(['advantage', 'oracle', 'shuffled']);
    expect(inBash('compare', '--preset', '')).toEqual(['quick']);
    expect(inBash('train', '--set', '')).toEqual(keys);
    expect(inBash('compare', '--set', 'evalE')).toEqual(['evalEpisodes=', 'evalEvery=']);
    expect(inBash('train', '--seed', '')).toEqual([]);
  });

  test('terms of a method, each once', () => {
    expect(inBash('train', '--method', '')).toEqual(methodTerms);
    expect(inBash('train', '--method', 'cl')).toEqual(['classifier', 'cloning']);
    expect(inBash('train', '--method', 'classifier+c')).toEqual(['classifier+contrastive', 'classifier+cloning']);
    expect(inBash('train', '--method', '=', 'ppo+cloning+cl')).toEqual(['ppo+cloning+classifier']);
  });

  test('arguments: studies, kinds, shells, commands, files and folders', () => {
    expect(inBash('study', '')).toEqual(studyNames);
    expect(inBash('study', '--seeds', '3', 'th')).toEqual(['theory']);
    expect(inBash('study', 'theory', '')).toEqual([]);
    expect(inBash('list', '')).toEqual(['envs', 'methods', 'labels', 'studies']);
    expect(inBash('completion', '')).toEqual(['bash', 'zsh', 'fish']);
    expect(inBash('help', 'ev')).toEqual(['eval']);
    expect(inBash('eval', 'r')).toEqual(['runs dir']);
    expect([...inBash('verify', 'r')].sort()).toEqual(['receipt.json', 'runs dir']);
    expect([...inBash('sweep', 'r')].sort()).toEqual(['receipt.json', 'runs dir']);
    expect(inBash('train', '--config', 're')).toEqual(['receipt.json']);
    expect(inBash('train', '--resume', 'r')).toEqual(['runs dir']);
  });
});

describe.skipIf(!has('fish'))('fish', () => {
  test('commands, options, values and arguments', () => {
    expect(outputOf('fish', '--no-execute', scripts.get('fish') as string)).toEqual([]);
    expect(inFish('unbraid ').sort()).toEqual([...commands, 'help'].sort());
    expect(inFish('unbraid train --l')).toEqual(['--labels']);
    expect(inFish('unbraid train --labels ').sort()).toEqual([...labelSources].sort());
    expect(inFish('unbraid train --labels=gr')).toEqual(['--labels=graph']);
    expect(inFish('unbraid train --env ho')).toEqual(['household']);
    expect(inFish('unbraid train --method classifier+clo')).toEqual(['classifier+cloning']);
    expect(inFish('unbraid compare --set evalE').sort()).toEqual(['evalEpisodes=', 'evalEvery=']);
    expect(inFish('unbraid study ').sort()).toEqual([...studyNames].sort());
    expect(inFish('unbraid list l')).toEqual(['labels']);
    expect(inFish('unbraid train --resume r')).toEqual(['runs dir/']);
    expect(inFish('unbraid train --config re')).toEqual(['receipt.json']);
  });
});

describe.skipIf(!has('zsh'))('zsh', () => {
  test('commands, options, values and arguments', () => {
    expect(outputOf('zsh', '-n', scripts.get('zsh') as string)).toEqual([]);
    expect(
      inZsh(
        ...['unbraid trai', 'unbraid train --lab', 'unbraid train --labels gr', 'unbraid train --labels=gr'],
        ...['unbraid train --method classifier+clon', 'unbraid train --set numGen', 'unbraid compare --env text'],
        ...['unbraid study theo', 'unbraid list lab', 'unbraid verify rec', 'unbraid eval run'],
      ),
    ).toEqual([
      ...['train', 'train --labels', 'train --labels graph', 'train --labels=graph'],
      ...['train --method classifier+cloning', 'train --set numGenerations=', 'compare --env textworld-express/'],
      ...['study theory', 'list labels', 'verify receipt.json', 'eval runs dir'],
    ]);
  }, 30_000);
});
