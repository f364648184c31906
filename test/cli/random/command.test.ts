import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { playBaselines, playRandom } from '../../../src/cli/random/playRandom.ts';
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

  /** The command with a clock whose calls return these times in seconds, and later ones the last time. */
  const timed = (seconds: readonly number[], ...args: string[]) => {
    const times = seconds.map((time) => 1000 * time);
    const now = (): number => (times.length > 1 ? (times.shift() as number) : times[0]);
    return unbraid(['random', '--env', 'bandit', ...args], {
      playRandom: (config, options) => playBaselines(config, options, now),
    });
  };
  const every = (step: number, count: number): number[] => Array.from({ length: count }, (_, i) => step * i);

  test('without --episodes plays as many as fit in 60 s: the same result as that number of episodes', async () => {
    // The clock moves by 10 s with each part: 5 episodes, then 20, 50, 75, 75 and 45, which are expected to fit.
    const { code, stdout } = await timed(every(10, 7), '--json', '--set', 'evalSplits=in-domain');
    expect(code).toBe(0);
    const { secondsPerSplit, ...record } = JSON.parse(stdout);
    expect(secondsPerSplit).toBe(60);
    expect(record.episodes).toBe(270);
    expect(record.return.inDomain.episodes).toBe(270);
    const { record: asked } = await random('--env', 'bandit', '--episodes', '270', '--set', 'evalSplits=in-domain');
    expect(record).toEqual(asked);
  });

  test('the split with the fewest episodes sets the number of all', async () => {
    // The first split ends with 270 episodes, the second with 10, and the third is played for 10.
    const times = [...every(10, 7), 100, 130, 160, 1000, 1010];
    const { stdout } = await timed(times, '--json');
    const { secondsPerSplit, ...record } = JSON.parse(stdout);
    expect([secondsPerSplit, record.episodes]).toEqual([60, 10]);
    expect(record).toEqual((await random('--env', 'bandit', '--episodes', '10')).record);
    expect((await timed(times)).stdout).toContain(
      'bandit 1, seed 1, 10 episodes per split, as many as fit in 60 s; set their number with --episodes',
    );
  });

  test('400 episodes where there is time; no limit with --episodes', async () => {
    const { stdout } = await timed([0], '--json');
    const { record } = await random('--env', 'bandit', '--episodes', '400');
    expect(JSON.parse(stdout)).toEqual(record);
    const slow = await timed(every(100, 50), '--json', '--episodes', '60');
    expect(JSON.parse(slow.stdout)).toMatchObject({ episodes: 60, return: { train: { episodes: 60 } } });
    expect(slow.stdout).not.toContain('secondsPerSplit');
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
