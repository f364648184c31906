import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openBridge } from '../../src/env/bridge.node.ts';
import { resolveBridge } from '../../src/env/resolveBridge.node.ts';

const script = fileURLToPath(new URL('../../bridges/textworld_express_bridge.py', import.meta.url));
const executable = spawnSync('python3', ['-S', '-c', 'import sys; print(sys.executable, end="")'], {
  encoding: 'utf8',
});
const hasPython = executable.status === 0;
if (!hasPython) console.log('skipped: what the check of the bridge script says, because python3 does not start');
const packageMissing = `textworld-express: the Python package is missing; run: ${executable.stdout} -m pip install textworld-express==1.1.0`;

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('resolveBridge', () => {
  it.each(['textworld', 'textworld-express', 'textworld-express/', 'alfworld/pick'])('knows no %s', (name) => {
    expect(() => resolveBridge(name)).toThrow(
      `env: no environment has the name ${name}; choose from household, crafting, look-alike, bandit, textworld-express/<game>, exec:COMMAND ARG...`,
    );
  });

  it('starts a program of your own, its words cut at spaces', async () => {
    const name = 'exec:python3  my_bridge.py --level 2 ';
    expect(resolveBridge(name)).toEqual({ name, command: 'python3', args: ['my_bridge.py', '--level', '2'] });
    const program = fileURLToPath(new URL('fixtures/bridgeProgram.mjs', import.meta.url));
    const bridge = await openBridge(resolveBridge(`exec:${process.execPath} ${program}`));
    const first = await bridge.create().reset({ seed: 1, split: 'train' });
    await bridge.close();
    expect(first.info.admissibleActions.length).toBeGreaterThan(0);
  });

  it.each(['exec:', 'exec:  '])('needs a command after "%s"', (name) => {
    expect(() => resolveBridge(name)).toThrow(
      `resolveBridge: exec: must be followed by a command, got ${name}; write exec:COMMAND ARG...`,
    );
  });

  it('says when Python is missing', () => {
    vi.stubEnv('UNBRAID_PYTHON', 'no-such-python');
    expect(() => resolveBridge('textworld-express/coin')).toThrow(
      'textworld-express/coin: Python is missing (spawnSync no-such-python ENOENT); install Python 3.9 or newer from https://www.python.org/downloads, or set UNBRAID_PYTHON to where it is',
    );
  });

  it('says when what UNBRAID_PYTHON names is not Python', () => {
    vi.stubEnv('UNBRAID_PYTHON', process.execPath);
    expect(() => resolveBridge('textworld-express/coin')).toThrow(
      `textworld-express/coin: the check of ${script} failed: `,
    );
  });

  it.skipIf(!hasPython)('says how to install the package', () => {
    const folder = mkdtempSync(join(tmpdir(), 'unbraid-'));
    try {
      const bare = join(folder, 'python');
      // -S hides installed packages.
      writeFileSync(bare, '#!/bin/sh\nexec python3 -S "$@"\n', { mode: 0o755 });
      vi.stubEnv('UNBRAID_PYTHON', bare);
      expect(() => resolveBridge('textworld-express/coin')).toThrow(new Error(packageMissing));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.skipIf(!hasPython)('is not the only one to say so: the bridge refuses hello', async () => {
    const name = 'textworld-express/coin';
    await expect(openBridge({ name, command: 'python3', args: ['-S', script, name] })).rejects.toThrow(
      new Error(`bridge ${name}: ${packageMissing}`),
    );
  });
});
