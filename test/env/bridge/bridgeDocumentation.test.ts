import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { collectTexts } from '../../../src/env/text/collectTexts.ts';
import { tokenized } from '../../../src/env/text/tokenized.ts';
import { buildVocabulary } from '../../../src/env/text/tokenizer.ts';
import { openTextBridge } from './openText.ts';

const page = readFileSync(new URL('../../../docs/bridge.md', import.meta.url), 'utf8');
const blocks = [...page.matchAll(/```(\w*)\n(.*?)```/gs)].map(([, language, text]) => ({ language, text }));
const program = blocks.find(({ language }) => language === 'python')?.text ?? '';
const session =
  blocks
    .find(({ text }) => text.startsWith('> '))
    ?.text.trimEnd()
    .split('\n') ?? [];
const lines = (mark: string): string =>
  session
    .filter((line) => line.startsWith(mark))
    .map((line) => `${line.slice(2)}\n`)
    .join('');

const python = process.env.UNBRAID_PYTHON ?? 'python3';
const hasPython = spawnSync(python, ['--version']).status === 0;
if (!hasPython) console.log(`skipped: the example of docs/bridge.md needs Python, and ${python} does not start`);

describe.skipIf(!hasPython)('the example of docs/bridge.md', () => {
  it('answers as the session shows', () => {
    const run = spawnSync(python, ['-c', program], { input: lines('> '), encoding: 'utf8' });
    expect(run.stderr).toBe('');
    expect(run.stdout).toBe(lines('< '));
    expect(session.length).toBe(10);
  });

  it('works as a bridge, and its requests are those the client sends', async () => {
    const recorder = 'import sys\nsys.stdin = Echo(sys.stdin)\n';
    const echo =
      'class Echo:\n    def __init__(self, lines):\n        self.lines = lines\n    def __iter__(self):\n        for line in self.lines:\n            print(line, end="", file=sys.stderr, flush=True)\n            yield line\n';
    const quit = 'sys.exit(3)\n';
    const bridge = await openTextBridge({
      name: 'corridor',
      command: python,
      args: ['-c', echo + recorder + program + quit],
    });
    const environment = bridge.create();
    const first = await environment.reset({ seed: 7, split: 'train' });
    expect(first.info.admissibleActions).toEqual(['go east', 'go west']);
    expect((await environment.step(0)).observation).toBe('You are at place 2.');
    expect((await environment.step(0)).reward).toBe(1);
    await environment.close?.();
    await bridge.close();
    // The failed end shows the program's standard error: the requests as they arrived.
    const failure = await Promise.resolve(environment.reset({ seed: 1, split: 'train' })).catch(
      (error: Error) => error,
    );
    expect((failure as Error).message).toBe(
      `bridge corridor: the bridge was closed; last lines of its stderr:\n${lines('> ').trimEnd()}`,
    );
  });

  it('is tokenised as the page says', async () => {
    const bridge = await openTextBridge({ name: 'corridor', command: python, args: ['-c', program] });
    const vocabulary = buildVocabulary(await collectTexts(bridge.create(), { episodes: 50, seed: 1 }));
    const environment = tokenized(bridge.create(), vocabulary);
    const step = await environment.reset({ seed: 1, split: 'out-of-domain' });
    const words = (step.observation as number[]).map((feature) => vocabulary.words[feature % vocabulary.words.length]);
    expect(words).toEqual(['<now>', 'you', 'are', 'at', 'place', '1', '.']);
    await bridge.close();
  });
});
