/** The build in dist/ that the package is made from. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** The fields of package.json that the package scripts read. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: unknown;
  readonly files: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional: boolean }>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

export function readManifest(): Manifest {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
}

/**
 * Newest modification time of `paths` with all files in them, in ms, and the path that has it.
 *
 * @param paths relative to the root
 */
export function newest(paths: readonly string[]): [ms: number, path: string] {
  let result: [number, string] = [0, ''];
  for (const path of paths) {
    const folder = statSync(join(root, path)).isDirectory();
    const inside = folder ? readdirSync(join(root, path), { recursive: true, encoding: 'utf8' }) : [];
    for (const file of folder ? inside.sort().map((name) => join(path, name)) : [path]) {
      const { mtimeMs } = statSync(join(root, file));
      if (mtimeMs > result[0]) result = [mtimeMs, file];
    }
  }
  return result;
}

/** @throws if a source is newer than dist/ */
export function refuseOldBuild(name: string): void {
  const built = statSync(join(root, 'dist/bundled.json'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const [ms, path] = newest(['src', 'workers', 'wasm']);
  if (ms > built)
    throw new Error(`${name}: dist/ must be newer than its sources, got a newer ${path}; run npm run build`);
}

/** All paths in `exports` of package.json, whatever their condition. */
export function exportedFiles(exports: unknown): string[] {
  if (typeof exports === 'string') return [exports.replace(/^\.\//, '')];
  return Object.values(exports as Record<string, unknown>).flatMap(exportedFiles);
}

/** Statements at the start of a line, and calls of `import`. */
const imported = /^\s*(?:import|export)\s(?:[^'";]*?\sfrom\s*)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm;

/** The specifiers that a module or declaration imports. */
export function importsOf(text: string): string[] {
  return [...text.matchAll(imported)].map(([, statement, call]) => statement ?? call);
}

/** Name of the package that a bare specifier imports; null for a relative path or a module of the runtime. */
export function packageImported(specifier: string): string | null {
  if (/^(?:\.|node:)/.test(specifier)) return null;
  return /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? null;
}

/**
 * The files of dist/ that are reached from `starts` by relative imports.
 *
 * @param starts paths relative to the root
 * @param suffix `.js` for modules, `.d.ts` for declarations
 */
export function reachable(starts: readonly string[], suffix: '.js' | '.d.ts'): Set<string> {
  const found = new Set<string>();
  const waiting = [...starts];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (found.has(path) || !path.endsWith(suffix)) continue;
    found.add(path);
    for (const specifier of importsOf(readFileSync(join(root, path), 'utf8'))) {
      if (specifier.startsWith('.')) waiting.push(join(dirname(path), specifier.replace(/\.[jt]s$/, suffix)));
    }
  }
  return found;
}
