import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkBridge } from '../../../src/cli/bridge/checkBridge.ts';
import { checkNames } from '../../../src/cli/bridge/findings.ts';
import { type Bridge, type BridgeOptions, openBridge } from '../../../src/env/bridge/bridge.node.ts';
import { collectTexts } from '../../../src/env/text/collectTexts.ts';
import { tokenized } from '../../../src/env/text/tokenized.ts';
import { buildVocabulary } from '../../../src/env/text/tokenizer.ts';
import { openTextBridge } from './openText.ts';

const page = readFileSync(new URL('../../../docs/bridge.md', import.meta.url), 'utf8');
const blocks = [...page.matchAll(/```(\w*)\n(.*?)```/gs)].map(([, language, text]) => ({ language, text }));
const [program, program2] = blocks.filter(({ language }) => language === 'python').map(({ text }) => text);
const [session, session2] = blocks
  .filter(({ text }) => text.startsWith('> '))
  .map(({ text }) => text.trimEnd().split('\n'));
const lines = (mark: string, of = session): string =>
  of
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

  it('of version 2 answers as the session shows', () => {
    const run = spawnSync(python, ['-c', program2], { input: lines('> ', session2), encoding: 'utf8' });
    expect(run.stderr).toBe('');
    expect(run.stdout).toBe(lines('< ', session2));
    expect(session2.length).toBe(8);
  });

  /** Opens a program that writes the requests that it receives to its standard error, and exits with code 3. */
  const openEcho = (text: string, maxSteps: number | null): Promise<Bridge> => {
    const recorder = 'import sys\nsys.stdin = Echo(sys.stdin)\n';
    const echo =
      'class Echo:\n    def __init__(self, lines):\n        self.lines = lines\n    def __iter__(self):\n        for line in self.lines:\n            print(line, end="", file=sys.stderr, flush=True)\n            yield line\n';
    const quit = 'sys.exit(3)\n';
    return openBridge({ name: 'corridor', command: python, args: ['-c', echo + recorder + text + quit], maxSteps });
  };

  it('works as a bridge, and its requests are those the client sends', async () => {
    const bridge = await openEcho(program, null);
    const environment = bridge.create();
    const first = await environment.reset({ seed: 7, split: 'train' });
    expect(first.info.admissibleActions).toEqual(['go east', 'go west']);
    expect((await environment.step(0)).observation).toBe('You are at place 2.');
    expect((await environment.step(0)).reward).toBe(1);
    await environment.close?.();
    await bridge.close();
    // The failed end shows the program's standard error: the requests as they arrived.
    await expect(environment.reset({ seed: 1, split: 'train' })).rejects.toThrow(
      `bridge corridor: the bridge was closed; last lines of its stderr:\n${lines('> ').trimEnd()}`,
    );
  });

  it('of version 2 works as a bridge, and its requests are those the client sends', async () => {
    const bridge = await openEcho(program2, 4);
    const [one, other] = [bridge.create(), bridge.create()];
    await Promise.all([one.reset({ seed: 0, split: 'train' }), other.reset({ seed: 5, split: 'train' })]);
    const [step, last] = await Promise.all([one.step(0), other.step(1)]);
    expect([step.observation, last.reward]).toEqual([Float32Array.of(1, 0.25), 1]);
    await other.close?.();
    await bridge.close();
    await expect(one.reset({ seed: 1, split: 'train' })).rejects.toThrow(
      `bridge corridor: the bridge was closed; last lines of its stderr:\n${lines('> ', session2).trimEnd()}`,
    );
  });

  it.each([1, 2])('of version %i passes unbraid bridge check', async (version) => {
    const text = version === 1 ? program : program2;
    const open = (how: Partial<BridgeOptions>): Promise<Bridge> =>
      openBridge({ name: 'corridor', command: python, args: ['-c', text], ...how });
    const { signal } = new AbortController();
    const { findings } = await checkBridge(open, { seed: 1, episodes: 2, signal, onProgress: () => {} });
    const other = findings.filter(({ result }) => result !== 'ok').map(({ check, result }) => [check, result]);
    const ofVersion2 = [
      ['stepMany', 'not run'],
      ['step limit', 'not run'],
    ];
    // These programs have the same episodes on all splits.
    expect(other).toEqual([...(version === 1 ? ofVersion2 : []), ['splits', 'warning']]);
  });

  it('the page lists every check of unbraid bridge check', () => {
    for (const name of checkNames) expect(page).toContain(`\`${name}\``);
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
