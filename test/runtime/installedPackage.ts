/** The package as its users meet it: the packed tarball in the node_modules of a project of their own. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { newest, readManifest, refuseOldBuild, root } from '../../scripts/package/build.ts';

/** What `npm run package` writes. */
export function tarball(): string {
  refuseOldBuild('installedPackage');
  const { version, files } = readManifest();
  const path = join(root, `unbraid-${version}.tgz`);
  const packed = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const pages = files.filter((file) => file !== 'dist');
  const [ms, newer] = newest([
    ...['dist/bundled.json', 'package.json', 'README.md', 'scripts/package.ts', 'scripts/package'],
    ...pages,
  ]);
  if (ms > packed) throw new Error(`installedPackage: ${newer} is newer than ${path}; run npm run package`);
  return path;
}

/** Paths of the files in the tarball. */
export function packedFiles(): string[] {
  const listing = execFileSync('tar', ['-tzf', tarball()], { encoding: 'utf8' });
  return listing
    .split('\n')
    .filter((line) => line.startsWith('package/'))
    .map((line) => line.slice('package/'.length))
    .sort();
}

export interface Project {
  readonly folder: string;
  remove(): void;
}

/** A new folder with `files` (path to content). */
export function projectWith(files: Readonly<Record<string, string | Uint8Array>>): Project {
  const folder = mkdtempSync(join(tmpdir(), 'unbraid-installed-'));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return { folder, remove: () => rmSync(folder, { recursive: true }) };
}

/** A project that has the package and what it depends on, and `files` (path to content). */
export function projectWithPackage(files: Readonly<Record<string, string | Uint8Array>>): Project {
  const project = projectWith({
    'package.json': '{ "type": "module", "dependencies": { "unbraid": "*" } }\n',
    ...files,
  });
  const modules = join(project.folder, 'node_modules');
  mkdirSync(join(modules, 'unbraid'), { recursive: true });
  execFileSync('tar', ['-xzf', tarball(), '-C', join(modules, 'unbraid'), '--strip-components=1']);
  for (const name of Object.keys(readManifest().dependencies ?? {})) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  return project;
}
