import { expect, test } from 'vitest';
import { readManifest } from '../../../scripts/package/build.ts';
import { queuePackages } from '../../../src/cli/queue/libraries.ts';

test('the packages that the error names are those of the tests, and peers that no one must install', () => {
  const { dependencies, devDependencies = {}, peerDependencies, peerDependenciesMeta } = readManifest();
  const versions = Object.fromEntries(queuePackages.split(' ').map((each) => each.split('@')));
  const names = Object.keys(versions);
  expect(names).toEqual(['bullmq', 'ioredis']);
  expect(Object.fromEntries(names.map((name) => [name, devDependencies[name]]))).toEqual(versions);
  // A project can use later releases: an exact version would be a conflict in a project with another one.
  expect(peerDependencies).toEqual(Object.fromEntries(names.map((name) => [name, `^${versions[name]}`])));
  expect(peerDependenciesMeta).toEqual(Object.fromEntries(names.map((name) => [name, { optional: true }])));
  expect(dependencies).toBeUndefined();
});
