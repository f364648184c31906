/**
 * Costs in addition to the time per update: bytes, and the time to the first update. Measured on dist/ and wasm/, as
 * the package contains them.
 */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import type { Sizes, StartUp } from './result.ts';
import { median } from './sampling.ts';

const run = promisify(execFile);
const root = new URL('../', import.meta.url);
const path = (file: string): string => fileURLToPath(new URL(file, root));

function gzipped(bytes: Uint8Array | string): number {
  return gzipSync(bytes, { level: 9 }).length;
}

function needBuild(): void {
  if (!existsSync(path('dist/src/edge.js'))) throw new Error('dist/ is missing; run npm run build');
}

/**
 * The size of each build of the engine's module, and the size of an upload to an edge worker: the edge module and
 * unbraid/edge,
 * bundled and minified.
 */
export async function sizes(): Promise<Sizes> {
  needBuild();
  const modules = readdirSync(path('dist/wasm')).filter(
    (file) => /^unbraid.*\.wasm$/.test(file) && !file.includes('edge'),
  );
  const engine = modules.sort().map((file) => [file, gzipped(readFileSync(path(`dist/wasm/${file}`)))] as const);
  const bundle = await rolldown({ input: path('dist/src/edge.js'), platform: 'browser' });
  const { output } = await bundle.generate({ format: 'esm', minify: true, codeSplitting: false });
  await bundle.close();
  return {
    engine: Object.fromEntries(engine),
    edge: gzipped(readFileSync(path('dist/wasm/unbraid.edge.wasm'))) + gzipped(output[0].code),
  };
}

/** Imports the library, or the parts of the command that choose the build, and trains up to the first update. */
const importing = {
  library: "const { train } = await import('unbraid'); const crew = undefined;",
  command: `
const [{ train }, { openCrew }, { spawnWorker }, { commandKernels }] = await Promise.all(
  ['src/train/trainer.js', 'src/parallel/crew.js', 'workers/spawn.node.js', 'src/cli/width/commandKernels.js'].map(
    (file) => import('./dist/' + file),
  ),
);
const crew = await openCrew(spawnWorker, 1, { kernels: commandKernels('auto') });`,
} as const satisfies Record<keyof StartUp, string>;

const firstUpdate = `
await train(
  { env: 'household', iterations: 1, groupsPerIteration: 1, numIterations: 1, minibatches: 1, coldStart: 0, evalEpisodes: 1, couplingPairs: 1 },
  { ...(crew && { crew }), onProgress({ phase, done }) {
    if (phase !== 'train' || done !== 1) return;
    console.log(performance.now() - start - (waitedMs() - waited));
    process.exit(0);
  } },
);`;

/** The time that the main thread has waited for a processor which other programs use; Linux reports it in ns. */
const clock = `
const { readFileSync } = process.getBuiltinModule('node:fs');
const waitedMs = () => {
  try { return Number(readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ')[1]) / 1e6; } catch { return 0; }
};
const waited = waitedMs();
const start = performance.now();`;

/**
 * Milliseconds in a new process from before the import of the package to the end of the first update on household,
 * without those in which the main thread waits for a processor that other programs use; medians of seven. The command
 * has more modules to load, as single files. Its timing of both builds starts after the second iteration at the
 * earliest, so it is not part of this time.
 */
export async function startUpMs(): Promise<StartUp> {
  needBuild();
  const times: Record<keyof StartUp, number[]> = { library: [], command: [] };
  for (let i = 0; i < 7; i++) {
    for (const way of ['library', 'command'] as const) {
      const script = `${clock}${importing[way]}${firstUpdate}`;
      // In the package's own folder, its name resolves to the exports that users import.
      const options = { cwd: fileURLToPath(root) };
      const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], options);
      times[way].push(Number(stdout));
    }
  }
  return { library: median(times.library), command: median(times.command) };
}
