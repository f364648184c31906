import { describe, expect, it } from 'vitest';
import { openBridge } from '../../../src/env/bridge/bridge.node.ts';
import { resolveBridge } from '../../../src/env/bridge/resolveBridge.node.ts';
import { splits, type TextEnvironment } from '../../../src/env/environment.ts';
import { randomStream } from '../../../src/random.ts';
import {
  expectHashesToNameStates,
  expectRepeatable,
  obstacleTo,
  type Played,
  playEpisode,
  returnOf,
  withBridge,
} from './packages.ts';

const missing = obstacleTo('minigrid:BabyAI-GoToLocal-v0');
if (missing !== undefined) console.log(`skipped: MiniGrid; ${missing}`);

const games = splits.flatMap((split) => [0, 5, 2 ** 53 - 1].map((seed) => ({ seed, split })));
const colours = ['red', 'green', 'blue', 'purple', 'yellow', 'grey'];
const kinds = ['box', 'ball', 'key', 'door'];

/** The missions of the first 60 episodes of each split. */
async function missionsOf(name: string): Promise<Set<string>[]> {
  return withBridge(name, async (bridge) => {
    const environment = bridge.create() as TextEnvironment;
    const found = splits.map(() => new Set<string>());
    for (const [i, split] of splits.entries()) {
      for (let seed = 0; seed < 60; seed++) {
        const { observation } = await environment.reset({ seed, split });
        found[i].add(/^Mission: (.*?)\. You face/.exec(observation)?.[1] ?? '');
      }
    }
    return found;
  });
}

/** The hashes of the first states of the first 60 episodes of each split. */
async function startsOf(name: string): Promise<Set<number>[]> {
  return withBridge(name, async (bridge) => {
    const environment = bridge.create();
    const found = splits.map(() => new Set<number>());
    for (const [i, split] of splits.entries()) {
      for (let seed = 0; seed < 60; seed++) {
        await environment.reset({ seed, split });
        found[i].add(environment.stateHash?.() ?? -1);
      }
    }
    return found;
  });
}

/** Random play that ends by success exactly where the last reward is above 0. */
function expectSuccess(episodes: readonly (readonly Played[])[]): number {
  for (const steps of episodes) {
    const last = steps.at(-1);
    expect(last?.success).toBe((last?.reward ?? 0) > 0);
    expect(last?.terminated || !last?.success).toBe(true);
    expect(steps.slice(0, -1).every(({ reward }) => reward === 0)).toBe(true);
  }
  return episodes.filter((steps) => steps.at(-1)?.success).length;
}

describe.skipIf(missing !== undefined)('minigrid: as text', () => {
  it('describes itself, with the versions of the packages', async () => {
    await withBridge('minigrid:BabyAI-GoToLocal-v0', async ({ spec, hello, form }) => {
      expect([form, spec.maxSteps, spec.success]).toEqual(['text', 64, 'step']);
      expect(Object.keys(spec.packages ?? {})).toEqual(['gymnasium', 'minigrid', 'numpy']);
      expect(hello.splits?.['out-of-domain']).toMatch(/^missions whose number is 0: /);
    });
  });

  it('holds out pairs of colour and kind by (colour + kind) mod 3; each word is in missions of both sides', async () => {
    const [train, inDomain, outOfDomain] = await missionsOf('minigrid:BabyAI-GoToLocal-v0');
    const pairOf = (mission: string): number[] => {
      const words = mission.split(' ');
      return [colours.findIndex((word) => words.includes(word)), kinds.findIndex((word) => words.includes(word))];
    };
    const isHeldOut = (mission: string): boolean => pairOf(mission).reduce((sum, index) => sum + index) % 3 === 0;
    expect([...train, ...inDomain].filter(isHeldOut)).toEqual([]);
    expect([...outOfDomain].filter((mission) => !isHeldOut(mission))).toEqual([]);
    // "the" where one object fits, "a" where several do.
    expect(train.size).toBeGreaterThan(12);
    expect(outOfDomain.size).toBeGreaterThan(6);
    const wordsOf = (missions: Set<string>) => new Set([...missions].flatMap((mission) => mission.split(' ')));
    expect([...wordsOf(outOfDomain)].filter((word) => !wordsOf(train).has(word))).toEqual([]);
  });

  it('holds out layouts where a level has one mission: no first state is in two sides', async () => {
    const [train, inDomain, outOfDomain] = await startsOf('minigrid:MiniGrid-DoorKey-5x5-v0');
    expect([...outOfDomain].filter((hash) => train.has(hash) || inDomain.has(hash))).toEqual([]);
    expect([train.size, inDomain.size, outOfDomain.size].every((size) => size > 10)).toBe(true);
  });

  it('says that nothing is held out where there is one layout', async () => {
    const name = 'minigrid:MiniGrid-Empty-5x5-v0';
    expect(new Set((await startsOf(name)).flatMap((found) => [...found])).size).toBe(1);
    await withBridge(name, async ({ hello }) => {
      expect(hello.splits?.['out-of-domain']).toBe(
        '1 different layouts in 64 tries, so no part is held out: the splits differ by seed alone',
      );
    });
  });

  it('plays the same episodes for ever; states are named by their hash; success is a reward above 0', async () => {
    const episodes = await expectRepeatable('minigrid:BabyAI-GoToLocal-v0?actions=3', games);
    expect(expectSuccess(episodes)).toBeGreaterThan(0);
    expect(expectHashesToNameStates(episodes)).toBeGreaterThan(20);
  });

  it('names the states of doors and keys', async () => {
    const episodes = await expectRepeatable('minigrid:MiniGrid-DoorKey-5x5-v0', games.slice(0, 3), { maxSteps: 150 });
    expect(expectHashesToNameStates(episodes)).toBeGreaterThan(5);
  });

  it('tells states apart by the parts of a mission that are done', async () => {
    // Seed 66 has both goals in the first room. At the key, a visit to the door decides whether the episode ends.
    const level = 'minigrid:BabyAI-GoToSeqS5R2-v0?actions=3';
    const episodes = await withBridge(
      level,
      async (bridge) =>
        Promise.all(
          Array.from({ length: 40 }, (_, walk) => {
            const random = randomStream(walk, 'test/walk');
            return playEpisode(bridge.create(), { seed: 66, split: 'train' }, () => random.below(3));
          }),
        ),
      { maxSteps: 100 },
    );
    expect(episodes[0][0].observation).toContain('Mission: go to the red key after you go to a yellow door.');
    expect(expectSuccess(episodes)).toBeGreaterThan(5);
    expect(expectHashesToNameStates(episodes)).toBeGreaterThan(1000);
  });

  it('shows what is carried, what is ahead, and the walls', async () => {
    const name = 'minigrid:BabyAI-PutNextS5N2Carrying-v0';
    await withBridge(name, async (bridge) => {
      const environment = bridge.create() as TextEnvironment;
      const { observation, info } = await environment.reset({ seed: 0, split: 'train' });
      const [, colour, kind] = /^Mission: put the (\w+) (\w+) next to /.exec(observation) ?? [];
      expect(observation).toContain(` You carry a ${colour} ${kind}. `);
      expect(observation).toMatch(/A wall is \d (ahead|left|right)\./);
      // It was taken from the floor, so it is not seen there.
      const before = await environment.step(info.admissibleActions.indexOf('done'));
      expect(before.observation).toBe(observation);
      const around = [];
      for (let i = 0; i < 4; i++)
        around.push(await environment.step(before.info.admissibleActions.indexOf('turn left')));
      expect(around.map((step) => step.observation)[3]).toBe(observation);
      expect(new Set(around.map((step) => step.observation)).size).toBe(4);
    });
  });
});

describe.skipIf(missing !== undefined)('minigrid: as vectors', () => {
  it('has one kind, colour and state for each cell, one direction, and the words of the mission', async () => {
    const name = 'minigrid:BabyAI-GoToLocal-v0?form=vector&actions=3';
    await withBridge(name, async (bridge) => {
      if (bridge.form !== 'vector') throw new Error(`the form must be vector, got ${bridge.form}`);
      expect(bridge.spec).toMatchObject({ actionCount: 3, maxSteps: 64 });
      const steps = await playEpisode(bridge.create(), { seed: 4, split: 'train' });
      for (const { observation } of steps) {
        const vector = Array.from(observation as Float32Array);
        expect([...new Set(vector)].sort()).toEqual([0, 1]);
        const ones = (from: number, to: number) => vector.slice(from, to).reduce((sum, x) => sum + x);
        for (let cell = 0; cell < 49; cell++) expect(ones(20 * cell, 20 * cell + 20)).toBe(3);
        expect(ones(980, 984)).toBe(1);
        // "go to the red ball": five words.
        expect(ones(984, vector.length)).toBe(5);
      }
    });
  });

  it('has no words of a mission that all episodes have', async () => {
    await withBridge('minigrid:MiniGrid-DoorKey-5x5-v0?form=vector', async (bridge) => {
      expect(bridge.spec).toMatchObject({ vectorWidth: 49 * 20 + 4, actionCount: 7 });
      await playEpisode(bridge.create(), { seed: 1, split: 'out-of-domain' });
    });
  });

  it('plays the episode of the text form', async () => {
    // Sorted by the client, the texts have the order go forward, turn left, turn right.
    const order = [2, 0, 1];
    const turn = (): (() => number) => {
      let step = 0;
      return () => [2, 2, 0, 2, 1, 2, 2, 0][step++ % 8];
    };
    const level = 'minigrid:BabyAI-GoToLocal-v0?actions=3';
    const game = { seed: 8, split: 'train' } as const;
    const [byVector, byText] = [turn(), turn()];
    const vector = await withBridge(`${level}&form=vector`, (b) => playEpisode(b.create(), game, byVector));
    const text = await withBridge(level, (b) => playEpisode(b.create(), game, () => order.indexOf(byText())));
    expect(vector.map(({ hash }) => hash)).toEqual(text.map(({ hash }) => hash));
    expect(new Set(text.map(({ hash }) => hash)).size).toBeGreaterThan(5);
    expect(returnOf(vector)).toBe(returnOf(text));
  });

  it.each([
    ['minigrid:BabyAI-BossLevel-v0?form=vector', 'words, a vector holds 12; use form=text'],
    ['minigrid:MiniGrid-Nowhere-v0', 'has no level MiniGrid-Nowhere-v0'],
    ['minigrid:CartPole-v1', 'has no level CartPole-v1'],
    ['minigrid:MiniGrid-Empty-5x5-v0?actions=8', 'actions must be an integer in [3, 7], got 8'],
    ['minigrid:MiniGrid-Empty-5x5-v0?form=image', 'form must be one of text, vector, got image'],
    ['minigrid:MiniGrid-Empty-5x5-v0?size=6', 'unknown parameter size; choose from form, actions'],
  ])('refuses %s', async (name, problem) => {
    await expect(openBridge(resolveBridge(name))).rejects.toThrow(problem);
  });
});
