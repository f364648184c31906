import { expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import type { TextEnvironment } from '../../src/env/environment.ts';
import { householdText } from '../../src/env/household/household.ts';
import { train } from '../../src/train/trainer.ts';
import { small } from '../train/recordedRun.ts';

const refused: [Partial<Config>, string][] = [
  [{ env: 'look-alike', maxSteps: null }, 'config: env "look-alike" shows vectors; set policy to "mlp"'],
  [{ env: 'bandit', maxSteps: null }, 'config: env "bandit" shows vectors; set policy to "mlp"'],
  [
    { env: 'look-alike', policy: 'mlp', maxSteps: 5 },
    'config: env "look-alike" has a step limit of its own, got maxSteps 5; leave maxSteps null',
  ],
  [
    { env: 'elsewhere', maxSteps: null },
    'config: env "elsewhere" must be one that runs in this process where no bridge can be started; use "household"',
  ],
];

test.each(refused)('%o is refused with the way out', async (config, message) => {
  await expect(train({ ...small, ...config })).rejects.toThrow(message);
});

/** A bridge to household games in English that counts what is open; it has no expert. */
function bridge(fail = false) {
  const counts = { opened: 0, closed: 0 };
  const openBridge = async (name: string) => {
    expect(name).toBe('elsewhere');
    counts.opened++;
    const create = (): TextEnvironment => {
      if (fail) throw new Error('no room for a game');
      const { expertActions: _, ...environment } = householdText({ maxSteps: 6 });
      return { ...environment, spec: { ...environment.spec, hasExpert: false } };
    };
    return {
      create,
      close: async () => {
        counts.closed++;
      },
    };
  };
  return { openBridge, counts };
}

const elsewhere: Partial<Config> = { ...small, maxSteps: null, env: 'elsewhere', iterations: 1, evalEpisodes: 2 };

test('any other name is opened as a bridge and closed after the run, without an expert too', async () => {
  const { openBridge, counts } = bridge();
  const outcome = await train(elsewhere, { openBridge });
  expect(outcome.updates).toBe(6);
  expect(counts).toEqual({ opened: 1, closed: 1 });
});

test('a bridge is closed when the vocabulary cannot be collected', async () => {
  const { openBridge, counts } = bridge(true);
  await expect(train(elsewhere, { openBridge })).rejects.toThrow('no room for a game');
  expect(counts).toEqual({ opened: 1, closed: 1 });
});

test('a bridge shows text alone', async () => {
  const { openBridge } = bridge();
  await expect(train({ ...elsewhere, observation: 'tokens' }, { openBridge })).rejects.toThrow(
    'config: env "elsewhere" shows text, not tokens; set observation to null or "text" and policy to "attention"',
  );
});

test.each(['graph', 'anchor', 'critic'] as const)('%s labels need nothing that a bridge lacks', async (labels) => {
  // Untrained play hardly ever succeeds: the first action is rewarded in its stead.
  const openBridge = async (name: string) => {
    const { create, close } = await bridge().openBridge(name);
    const rewarded = (): TextEnvironment => {
      const { step, ...environment } = create();
      return { ...environment, step: async (action) => ({ ...(await step(action)), reward: action === 0 ? 1 : 0 }) };
    };
    return { create: rewarded, close };
  };
  const lines: Record<string, number>[] = [];
  const hooks = {
    onMetrics: (_: number, line: Record<string, number>) => lines.push(line),
  };
  await train({ ...elsewhere, labels, method: 'classifier', labelMargin: 0 }, { openBridge, ...hooks });
  expect(lines[1]['labels/coverage']).toBeGreaterThan(0.05);
  expect(lines[1]).not.toHaveProperty('labels/accuracy');
});

test.each([
  [{ labels: 'oracle' }, 'labels "oracle"'],
  [{ labels: 'demonstrations' }, 'labels "demonstrations"'],
  [{ labels: 'shuffled', shuffledSource: 'oracle' }, 'shuffledSource "oracle"'],
] as const)('%o is refused where there is no expert, before an update', async (labels, named) => {
  const { openBridge, counts } = bridge();
  const onProgress = (progress: { phase: string }): void => expect(progress.phase).toBe('vocabulary');
  const config = { ...elsewhere, ...labels, method: 'cloning' };
  await expect(train(config, { openBridge, onProgress })).rejects.toThrow(
    `config: ${named} needs an environment with an expert, which household-text does not have; use "graph" or "advantage"`,
  );
  expect(counts).toEqual({ opened: 1, closed: 1 });
  // A method that uses no labels needs none.
  await train({ ...config, method: 'grpo' }, { openBridge });
});

test('counterfactual labels are refused where the environment cannot be copied, and the bridge is closed', async () => {
  const { openBridge, counts } = bridge();
  await expect(train({ ...elsewhere, method: 'classifier', labels: 'counterfactual' }, { openBridge })).rejects.toThrow(
    'branch: the environment must have clone, got household-text without; choose other labels than "counterfactual"',
  );
  expect(counts).toEqual({ opened: 1, closed: 1 });
});
