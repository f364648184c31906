import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveBridge } from '../../../src/env/bridge/resolveBridge.node.ts';
import type { Environment, Features, Split, TextEnvironment, TextStep } from '../../../src/env/environment.ts';
import { collectTexts } from '../../../src/env/text/collectTexts.ts';
import { tokenized } from '../../../src/env/text/tokenized.ts';
import { buildVocabulary } from '../../../src/env/text/tokenizer.ts';
import { textHash } from '../../../src/env/textHash.ts';
import { randomStream } from '../../../src/random.ts';
import { openTextBridge, type TextBridge } from './openText.ts';

function whyNot(): string | undefined {
  try {
    resolveBridge('textworld-express/coin');
  } catch (error) {
    return (error as Error).message;
  }
}
const missing = whyNot();
if (missing !== undefined) console.log(`skipped: TextWorldExpress; ${missing}`);

/** Plays one episode with uniformly random actions; the steps, and the state hash at each. */
async function play(
  environment: TextEnvironment,
  seed: number,
  split: Split,
): Promise<(TextStep & { hash?: number })[]> {
  const random = randomStream(seed, 'test/play');
  const steps: (TextStep & { hash?: number })[] = [];
  let step = await environment.reset({ seed, split });
  for (;;) {
    const hash = environment.stateHash?.();
    steps.push({ ...step, ...(hash !== undefined && { hash }) });
    if (step.terminated || step.truncated) return steps;
    step = await environment.step(random.below(step.info.admissibleActions.length));
  }
}
const returnOf = (steps: readonly TextStep[]): number => steps.reduce((sum, step) => sum + step.reward, 0);

describe.skipIf(missing !== undefined)('textworld-express/coin', () => {
  let bridge: TextBridge;
  beforeAll(async () => {
    bridge = await openTextBridge(resolveBridge('textworld-express/coin?numLocations=5'));
  });
  afterAll(() => bridge?.close());

  it('describes itself', () => {
    const name = 'textworld-express/coin?numLocations=5';
    const packages = { 'textworld-express': '1.1.0' };
    expect(bridge.spec).toEqual({ name, version: '1.1.0+1', maxSteps: 50, hasExpert: false, packages });
  });

  it('plays the same episodes for ever, alone or among others', async () => {
    const alone = await play(bridge.create(), 3, 'train');
    const others = Array.from({ length: 6 }, (_, i) => play(bridge.create(), i, i % 2 === 0 ? 'train' : 'in-domain'));
    const among = await play(bridge.create(), 3, 'train');
    await Promise.all(others);
    expect(among).toEqual(alone);
    const text = alone.map((step) => [step.observation, step.reward, ...step.info.admissibleActions].join('\n'));
    expect(textHash(text.join('\n'))).toBe(1353248314181426);
  });

  it('takes the seed modulo the 1000 games of the fold, and each split from a fold of its own', async () => {
    const environment = bridge.create();
    const first = async (seed: number, split: Split) => (await environment.reset({ seed, split })).observation;
    expect(await first(1007, 'train')).toBe(await first(7, 'train'));
    expect(await first(2 ** 53 - 1, 'train')).toBe(await first((2 ** 53 - 1) % 1000, 'train'));
    const looks = [];
    for (const split of ['train', 'in-domain', 'out-of-domain'] as const) {
      const games = [];
      for (let seed = 0; seed < 10; seed++) games.push(await first(seed, split));
      looks.push(games.join());
    }
    expect(new Set(looks).size).toBe(3);
  });

  it('observes place and inventory, and offers no action that only repeats them', async () => {
    const episodes = await Promise.all(Array.from({ length: 20 }, (_, seed) => play(bridge.create(), seed, 'train')));
    for (const step of episodes.flat()) {
      expect(step.observation).toMatch(/^You are in the .*\nInventory/s);
      const actions = step.info.admissibleActions;
      expect(actions.filter((action) => ['look around', 'inventory', 'task'].includes(action))).toEqual([]);
      expect(actions).toEqual([...new Set(actions)].sort());
    }
    const shut = episodes
      .flat()
      .filter((step) => step.observation.endsWith("You can't move there, the door is closed."));
    expect(shut.length).toBeGreaterThan(0);
  });

  it('ends by success with return 1 or after 50 steps with return 0', async () => {
    const episodes = await Promise.all(
      Array.from({ length: 40 }, (_, seed) => play(bridge.create(), seed, 'out-of-domain')),
    );
    const solved = episodes.filter((steps) => returnOf(steps) === 1);
    expect(solved.every((steps) => steps.at(-1)?.terminated)).toBe(true);
    expect(solved.length).toBeGreaterThan(10);
    const rest = episodes.filter((steps) => returnOf(steps) !== 1);
    expect(rest.every((steps) => returnOf(steps) === 0 && steps.length === 51 && steps.at(-1)?.truncated)).toBe(true);
    expect(rest.length).toBeGreaterThan(5);
  });

  it('finds the same state again after a step there and back, whatever the last action said', async () => {
    const hashes = (await play(bridge.create(), 3, 'train')).map((step) => step.hash);
    const texts = (await play(bridge.create(), 3, 'train')).map((step) => step.observation);
    expect(new Set(hashes).size).toBeLessThan(new Set(texts).size);
    expect(new Set(hashes).size).toBeGreaterThan(5);
  });

  it('can be explored by the memory marks of the tokens alone: 30 of 30 games, where random play solves fewer', async () => {
    const vocabulary = buildVocabulary(await collectTexts(bridge.create(), { episodes: 10, seed: 1 }));
    const rank = (action: Features): number => {
      const words = action.map((feature) => vocabulary.words[feature % vocabulary.words.length]);
      if (words[1] === 'take' && words[2] === 'coin') return -1;
      return words[1] === 'close' ? 3 : ['<new>', '<once>', '<more>'].indexOf(words[0]);
    };
    const solves = async (environment: Environment, seed: number, useMarks: boolean): Promise<boolean> => {
      const random = randomStream(seed, 'test/explore');
      let step = await environment.reset({ seed, split: 'out-of-domain' });
      while (!step.terminated && !step.truncated) {
        const ranks = (step.info.admissibleActions as Features[]).map(useMarks ? rank : () => 0);
        const best = ranks.flatMap((value, action) => (value === Math.min(...ranks) ? [action] : []));
        step = await environment.step(best[random.below(best.length)]);
      }
      return step.terminated;
    };
    for (const [useMarks, least, most] of [
      [true, 30, 30],
      [false, 10, 25],
    ] as const) {
      const games = Array.from({ length: 30 }, (_, seed) =>
        solves(tokenized(bridge.create(), vocabulary), seed, useMarks),
      );
      const solved = (await Promise.all(games)).filter(Boolean).length;
      expect(solved).toBeGreaterThanOrEqual(least);
      expect(solved).toBeLessThanOrEqual(most);
    }
  });
});

describe.skipIf(missing !== undefined)('textworld-express', () => {
  it('counts failure as score 0', async () => {
    const bridge = await openTextBridge(resolveBridge('textworld-express/simonsays'));
    const episodes = await Promise.all(Array.from({ length: 30 }, (_, seed) => play(bridge.create(), seed, 'train')));
    await bridge.close();
    expect(episodes.every((steps) => steps.at(-1)?.terminated && returnOf(steps) === 0)).toBe(true);
    expect(episodes.some((steps) => steps.some((step) => step.reward < 0))).toBe(true);
  });

  it('shows the task of mapreader, which differs by game', async () => {
    const bridge = await openTextBridge(resolveBridge('textworld-express/mapreader'));
    const { observation } = await bridge.create().reset({ seed: 0, split: 'train' });
    await bridge.close();
    expect(observation).toMatch(/\nYour task is to take the coin that is located in the [^\n]*$/);
  });

  it.each([
    ['chess', 'Unknown game (chess).'],
    ['coin?rooms=3', 'Unrecognized property name (rooms).'],
    ['sorting', 'sorting is not offered, because its games share objects inside one Java process; choose another game'],
  ])('refuses %s', async (game, problem) => {
    const name = `textworld-express/${game}`;
    const opening = openTextBridge(resolveBridge(name));
    await expect(opening).rejects.toThrow(problem);
    await expect(opening).rejects.toThrow(`bridge ${name}: textworld-express: `);
  });

  it('reports that Java is missing', () => {
    const { command, args } = resolveBridge('textworld-express/coin');
    const check = spawnSync(command, [...args.slice(0, -1), '--check'], {
      encoding: 'utf8',
      env: { ...process.env, PATH: '' },
    });
    expect(check.stdout).toBe(
      'textworld-express: Java is missing; run: sudo apt-get install default-jre-headless (Debian, Ubuntu) or brew install openjdk (macOS), or see https://adoptium.net',
    );
  });
});
