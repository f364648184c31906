/**
 * Compares the licences of all packages in the lock files with the lists in scripts/package/allowed.ts. Reads no other
 * file.
 */
import { readFileSync } from 'node:fs';
import { isAllowed } from './package/allowed.ts';

const locks = [
  'package-lock.json',
  'site/package-lock.json',
  'test/runtime/package-lock.json',
  'bench/peers/package-lock.json',
];
/** Packages of these that are no tools are part of what a user receives: the package, and the pages of the site. */
const shipping = locks.slice(0, 2);

/**
 * Packages without a licence in a lock file: Deno's builds for other platforms than the one that wrote the file. The
 * package deno has the licence MIT.
 */
const unnamed = /^node_modules\/@deno\//;

interface Locked {
  readonly license?: string;
  readonly dev?: boolean;
  /** Of the site's lock: unbraid itself. */
  readonly link?: boolean;
}

let wrong = 0;
let count = 0;
for (const lock of locks) {
  const { packages } = JSON.parse(readFileSync(lock, 'utf8')) as { packages: Record<string, Locked> };
  for (const [path, { license, dev, link }] of Object.entries(packages)) {
    if (path === '' || link || (license === undefined && unnamed.test(path))) continue;
    count++;
    const use = shipping.includes(lock) && !dev ? 'shipped' : 'tool';
    if (isAllowed(license ?? '', use)) continue;
    wrong++;
    console.log(
      `licences: ${lock}: ${path} must have a licence on the ${use} list in scripts/package/allowed.ts, got ${license ?? 'none'}; use another package`,
    );
  }
}
if (wrong > 0) process.exitCode = 1;
else console.log(`licences: ${count} packages in ${locks.length} lock files, all accepted`);
