import { describe, expect, it } from 'vitest';
import { openBridge } from '../../../src/env/bridge/bridge.node.ts';
import { resolveBridge } from '../../../src/env/bridge/resolveBridge.node.ts';
import { splits } from '../../../src/env/environment.ts';
import { expectRepeatable, obstacleTo, playEpisode, returnOf, withBridge } from './packages.ts';

const missing = obstacleTo('gym:CartPole-v1');
if (missing !== undefined) console.log(`skipped: Gymnasium; ${missing}`);

const games = splits.flatMap((split) => [0, 1, 7].map((seed) => ({ seed, split })));

/** One step of the cart and pole of Barto, Sutton and Anderson (1983) by the explicit Euler method with 0.02 s. */
function pushCart([x, v, angle, spin]: readonly number[], right: boolean): number[] {
  const [force, gravity, cart, pole, half, dt] = [right ? 10 : -10, 9.8, 1, 0.1, 0.5, 0.02];
  const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
  const push = (force + pole * half * spin * spin * sin) / (cart + pole);
  const spinUp = (gravity * sin - cos * push) / (half * (4 / 3 - (pole * cos * cos) / (cart + pole)));
  const speedUp = push - (pole * half * spinUp * cos) / (cart + pole);
  return [x + dt * v, v + dt * speedUp, angle + dt * spin, spin + dt * spinUp];
}

describe.skipIf(missing !== undefined)('gym:CartPole-v1', () => {
  it('describes itself, with the versions of the packages', async () => {
    await withBridge('gym:CartPole-v1', async ({ spec, hello }) => {
      const { packages, version, ...rest } = spec;
      const described = { name: 'gym:CartPole-v1', maxSteps: 500, hasExpert: false, form: 'vector', success: null };
      expect(rest).toEqual({ ...described, vectorWidth: 4, actionCount: 2 });
      expect(Object.keys(packages ?? {})).toEqual(['gymnasium', 'numpy']);
      expect(version).toBe(`${packages?.gymnasium}+1`);
      expect(hello.splits?.['out-of-domain']).toContain('no held-out part');
    });
  });

  it('follows the equations of the cart and pole: every number within 1e-5 after each step of 9 episodes', async () => {
    const episodes = await expectRepeatable('gym:CartPole-v1', games);
    for (const steps of episodes) {
      let state = Array.from(steps[0].observation as Float32Array);
      for (const [i, { action }] of steps.slice(0, -1).entries()) {
        state = pushCart(state, action === 1);
        const seen = Array.from(steps[i + 1].observation as Float32Array);
        for (const [k, value] of state.entries()) expect(Math.abs(seen[k] - value)).toBeLessThan(1e-5);
      }
      expect(steps.at(-1)?.terminated).toBe(true);
      expect(returnOf(steps)).toBe(steps.length - 1);
    }
  });

  it('has no seed in two splits', async () => {
    await withBridge('gym:CartPole-v1', async (bridge) => {
      const environment = bridge.create();
      const starts = new Set<string>();
      for (const split of splits) {
        for (let seed = 0; seed < 60; seed++)
          starts.add(String((await environment.reset({ seed, split })).observation));
      }
      expect(starts.size).toBe(180);
    });
  });

  it('truncates at the step limit of the config, and says so', async () => {
    const steps = await withBridge(
      'gym:CartPole-v1',
      (bridge) => playEpisode(bridge.create(), { seed: 1, split: 'train' }),
      { maxSteps: 5 },
    );
    expect(steps.map(({ terminated, truncated }) => [terminated, truncated])).toEqual([
      ...Array(5).fill([false, false]),
      [false, true],
    ]);
  });
});

describe.skipIf(missing !== undefined)('gym:', () => {
  it('shows a discrete observation as one number that is 1, and moves on the lake as its map says', async () => {
    const name = 'gym:FrozenLake-v1?map_name=4x4&is_slippery=false';
    await withBridge(name, async (bridge) => {
      const environment = bridge.create();
      let step = await environment.reset({ seed: 3, split: 'train' });
      const places = [];
      // Left 0, down 1, right 2, up 3: the way around the holes of the map SFFF FHFH FFFH HFFG.
      for (const action of [1, 1, 2, 1, 2, 2]) {
        step = await environment.step(action);
        const vector = Array.from(step.observation as Float32Array);
        expect(vector.filter((x) => x !== 0)).toEqual([1]);
        places.push(vector.indexOf(1));
      }
      expect(places).toEqual([4, 8, 9, 13, 14, 15]);
      expect([step.reward, step.terminated]).toEqual([1, true]);
    });
  });

  it('offers only the actions of a mask', async () => {
    const steps = await withBridge('gym:Taxi-v4', (bridge) =>
      playEpisode(bridge.create(), { seed: 1, split: 'train' }),
    );
    const counts = steps.slice(0, -1).map(({ info }) => info.admissibleActions.length);
    expect(Math.min(...counts)).toBeLessThan(6);
    // A pick-up or drop at a wrong place costs 10: the mask excludes both.
    expect(steps.every(({ reward }) => reward > -10)).toBe(true);
  });

  it.each([
    ['gym:Acrobot-v1', 6],
    ['gym:Blackjack-v1', 32 + 11 + 2],
  ])('plays %s the same for ever', async (name, width) => {
    const [steps] = await expectRepeatable(name, games.slice(0, 3), { maxSteps: 40 });
    expect(steps[0].observation.length).toBe(width);
  });

  it.each([
    ['gym:Pendulum-v1', 'actions must be Discrete, got Box(-2.0, 2.0, (1,), float32)'],
    ['gym:CartPol-v1', "Gymnasium cannot create it: Environment `CartPol` doesn't exist. Did you mean: `CartPole`?"],
    ['gym:CartPole-v1?length=2', "got an unexpected keyword argument 'length'"],
    ['gym:CartPole-v1?render_mode=human', 'the bridge sets render_mode itself; leave it out'],
  ])('refuses %s', async (name, problem) => {
    await expect(openBridge(resolveBridge(name))).rejects.toThrow(problem);
  });
});
