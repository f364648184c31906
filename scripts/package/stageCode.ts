/**
 * Copies the modules of dist/ to the stage. Code of packages that a consumer does not install goes into dist/vendor/.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { transform } from 'esbuild';
import { type OutputChunk, rolldown } from 'rolldown';
import { exportedFiles, importsOf, type Manifest, packageImported, reachable, root } from './build.ts';
import { packageOf, packagesIn } from './packagesIn.ts';

/** The map of a compiled file to its TypeScript source. */
function compiled(id: string): { code: string; map: string } | null {
  const map = `${id}.map`;
  return existsSync(map) ? { code: readFileSync(id, 'utf8'), map: readFileSync(map, 'utf8') } : null;
}

/**
 * Writes `files` to the stage with imports of packages replaced by imports of dist/vendor/.
 *
 * @param files paths below dist/
 * @param kept packages that stay imports
 * @param platform `browser` for modules that browsers load: their helpers import nothing of Node
 * @param sourcemap whether their source maps are written, too
 * @returns names of the packages in dist/vendor/
 */
async function inline(
  stage: string,
  files: readonly string[],
  kept: readonly string[],
  platform: 'browser' | 'node',
  sourcemap: boolean,
): Promise<string[]> {
  const bundle = await rolldown({
    input: Object.fromEntries(files.map((path) => [path.replace(/\.js$/, ''), join(root, 'dist', path)])),
    platform,
    // Relative imports of our own modules stay as they are.
    external: (id, importer) =>
      id.startsWith('node:') ||
      kept.includes(packageImported(id) ?? '') ||
      (importer !== undefined && id.startsWith('.') && packageOf(importer) === null),
    makeAbsoluteExternalsRelative: false,
    plugins: [{ name: 'compiled', load: compiled }],
    onLog(level, log) {
      if (level === 'warn') throw new Error(`package: ${log.message}`);
    },
  });
  const { output } = await bundle.generate({
    format: 'esm',
    sourcemap,
    entryFileNames: '[name].js',
    chunkFileNames: `vendor/${platform}/[name].js`,
    codeSplitting: {
      groups: [
        {
          debugName: 'packages',
          name: (id) => packageOf(id)?.replace('@', '').replace('/', '-') ?? null,
          test: /node_modules/,
        },
      ],
    },
  });
  await bundle.close();
  for (const file of output) {
    const path = join(stage, 'dist', file.fileName);
    mkdirSync(dirname(path), { recursive: true });
    const vendor = file.type === 'chunk' && !file.isEntry;
    if (vendor) writeFileSync(path, (await transform(file.code, { minify: true, legalComments: 'none' })).code);
    else if (file.type === 'chunk') writeFileSync(path, file.code);
    else if (!file.fileName.startsWith('vendor/')) writeFileSync(path, file.source);
  }
  refuseStrangers(output.filter((file): file is OutputChunk => file.type === 'chunk'));
  return packagesIn(output);
}

/** @throws if a module of unbraid was moved into a chunk: two copies of it would exist */
function refuseStrangers(chunks: readonly OutputChunk[]): void {
  for (const { isEntry, fileName, moduleIds } of chunks) {
    const strange = isEntry ? undefined : moduleIds.find((id) => packageOf(id) === null && !id.startsWith('\0'));
    if (strange) throw new Error(`package: dist/${fileName} must contain packages only, got ${strange}`);
  }
}

/** The comment that names the source map of a module. */
const mapComment = /\n\/\/# sourceMappingURL=\S+\s*$/;

/**
 * Stages the modules, and the source maps of those that a program can import. The modules of the command have none:
 * they would be a quarter of the package.
 *
 * @returns names of the packages whose code the stage contains
 */
export async function stageCode(stage: string, manifest: Manifest): Promise<string[]> {
  const kept = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
  const dist = join(root, 'dist');
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' }).sort();
  const inlined = files.filter(
    (path) =>
      /^(?:src|workers)\/.*\.js$/.test(path) &&
      importsOf(readFileSync(join(dist, path), 'utf8')).some((specifier) => {
        const name = packageImported(specifier);
        return name !== null && !kept.includes(name);
      }),
  );
  const library = reachable(exportedFiles(manifest.exports), '.js');
  const isCommand = (path: string): boolean => /^src\/.*\.js$/.test(path) && !library.has(`dist/${path}`);
  for (const path of files) {
    if (inlined.includes(path) || /\.d\.ts$|^bundled\.json$/.test(path) || !/\.\w+$/.test(path)) continue;
    const ofCommand = isCommand(path.replace(/\.map$/, ''));
    if (ofCommand && path.endsWith('.map')) continue;
    const to = join(stage, 'dist', path);
    cpSync(join(dist, path), to);
    // The copy keeps its mode: the command is executable.
    if (ofCommand) writeFileSync(to, readFileSync(to, 'utf8').replace(mapComment, '\n'));
  }
  const [shared, command] = [true, false].map((is) => inlined.filter((path) => library.has(`dist/${path}`) === is));
  const packages = [
    ...(JSON.parse(readFileSync(join(dist, 'bundled.json'), 'utf8')) as string[]),
    ...(await inline(stage, shared, kept, 'browser', true)),
    ...(await inline(stage, command, kept, 'node', false)),
  ];
  return [...new Set(packages)].sort();
}

/**
 * Stages the declarations that the exports reach.
 *
 * @throws if one imports a package that a consumer does not install: its types would be `any`
 */
export function stageDeclarations(stage: string, { exports, dependencies = {} }: Manifest): void {
  for (const path of reachable(exportedFiles(exports), '.d.ts')) {
    cpSync(join(root, path), join(stage, path));
    for (const specifier of importsOf(readFileSync(join(root, path), 'utf8'))) {
      const name = packageImported(specifier);
      if (name === null || Object.hasOwn(dependencies, name)) continue;
      throw new Error(`package: ${path} must import declared dependencies only, got ${name}; name the type in unbraid`);
    }
  }
}
