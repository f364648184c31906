import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBridge } from '../../../src/env/bridge/bridge.node.ts';
import { resolveBridge } from '../../../src/env/bridge/resolveBridge.node.ts';
import type { TextEnvironment } from '../../../src/env/environment.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const page = readFileSync(join(root, 'docs/third-party.md'), 'utf8');
const program = /```python\n(.*?)```/s.exec(page)?.[1] ?? '';
const python = process.env.UNBRAID_PYTHON ?? 'python3';
const hasPython = spawnSync(python, ['--version']).status === 0;
if (!hasPython) console.log(`skipped: the example of docs/third-party.md needs Python, and ${python} does not start`);

describe('docs/third-party.md', () => {
  it('states the version of each requirement, and each file has a row', () => {
    const folder = join(root, 'bridges/requirements');
    const lines = readdirSync(folder)
      .sort()
      .flatMap((file) => readFileSync(join(folder, file), 'utf8').split('\n'))
      .filter((line) => /^[a-z]/.test(line));
    const versions = new Map(lines.map((line) => line.split('==') as [string, string]));
    const rows = [...page.matchAll(/^\| `[a-z-]+[:/]<\w+>` \| \[(\w+)\]\([^)]*\) ([\d.]+)/gm)];
    const stated = rows.map(([, name, version]) => [name.toLowerCase().replace('expr', '-expr'), version]);
    expect(stated).toEqual(
      ['gymnasium', 'minigrid', 'textworld', 'textworld-express', 'scienceworld', 'minatar'].map((name) => [
        name,
        versions.get(name),
      ]),
    );
    expect(page).toContain(`\`box2d==${versions.get('box2d')}\``);
    expect(page).toContain(`gymnasium==${versions.get('gymnasium')} minigrid==${versions.get('minigrid')}`);
  });

  describe.skipIf(!hasPython)('the example', () => {
    let folder: string;
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'unbraid-corridor-'));
      copyFileSync(join(root, 'bridges/unbraid_bridge.py'), join(folder, 'unbraid_bridge.py'));
      writeFileSync(join(folder, 'corridor.py'), program);
    });
    afterAll(() => rmSync(folder, { recursive: true }));

    it('has at most 15 lines of code', () => {
      expect(program.split('\n').filter((line) => line !== '').length).toBeLessThanOrEqual(15);
    });

    it('plays through exec:, truncates at the limit, and answers a client of protocol 1', async () => {
      const name = `exec:${python} ${join(folder, 'corridor.py')}`;
      const bridge = await openBridge({ ...resolveBridge(name), maxSteps: 3 });
      try {
        const environment = bridge.create() as TextEnvironment;
        const first = await environment.reset({ seed: 7, split: 'train' });
        expect([first.observation, first.info.admissibleActions]).toEqual([
          'You are at place 1.',
          ['go east', 'go west'],
        ]);
        await environment.step(0);
        const last = await environment.step(0);
        expect([last.observation, last.reward, last.terminated]).toEqual(['You are at place 3.', 1, true]);
        await environment.reset({ seed: 0, split: 'train' });
        await environment.step(0);
        await environment.step(1);
        expect((await environment.step(0)).truncated).toBe(true);
      } finally {
        await bridge.close();
      }
      const input = '{"id":0,"op":"hello","protocol":1}\n';
      const run = spawnSync(python, [join(folder, 'corridor.py')], { input, encoding: 'utf8' });
      expect(JSON.parse(run.stdout)).toEqual({ id: 0, protocol: 1, name: 'corridor', version: '1', maxSteps: 10 });
    });
  });
});
