import { describe, expect, it } from 'vitest';
import { expectRepeatable, obstacleTo, returnOf } from './packages.ts';

const name = 'gym:LunarLander-v3';
const missing = obstacleTo(name);
if (missing !== undefined) console.log(`skipped: Box2D; ${missing}`);

describe.skipIf(missing !== undefined)(name, () => {
  it('plays the same episodes for ever; random thrust crashes', async () => {
    const games = [0, 1, 7].map((seed) => ({ seed, split: 'train' as const }));
    const episodes = await expectRepeatable(name, games);
    for (const steps of episodes) {
      expect(steps[0].observation.length).toBe(8);
      expect(steps.at(-1)?.terminated).toBe(true);
      // A crash costs 100, and what was gained before by coming nearer is less.
      expect(steps.at(-1)?.reward).toBe(-100);
      expect(returnOf(steps)).toBeLessThan(0);
    }
  });
});
