import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { openBridge } from '../../../src/env/bridge/bridge.node.ts';
import type { StartProgress } from '../../../src/env/bridge/messages.ts';
import { resolveBridge } from '../../../src/env/bridge/resolveBridge.node.ts';
import { type Split, splits, type TextEnvironment } from '../../../src/env/environment.ts';
import {
  expectHashesToNameStates,
  expectRepeatable,
  obstacleTo,
  playEpisode,
  returnOf,
  withBridge,
} from './packages.ts';

const coin = 'textworld:coin_collector?level=3&games=2';
const cooking = 'textworld:cooking?cook=true&games=1';
const missing = obstacleTo(coin);
if (missing !== undefined) console.log(`skipped: TextWorld; ${missing}`);

const games = splits.flatMap((split) => [0, 1].map((seed) => ({ seed, split })));

/** The names of the games in a cache folder, complete or not. */
const gamesIn = (cache: string): string[] => readdirSync(join(cache, 'unbraid', 'textworld')).sort();

async function versionOf(name: string, options = {}): Promise<string> {
  return withBridge(name, async ({ spec }) => spec.version, options);
}

describe.skipIf(missing !== undefined)('textworld:', { timeout: 180_000 }, () => {
  let cache: string;
  const made: StartProgress[] = [];
  beforeAll(async () => {
    cache = mkdtempSync(join(tmpdir(), 'unbraid-textworld-'));
    vi.stubEnv('XDG_CACHE_HOME', cache);
    await versionOf(coin, { onProgress: (progress: StartProgress) => made.push(progress) });
  }, 180_000);
  afterEach(() => vi.stubEnv('XDG_CACHE_HOME', cache));
  afterAll(() => {
    vi.unstubAllEnvs();
    rmSync(cache, { recursive: true });
  });

  it('reports each game that it makes, and makes none again', async () => {
    expect(made.map(({ done, total }) => [done, total])).toEqual([0, 1, 2, 3, 4, 5, 6].map((done) => [done, 6]));
    const folder = join(cache, 'unbraid', 'textworld');
    expect(new Set(made.map(({ text }) => text))).toEqual(new Set([`TextWorld makes 6 games in ${folder}`]));
    const again: StartProgress[] = [];
    await versionOf(coin, { onProgress: (progress: StartProgress) => again.push(progress) });
    expect(again).toEqual([]);
    expect(gamesIn(cache).map((name) => name.replace(/^coin_collector-[0-9a-f]{12}-/, ''))).toEqual([
      '1',
      '2',
      '3',
      '4',
      '5',
      '6',
    ]);
  });

  it('makes the same games in another folder, in two processes at once, after an interrupted start', async () => {
    const version = await versionOf(coin);
    const other = mkdtempSync(join(tmpdir(), 'unbraid-textworld-'));
    try {
      vi.stubEnv('XDG_CACHE_HOME', other);
      mkdirSync(join(other, 'unbraid', 'textworld', 'making-abc'), { recursive: true });
      expect(await versionOf(coin, { processes: 2 })).toBe(version);
      expect(gamesIn(other)).toEqual([...gamesIn(cache), 'making-abc'].sort());
    } finally {
      rmSync(other, { recursive: true });
    }
  });

  it('plays the same episodes for ever; states are named by their hash; a coin ends a game with return 1', async () => {
    const episodes = await expectRepeatable(coin, games);
    expect(expectHashesToNameStates(episodes)).toBeGreaterThan(0);
    const solved = episodes.filter((steps) => steps.at(-1)?.terminated);
    expect(solved.length).toBeGreaterThan(3);
    expect(solved.every((steps) => returnOf(steps) === 1)).toBe(true);
  });

  it('takes the seed modulo the games of the split, and each split from games of its own', async () => {
    await withBridge(coin, async (bridge) => {
      const environment = bridge.create() as TextEnvironment;
      const goalOf = async (seed: number, split: Split): Promise<string> =>
        (await environment.reset({ seed, split })).observation;
      expect(await goalOf(2 ** 53 - 1, 'train')).toBe(await goalOf(1, 'train'));
      const goals = new Set<string>();
      for (const { seed, split } of games) goals.add(await goalOf(seed, split));
      expect(goals.size).toBe(6);
    });
  });

  it('names each step of the goal, or with goal=brief only the last', async () => {
    const first = async (name: string): Promise<string> =>
      withBridge(name, async (bridge) => {
        const { observation, info } = await (bridge.create() as TextEnvironment).reset({ seed: 0, split: 'train' });
        expect(info.admissibleActions).not.toContain('look');
        expect(info.admissibleActions).not.toContain('inventory');
        return observation;
      });
    const steps = /\b(north|south|east|west)\b/g;
    const goal = (observation: string): string => observation.split('\n').at(-1) ?? '';
    expect(goal(await first(coin)).match(steps)).toHaveLength(2);
    const brief = goal(await first('textworld:coin_collector?level=3&games=1&goal=brief'));
    expect(brief).toContain('coin');
    expect(brief.match(steps)).toBe(null);
  });

  it('cooks with the food of the split, and can fail', async () => {
    await withBridge(cooking, async (bridge) => {
      const text = bridge.hello.splits?.['out-of-domain'];
      expect(text).toBe("1 games with TextWorld's test food and preparations; seeds 3 i + 3");
      const longer = await playEpisode(bridge.create(), { seed: 4, split: 'train' });
      expect(expectHashesToNameStates([longer])).toBeGreaterThan(3);
      // The status line of the game has the number of turns, so it would tell equal states apart.
      expect(longer.filter(({ observation }) => /=-\d+\/\d+/.test(String(observation)))).toEqual([]);
      const steps = await Promise.all(splits.map((split) => playEpisode(bridge.create(), { seed: 2, split })));
      for (const episode of steps) expect(episode[0].observation).toContain('You are hungry!');
      expect(new Set(steps.map(([{ observation }]) => observation)).size).toBe(3);
      expect(steps.every((episode) => returnOf(episode) >= 0 && returnOf(episode) <= 1)).toBe(true);
      expect(steps.flat().some(({ reward }) => reward > 0)).toBe(true);
    });
  });

  it.each([
    ['textworld:chess', 'challenge must be one of coin_collector, treasure_hunter, cooking, got chess'],
    ['textworld:coin_collector?level=0', 'level must be an integer in [1, 300], got 0; choose another'],
    ['textworld:coin_collector?level=300&games=1', 'games with more than 100 rooms are not supported'],
    ['textworld:cooking?take=2', 'take must be at most recipe = 1, got 2; lower it'],
    ['textworld:cooking?level=2', 'unknown parameter level; choose from games, goal, recipe, take'],
  ])('refuses %s', async (name, problem) => {
    await expect(openBridge(resolveBridge(name))).rejects.toThrow(problem);
  });
});
