import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isAllowed } from '../../scripts/package/allowed.ts';
import { root } from '../../scripts/package/build.ts';
import { packageOf } from '../../scripts/package/packagesIn.ts';
import { thirdPartyText } from '../../scripts/package/thirdParty.ts';
import { projectWith } from './installedPackage.ts';

describe('the licence lists', () => {
  test.each([
    ['MIT', true, true],
    ['(MIT OR GPL-3.0-only)', true, true],
    ['Apache-2.0 AND MIT', true, true],
    ['Apache-2.0 AND LGPL-3.0-or-later', false, true],
    ['MPL-2.0', false, true],
    ['MIT AND GPL-3.0-only', false, false],
    ['', false, false],
  ])('decide on %j', (expression, shipped, tool) => {
    expect([isAllowed(expression, 'shipped'), isAllowed(expression, 'tool')]).toEqual([shipped, tool]);
  });

  test('are compared with every package of the lock files, tools apart from what a consumer installs', () => {
    const lock = (packages: object): string => JSON.stringify({ packages: { '': {}, ...packages } });
    const { folder, remove } = projectWith({
      'package-lock.json': lock({
        'node_modules/css': { license: 'MPL-2.0' },
        'node_modules/tool': { license: 'MPL-2.0', dev: true },
      }),
      'site/package-lock.json': lock({
        'node_modules/page': { license: 'MPL-2.0' },
        'node_modules/builder': { license: 'MPL-2.0', dev: true },
        'node_modules/unbraid': { link: true },
      }),
      'test/runtime/package-lock.json': lock({ 'node_modules/unknown': { dev: true }, 'node_modules/@deno/x': {} }),
      'bench/peers/package-lock.json': lock({ 'node_modules/peer': { license: 'MIT' } }),
    });
    try {
      const args = [join(root, 'scripts/licences.ts')];
      const { stdout, status } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
      const rule = (use: string): string => `must have a licence on the ${use} list in scripts/package/allowed.ts`;
      expect(stdout.trim().split('\n')).toEqual([
        `licences: package-lock.json: node_modules/css ${rule('shipped')}, got MPL-2.0; use another package`,
        `licences: site/package-lock.json: node_modules/page ${rule('shipped')}, got MPL-2.0; use another package`,
        `licences: test/runtime/package-lock.json: node_modules/unknown ${rule('tool')}, got none; use another package`,
      ]);
      expect(status).toBe(1);
    } finally {
      remove();
    }
  });

  test('keep a package with another licence out of bundles', () => {
    expect(() => thirdPartyText(['lightningcss'])).toThrow(
      /^package: the licence of lightningcss [\d.]+ must be on the list in scripts\/package\/allowed\.ts, got MPL-2\.0; use another package$/,
    );
  });
});

test('the page of third-party code contains the notices of Apache ECharts and the licence of its d3 parts', () => {
  const text = thirdPartyText(['echarts']);
  expect(text).toContain('Copyright 2017-2026 The Apache Software Foundation');
  expect(text).toContain('`licenses/LICENSE-d3`:');
  expect(text).toContain('## assemblyscript ');
});

test.each([
  ['/a/node_modules/@noble/hashes/sha2.js', '@noble/hashes'],
  ['/a/node_modules/cli-table3/node_modules/string-width/index.js', 'string-width'],
  ['\0rolldown/runtime.js', 'rolldown'],
  ['/a/src/index.ts', null],
])('the package of %j is %j', (id, name) => {
  expect(packageOf(id)).toBe(name);
});
