import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { resolveBridge } from '../../../src/env/bridge/resolveBridge.node.ts';
import { environmentTable } from '../../../src/env/names.ts';
import { openTextBridge } from './openText.ts';

const script = fileURLToPath(new URL('../../../bridges/textworld_express_bridge.py', import.meta.url));
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
      `env: no environment has the name ${name}; choose from ${environmentTable.map((form) => form.name).join(', ')}`,
    );
  });

  it('starts a program of your own, its words cut at spaces', async () => {
    const name = 'exec:python3  my_bridge.py --level 2 ';
    expect(resolveBridge(name)).toEqual({ name, command: 'python3', args: ['my_bridge.py', '--level', '2'] });
    const program = fileURLToPath(new URL('fixtures/bridgeProgram.mjs', import.meta.url));
    const bridge = await openTextBridge(resolveBridge(`exec:${process.execPath} ${program}`));
    const first = await bridge.create().reset({ seed: 1, split: 'train' });
    await bridge.close();
    expect(first.info.admissibleActions.length).toBeGreaterThan(0);
  });

  it.each(['exec:', 'exec:  '])('needs a command after "%s"', (name) => {
    expect(() => resolveBridge(name)).toThrow(
      `resolveBridge: exec: must be followed by a command, got ${name}; write exec:COMMAND ARG...`,
    );
  });

  it('reports that Python is missing', () => {
    vi.stubEnv('UNBRAID_PYTHON', 'no-such-python');
    expect(() => resolveBridge('textworld-express/coin')).toThrow(
      'textworld-express/coin: Python is missing (spawnSync no-such-python ENOENT); install Python 3.9 or newer from https://www.python.org/downloads, or set UNBRAID_PYTHON to where it is',
    );
  });

  it('reports that what UNBRAID_PYTHON names is not Python', () => {
    vi.stubEnv('UNBRAID_PYTHON', process.execPath);
    expect(() => resolveBridge('textworld-express/coin')).toThrow(
      `textworld-express/coin: the check of ${script} failed: `,
    );
  });

  it.skipIf(!hasPython)('reports how to install the package', () => {
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

  it.skipIf(!hasPython)('is not the only check: the bridge rejects hello', async () => {
    const name = 'textworld-express/coin';
    await expect(openTextBridge({ name, command: 'python3', args: ['-S', script, name] })).rejects.toThrow(
      expect.objectContaining({ message: `bridge ${name}: ${packageMissing}` }),
    );
  });

  it.each(['textworld-express/coin --x', 'textworld-express/../x', 'textworld-express/coin?a=b;c'])(
    'passes no %s to a program',
    (name) => {
      vi.stubEnv('UNBRAID_PYTHON', 'no-such-python');
      expect(() => resolveBridge(name)).toThrow(`env: no environment has the name ${name}; choose from`);
    },
  );

  it('runs Python isolated, at the check, too', () => {
    const folder = mkdtempSync(join(tmpdir(), 'unbraid-'));
    try {
      const recorder = join(folder, 'python');
      writeFileSync(recorder, `#!/bin/sh\necho "$@" >> ${folder}/calls\n`, { mode: 0o755 });
      vi.stubEnv('UNBRAID_PYTHON', recorder);
      const name = 'textworld-express/coin?numLocations=5';
      expect(resolveBridge(name)).toEqual({ name, command: recorder, args: ['-I', script, name] });
      expect(readFileSync(join(folder, 'calls'), 'utf8')).toBe(`-I ${script} --check ${name}\n`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe.skipIf(!hasPython)('Python as it is started', () => {
  let folder: string;
  let marker: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'unbraid-python-'));
    marker = join(folder, 'imported');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** A module that prints a text when it is imported. */
  function plant(path: string): void {
    writeFileSync(path, `open(${JSON.stringify(marker)}, "w").close()\n`);
  }

  /** The requirement that the bridge reports as missing, when called in `folder`. */
  function check(env: Readonly<Record<string, string>>, flags: readonly string[] = ['-I']): string {
    const { stdout } = spawnSync('python3', [...flags, script, '--check'], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, ...env },
    });
    return stdout;
  }

  it.each([
    ['nothing', {}],
    ['an empty entry', { PYTHONPATH: ':' }],
    ['a relative entry', { PYTHONPATH: '.' }],
  ])('imports no file of the current folder with %s in PYTHONPATH', (_, env) => {
    for (const name of ['json', 'site', 'shutil', 'sitecustomize', 'usercustomize', 'textworld_express', 'encodings']) {
      plant(join(folder, `${name}.py`));
    }
    expect(check(env)).toContain('textworld-express');
    expect(check({ PYTHONPATH: folder })).toContain('textworld-express');
    expect(check({ PYTHONUSERBASE: '.' })).toContain('textworld-express');
    expect(existsSync(marker)).toBe(false);
  });

  it('does so without -I, which is why it is given', () => {
    plant(join(folder, 'json.py'));
    check({ PYTHONPATH: ':' }, []);
    expect(existsSync(marker)).toBe(true);
  });

  it("finds packages of the user and of PYTHONPATH's other folders", () => {
    const packages = join(folder, 'packages');
    mkdirSync(packages);
    writeFileSync(join(packages, 'textworld_express.py'), '');
    const missing = 'textworld-express: the Python package is missing';
    expect(check({ PYTHONPATH: packages, PATH: process.env.PATH ?? '' })).not.toContain(missing);
    const base = join(folder, 'base');
    const inUser = spawnSync('python3', ['-c', 'import site; print(site.getusersitepackages(), end="")'], {
      encoding: 'utf8',
      env: { ...process.env, PYTHONUSERBASE: base },
    }).stdout;
    mkdirSync(inUser, { recursive: true });
    writeFileSync(join(inUser, 'textworld_express.py'), '');
    expect(check({ PYTHONUSERBASE: base })).not.toContain(missing);
  });
});
