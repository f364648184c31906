import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findRuntime } from '../../../src/cli/runtime/installed.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'unbraid-installed-'));
  const program = (name: string, says: string): void => {
    writeFileSync(join(folder, name), `#!/bin/sh\necho "${says}"\n`);
    chmodSync(join(folder, name), 0o755);
  };
  program('chromium', 'Chromium 156.0.8078.79 built on Debian GNU/Linux 12');
  program('google-chrome', 'Google Chrome 150.1');
  program('bun', 'no such version');
  program('MiniBrowser', 'WebKitGTK 2.50.6');
  writeFileSync(join(folder, 'deno'), 'not executable');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('a runtime', () => {
  test('is the first of its programs in the PATH', () => {
    const command = [join(folder, 'chromium')];
    expect(findRuntime('chromium', { PATH: `/nowhere:${folder}` })).toEqual({
      name: 'chromium',
      command,
      version: '156.0.8078.79',
    });
  });

  test('is what its variable names', () => {
    const other = join(folder, 'google-chrome');
    const env = { PATH: folder, UNBRAID_CHROMIUM: other };
    expect(findRuntime('chromium', env)).toEqual({ name: 'chromium', command: [other], version: '150.1' });
  });

  test('is the current Node by default', () => {
    const installed = { name: 'node', command: [process.execPath], version: process.versions.node };
    expect(findRuntime('node', {})).toEqual(installed);
  });

  test('that is missing: the error says how to install it and which variable names its program', () => {
    expect(() => findRuntime('deno', { PATH: folder })).toThrow(
      new Error(
        'runtime deno: deno not found; install it (npm install --global deno) or set UNBRAID_DENO to its program',
      ),
    );
    expect(() => findRuntime('firefox', { PATH: folder })).toThrow(
      new Error(
        'runtime firefox: firefox-esr not found; install it (apt-get install firefox-esr) or set UNBRAID_FIREFOX to its program',
      ),
    );
  });

  test('that needs a display: the error names the program that provides it', () => {
    expect(() => findRuntime('webkit', { PATH: folder })).toThrow(
      new Error(
        'runtime webkit: xvfb-run not found; install it (apt-get install libwebkit2gtk-4.1-0 xvfb xauth) or set UNBRAID_WEBKIT to its program',
      ),
    );
  });

  test('whose variable names no program is rejected', () => {
    expect(() => findRuntime('deno', { PATH: '', UNBRAID_DENO: '/nowhere/deno' })).toThrow(
      new Error('runtime deno: UNBRAID_DENO must name a program, got /nowhere/deno; correct or unset it'),
    );
  });

  test('that prints no version is rejected', () => {
    expect(() => findRuntime('bun', { PATH: folder })).toThrow(
      new Error(
        `runtime bun: ${join(folder, 'bun')} --version must print a version, got "no such version\\n"; install it again (npm install --global bun) or set UNBRAID_BUN to another`,
      ),
    );
  });
});
