import { describe, expect, it } from 'vitest';
import { openBridge } from '../../../src/env/bridge/bridge.node.ts';
import { resolveBridge } from '../../../src/env/bridge/resolveBridge.node.ts';
import { splits, type TextEnvironment, type TextStep } from '../../../src/env/environment.ts';
import { expectRepeatable, obstacleTo, withBridge } from './packages.ts';

const name = 'scienceworld:find-living-thing';
const missing = obstacleTo(name);
if (missing !== undefined) console.log(`skipped: ScienceWorld; ${missing}`);

/** Takes actions by their texts; the steps. */
async function take(environment: TextEnvironment, first: TextStep, actions: readonly string[]): Promise<TextStep[]> {
  const steps = [first];
  for (const action of actions) {
    const index = steps[steps.length - 1].info.admissibleActions.indexOf(action);
    expect(index, action).toBeGreaterThanOrEqual(0);
    steps.push(await environment.step(index));
  }
  return steps;
}

describe.skipIf(missing !== undefined)('scienceworld:', { timeout: 180_000 }, () => {
  it('has the protocol of DRRN: 100 steps, no simplifications, all valid actions, the test variations', async () => {
    await withBridge(name, async (bridge) => {
      const { spec, hello } = bridge;
      const packages = { scienceworld: '1.2.3' };
      expect(spec).toEqual({ name, version: '1.2.3+1', maxSteps: 100, hasExpert: false, packages });
      expect(hello.splits).toEqual({
        train: "150 variations of ScienceWorld's training set",
        'in-domain': "75 variations of ScienceWorld's development set",
        'out-of-domain': "75 variations of ScienceWorld's test set",
      });
      const environment = bridge.create() as TextEnvironment;
      const first = await environment.reset({ seed: 1, split: 'train' });
      const verbs = new Set(first.info.admissibleActions.map((action) => action.split(' ')[0]));
      expect([...verbs].sort()).toEqual(
        'connect disconnect dunk eat focus look mix move open pick pour put wait wait1'.split(' '),
      );
      expect(first.info.admissibleActions.length).toBeGreaterThan(500);
    });
  });

  it('pays the change of the score, and counts failure as score 0', async () => {
    await withBridge(name, async (bridge) => {
      const environment = bridge.create() as TextEnvironment;
      const first = await environment.reset({ seed: 1, split: 'train' });
      const walk = await take(environment, first, ['open door', 'go to hallway', 'focus on orange']);
      // Two of twelve optional goals, then the wrong thing.
      expect(walk.map(({ reward }) => Math.round(reward * 12))).toEqual([0, 1, 1, -2]);
      expect(walk.map(({ terminated }) => terminated)).toEqual([false, false, false, true]);
      expect(walk[2].observation).toMatch(
        /^This room is called the hallway\.[\s\S]*You move to the hallway\.\nTask Desc/,
      );
      const again = await environment.reset({ seed: 151, split: 'train' });
      expect(again).toEqual(first);
    });
  });

  it('plays the same episodes for ever, alone, in another order, and among others', async () => {
    // With all actions, some variations begin with a thousand, which take seconds to list in a new process.
    // Seed 1 of train begins among three cups of one name, whose order Java's hash codes would draw.
    const games = [...splits.map((split) => ({ seed: 2, split })), { seed: 1, split: 'train' } as const];
    const episodes = await expectRepeatable(`${name}?simplifications=noElectricalAction`, games, { maxSteps: 3 });
    expect(new Set(episodes.map(([{ observation }]) => observation)).size).toBe(4);
    expect(episodes.every((steps) => steps.at(-1)?.truncated)).toBe(true);
  });

  it('names simplifications with dots between, and each changes the actions', async () => {
    await withBridge(`${name}?simplifications=teleportAction.openDoors`, async (bridge) => {
      const { info, observation } = await (bridge.create() as TextEnvironment).reset({ seed: 1, split: 'train' });
      expect(info.admissibleActions).toContain('teleport to kitchen');
      expect(observation).toContain('A door to the hallway (that is open)');
    });
  });

  it.each([
    ['scienceworld:fly', 'task must be one of boil, change-the-state-of-matter-of, '],
    [`${name}?simplifications=hard`, 'simplifications must be of easy, noElectricalAction, openContainers, '],
    [`${name}?steps=3`, 'unknown parameter steps; choose from simplifications'],
  ])('refuses %s', async (wrong, problem) => {
    await expect(openBridge(resolveBridge(wrong))).rejects.toThrow(problem);
  });
});
