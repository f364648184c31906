/** The package as its users meet it: the files that npm would pack, in the node_modules of a project of their own. */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

function refuseOldBuild(): void {
  const built = statSync(join(root, 'dist/browser/unbraid.js'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  for (const folder of ['src', 'workers', 'scripts', 'wasm']) {
    const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).sort();
    const newer = names.find((name) => statSync(join(root, folder, name)).mtimeMs > built);
    if (newer) throw new Error(`installedPackage: ${folder}/${newer} is newer than dist/; run npm run build:js`);
  }
}

/** Paths of the files that npm would pack. */
export function packedFiles(): string[] {
  refuseOldBuild();
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const listing = execFileSync('npm', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const [{ files }] = JSON.parse(listing) as { files: { path: string }[] }[];
  return files.map(({ path }) => path).sort();
}

export interface Project {
  readonly folder: string;
  remove(): void;
}

/** A project that has the package and what it depends on, and `files` (path to text). */
export function projectWithPackage(files: Readonly<Record<string, string | Uint8Array>>): Project {
  const folder = mkdtempSync(join(tmpdir(), 'unbraid-installed-'));
  const modules = join(folder, 'node_modules');
  for (const path of packedFiles()) cpSync(join(root, path), join(modules, 'unbraid', path));
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  for (const name of Object.keys(dependencies)) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  const all = { 'package.json': '{ "type": "module", "dependencies": { "unbraid": "*" } }\n', ...files };
  for (const [path, content] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return { folder, remove: () => rmSync(folder, { recursive: true }) };
}
