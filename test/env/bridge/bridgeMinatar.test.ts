import { describe, expect, it } from 'vitest';
import { openBridge } from '../../../src/env/bridge/bridge.node.ts';
import { resolveBridge } from '../../../src/env/bridge/resolveBridge.node.ts';
import { splits } from '../../../src/env/environment.ts';
import { expectRepeatable, obstacleTo, playEpisode, returnOf, withBridge } from './packages.ts';

const missing = obstacleTo('minatar:breakout');
if (missing !== undefined) console.log(`skipped: MinAtar; ${missing}`);

const games = splits.flatMap((split) => [0, 3].map((seed) => ({ seed, split })));

describe.skipIf(missing !== undefined)('minatar:', () => {
  it.each([
    ['breakout', 4, 3],
    ['asterix', 4, 5],
    ['freeway', 7, 3],
    ['seaquest', 10, 6],
    ['space_invaders', 6, 4],
  ])('plays %s the same for ever: 100 cells with %i channels, %i actions', async (game, channels, actionCount) => {
    const name = `minatar:${game}`;
    await withBridge(name, async ({ spec }) => {
      expect(spec).toMatchObject({ vectorWidth: 100 * channels, actionCount, maxSteps: 2500, success: null });
    });
    const episodes = await expectRepeatable(name, games, { maxSteps: 60 });
    for (const steps of episodes) {
      for (const { observation } of steps) {
        expect(Array.from(observation as Float32Array).every((x) => x === 0 || x === 1)).toBe(true);
      }
    }
    expect(new Set(episodes.map((steps) => String(steps.at(-1)?.observation))).size).toBeGreaterThan(2);
  });

  it('has one cell of ball and one of paddle in breakout, and pays 1 for a brick', async () => {
    // The paddle follows the ball: channels paddle, ball, trail, brick of each cell.
    const column = (vector: Float32Array, channel: number): number => {
      const cells = Array.from({ length: 100 }, (_, i) => vector[4 * i + channel]);
      expect(cells.filter((x) => x === 1)).toHaveLength(1);
      return cells.indexOf(1) % 10;
    };
    const steps = await withBridge(
      'minatar:breakout?sticky=false',
      (bridge) =>
        playEpisode(bridge.create(), { seed: 1, split: 'train' }, ({ observation }) => {
          const vector = observation as Float32Array;
          const away = column(vector, 1) - column(vector, 0);
          return away < 0 ? 1 : away > 0 ? 2 : 0;
        }),
      { maxSteps: 60 },
    );
    expect(returnOf(steps)).toBeGreaterThan(2);
    expect(steps.every(({ reward }) => reward === 0 || reward === 1)).toBe(true);
  });

  it('repeats actions now and then unless sticky is false', async () => {
    const game = { seed: 5, split: 'train' } as const;
    const play = (name: string) => withBridge(name, (bridge) => playEpisode(bridge.create(), game), { maxSteps: 60 });
    expect(await play('minatar:space_invaders')).not.toEqual(await play('minatar:space_invaders?sticky=false'));
  });

  it('makes asterix harder after a hundred steps unless ramping is false', async () => {
    const game = { seed: 0, split: 'train' } as const;
    // Action 0: stay.
    const play = (name: string) => withBridge(name, (bridge) => playEpisode(bridge.create(), game, () => 0));
    const harder = await play('minatar:asterix?sticky=false');
    const steady = await play('minatar:asterix?sticky=false&ramping=false');
    const first = harder.findIndex(({ observation }, i) => String(observation) !== String(steady[i]?.observation));
    expect(first).toBe(120);
  });

  it.each([
    ['minatar:pong', 'game must be one of asterix, breakout, freeway, seaquest, space_invaders, got pong'],
    ['minatar:breakout?sticky=0', 'sticky must be one of true, false, got 0'],
  ])('refuses %s', async (name, problem) => {
    await expect(openBridge(resolveBridge(name))).rejects.toThrow(problem);
  });
});
