/** The ask-and-tell recipe of docs/sweep.md, with the real command and a stub in the place of Optuna. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openRun } from '../../src/record/run.node.ts';
import { train } from '../../src/train/trainer.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const python = process.env.UNBRAID_PYTHON ?? 'python3';

/** The part of Optuna that the recipe uses. It proposes fixed settings. */
const stub = `
import types

class Trial:
    def __init__(self, number): self.number, self.params = number, {}
    def suggest_float(self, name, low, high, log=False):
        assert log and low < high
        return self.params.setdefault(name, [0.001, 0.00123][self.number])
    def suggest_categorical(self, name, choices):
        return self.params.setdefault(name, choices[self.number])

class Study:
    def __init__(self): self.asked, self.told = 0, []
    def ask(self):
        self.asked += 1
        return Trial(self.asked - 1)
    def tell(self, trial, value): self.told.append((value, trial.params))
    @property
    def best_params(self): return max(self.told, key=lambda pair: pair[0])[1]

def create_study(direction, sampler):
    assert direction == "maximize"
    return Study()

samplers = types.SimpleNamespace(TPESampler=lambda seed: None)
`;

/** Values of the recipe, and those that make it short. */
const shorter: readonly (readonly [string, string])[] = [
  ['["npx", "unbraid"]', JSON.stringify([process.execPath, join(root, 'src/cli/main.ts')])],
  [
    '{"env": "household", "iterations": 40, "evalEpisodes": 200}',
    '{"env": "bandit", "policy": "mlp", "iterations": 1, "evalEpisodes": 4, "coldStart": 0, "couplingPairs": 2}',
  ],
  ['range(1, 4), range(101, 111), 12', 'range(1, 3), range(101, 102), 2'],
];

test.skipIf(spawnSync(python, ['--version']).status !== 0)(
  'trains every trial at the development seeds and the best one at the fresh seeds, with the settings that were asked',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'unbraid-optuna-'));
    try {
      let code = /```python\n([\s\S]*?)```/.exec(readFileSync(`${root}docs/sweep.md`, 'utf8'))?.[1] ?? '';
      for (const [from, to] of shorter) {
        expect(code).toContain(from);
        code = code.replace(from, to);
      }
      mkdirSync(join(folder, 'stub'));
      writeFileSync(join(folder, 'stub', 'optuna.py'), stub);
      writeFileSync(join(folder, 'recipe.py'), code);
      const { stdout, stderr, status } = spawnSync(python, ['recipe.py'], {
        ...{ cwd: folder, encoding: 'utf8', timeout: 240_000 },
        env: { ...process.env, PYTHONPATH: join(folder, 'stub'), UNBRAID_WIDE: '0' },
      });
      expect([status, status === 0 ? '' : stderr]).toEqual([0, '']);
      const runs = join(folder, 'runs/optuna');
      expect(readdirSync(runs).sort()).toEqual([
        ...['fresh-seed101', 'trial0-seed1', 'trial0-seed2', 'trial1-seed1', 'trial1-seed2'],
      ]);
      expect(openRun(join(runs, 'trial1-seed2')).config).toMatchObject({
        ...{ env: 'bandit', learningRate: 0.00123, entropyCoef: 0.005, seed: 2 },
      });
      const line = JSON.parse(stdout.trimEnd().split('\n').at(-1) as string);
      const shared = {
        env: 'bandit',
        policy: 'mlp',
        iterations: 1,
        evalEpisodes: 4,
        coldStart: 0,
        couplingPairs: 2,
      } as const;
      const { success } = await train({ ...shared, ...line.best, seed: 101 });
      expect(line).toMatchObject({ value: success.inDomain, seeds: 1 });
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
