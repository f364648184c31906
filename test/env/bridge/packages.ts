/** Plays environments of Python packages through the bridges of this package, where the packages are installed. */
import { expect } from 'vitest';
import { type Bridge, type BridgeOptions, openBridge } from '../../../src/env/bridge/bridge.node.ts';
import { resolveBridge } from '../../../src/env/bridge/resolveBridge.node.ts';
import type { Environment, Split, Step, TextEnvironment, TextStep } from '../../../src/env/environment.ts';
import { randomStream } from '../../../src/random.ts';

/** Why the environment cannot be played here, with the command that installs what is missing; undefined if it can. */
export function obstacleTo(environmentName: string): string | undefined {
  try {
    resolveBridge(environmentName);
  } catch (error) {
    return (error as Error).message;
  }
}

export type Options = Partial<Omit<BridgeOptions, 'name' | 'command' | 'args'>>;

/** Opens a bridge, plays with it and closes it. */
export async function withBridge<T>(
  environmentName: string,
  use: (bridge: Bridge) => Promise<T>,
  options: Options = {},
): Promise<T> {
  const bridge = await openBridge({ ...resolveBridge(environmentName), ...options });
  try {
    return await use(bridge);
  } finally {
    await bridge.close();
  }
}

export type Played = (Step | TextStep) & { readonly hash: number | undefined; readonly action: number | undefined };

/** The steps of an episode. `choose` selects the actions; by default they are uniformly random, by the game's seed. */
export async function playEpisode(
  environment: Environment | TextEnvironment,
  { seed, split }: { readonly seed: number; readonly split: Split },
  choose?: (step: Step | TextStep) => number,
): Promise<Played[]> {
  const random = randomStream(seed, 'test/play');
  const steps: Played[] = [];
  let step: Step | TextStep = await environment.reset({ seed, split });
  for (;;) {
    const hash = environment.stateHash?.();
    const ended = step.terminated || step.truncated;
    const action = ended ? undefined : (choose?.(step) ?? random.below(step.info.admissibleActions.length));
    steps.push({ ...step, hash, action });
    if (action === undefined) return steps;
    step = await environment.step(action);
  }
}

export const returnOf = (steps: readonly Played[]): number => steps.reduce((sum, { reward }) => sum + reward, 0);

/**
 * Expects the same episodes from two processes: in one they are played one by one, in the other all at once and in
 * reverse order. Returns them.
 */
export async function expectRepeatable(
  environmentName: string,
  games: readonly { readonly seed: number; readonly split: Split }[],
  options: Options = {},
): Promise<Played[][]> {
  const alone = await withBridge(
    environmentName,
    async (bridge) => {
      const environment = bridge.create();
      const episodes: Played[][] = [];
      for (const game of games) episodes.push(await playEpisode(environment, game));
      return episodes;
    },
    options,
  );
  const together = await withBridge(
    environmentName,
    async (bridge) => {
      const reversed = [...games].reverse();
      // The first environment has played another episode before.
      const first = bridge.create();
      await playEpisode(first, { seed: 1009, split: 'in-domain' });
      const rest = reversed.slice(1).map((game) => playEpisode(bridge.create(), game));
      return Promise.all([playEpisode(first, reversed[0]), ...rest]);
    },
    options,
  );
  expect(together.reverse()).toEqual(alone);
  return alone;
}

/**
 * Expects that the state hash names the state: after the same action in two states of the same hash, the next hash,
 * observation and end are the same. Returns how often a hash occurred again with the same action.
 */
export function expectHashesToNameStates(episodes: readonly (readonly Played[])[]): number {
  const after = new Map<string, unknown>();
  let repeats = 0;
  for (const steps of episodes) {
    for (const [i, { hash, action }] of steps.entries()) {
      const next = steps[i + 1];
      // A truncation depends on the number of steps, which is not part of the state.
      if (action === undefined || next.truncated) continue;
      const outcome = [next.hash, next.observation, next.terminated];
      const key = `${hash} ${action}`;
      if (after.has(key)) {
        expect(outcome).toEqual(after.get(key));
        repeats++;
      }
      after.set(key, outcome);
    }
  }
  return repeats;
}
