import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { playRandom } from '../../../src/cli/random/playRandom.ts';
import { createBandit } from '../../../src/env/bandit/bandit.ts';
import { createHousehold } from '../../../src/env/household/household.ts';
import { randomStream } from '../../../src/random.ts';
import { evaluationGames } from '../../../src/rollout/success.ts';
import { episodeMean } from '../../../src/statistics/episodes.ts';
import { train } from '../../../src/train/trainer.ts';
import { unbraid } from '../fakeEngine.ts';

const program = fileURLToPath(new URL('./lateCorridor.mjs', import.meta.url));

async function random(...args: string[]) {
  const { code, stdout, stderr } = await unbraid(['random', ...args, '--json'], { playRandom });
  return { code, stderr, record: code === 0 ? JSON.parse(stdout) : null };
}

/** Returns and steps of random play in the simplest way: one episode after another in one environment. */
function playOne(
  environment: ReturnType<typeof createHousehold> | ReturnType<typeof createBandit>,
  seed: number,
  episodes: number,
) {
  let steps = 0;
  const returns = evaluationGames(seed, 'out-of-domain', episodes, 150).map((game, episode) => {
    const choose = randomStream(seed, 'random/out-of-domain', episode);
    let step = environment.reset(game);
    let sum = 0;
    while (!step.terminated && !step.truncated) {
      step = environment.step(choose.below(step.info.admissibleActions.length));
      sum += step.reward;
      steps++;
    }
    return sum;
  });
  return { returns, steps: steps / episodes };
}

describe('random', () => {
  test('gives success, return and steps by split, those of random play one episode at a time', async () => {
    const { record } = await random('--episodes', '150', '--seed', '5');
    const { returns, steps } = playOne(createHousehold(), 5, 150);
    expect(record).toMatchObject({ command: 'random', env: 'household', seed: 5, episodes: 150 });
    expect(record.return.outOfDomain).toEqual(episodeMean(returns));
    // The return of the household is its success.
    expect(record.success).toEqual(record.return);
    expect(record.steps.outOfDomain).toBe(steps);
    for (const split of ['train', 'inDomain']) expect(record.return[split].episodes).toBe(150);
  });

  test('gives returns above 0 where random actions earn rewards', async () => {
    const { record } = await random('--env', 'bandit', '--episodes', '150', '--seed', '5');
    const { returns, steps } = playOne(createBandit({ layoutSeed: 5 }), 5, 150);
    expect(record.return.outOfDomain).toEqual(episodeMean(returns));
    expect(record.return.outOfDomain.mean).toBeGreaterThan(0);
    expect(record.steps.outOfDomain).toBe(steps);
  });

  test('is the baseline of a run with randomEpisodes', async () => {
    const { record } = await random('--env', 'bandit', '--episodes', '40', '--set', 'evalSplits=in-domain+train');
    const { random: baseline } = await train({
      ...{ env: 'bandit', policy: 'mlp', iterations: 0, coldStart: 0, evalEpisodes: 1, couplingPairs: 0 },
      ...{ randomEpisodes: 40, evalSplits: 'train+in-domain' },
    });
    expect({ success: record.success, return: record.return }).toEqual(baseline);
    expect(record.return.outOfDomain).toBeNull();
    expect(record.version).toBe(createBandit().spec.version);
  });

  test('differs by seed, and is the same text form or tokens', async () => {
    const { record: first } = await random('--episodes', '60', '--set', 'maxSteps=12');
    const { record: other } = await random('--episodes', '60', '--set', 'maxSteps=12', '--seed', '2');
    const { record: text } = await random('--episodes', '60', '--set', 'maxSteps=12', '--set', 'observation=text');
    expect(other.return).not.toEqual(first.return);
    expect([text.return, text.steps]).toEqual([first.return, first.steps]);
  });

  test('plays several episodes of another program at once', async () => {
    const { record } = await random('--env', `exec:${process.execPath} ${program}`, '--episodes', '20');
    // The program answers after 8 requests are waiting, or when no more come: alone, every request would wait.
    expect(record.steps).toEqual({ train: 3, inDomain: 3, outOfDomain: 3 });
    expect(record.return.train.mean).toBeGreaterThan(8);
  });

  test('prints a table, and rejects wrong usage', async () => {
    const { stdout } = await unbraid(['random', '--env', 'crafting', '--episodes', '9']);
    expect(stdout.replaceAll(/[─│┌┐└┘├┤┬┴┼]/g, ' ').replaceAll(/ +/g, ' ')).toContain(
      'Random actions train in-domain out-of-domain',
    );
    expect(stdout).toContain('0.25 [0.20, 0.30]');
    expect(stdout).toContain('crafting 1, seed 1, 9 episodes per split');
    expect(await unbraid(['random', '--episodes', '0'])).toMatchObject({ code: 2 });
    expect(await unbraid(['random', '--env', 'housohold'])).toMatchObject({ code: 2 });
    expect((await unbraid(['random', '--set', 'episode=3'])).stderr).toContain('config: unknown key "episode"');
  });
});
