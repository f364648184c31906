/**
 * Costs in addition to the time per update: bytes, and the time to the first update. Measured on dist/ and wasm/, as
 * the package contains them.
 */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { median } from './sampling.ts';

const run = promisify(execFile);
const root = new URL('../', import.meta.url);
const path = (file: string): string => fileURLToPath(new URL(file, root));

function gzipped(bytes: Uint8Array | string): number {
  return gzipSync(bytes, { level: 9 }).length;
}

export interface Sizes {
  /** Bytes after gzip -9. */
  readonly engine: number;
  readonly edge: number;
}

function needBuild(): void {
  if (!existsSync(path('dist/src/edge.js'))) throw new Error('dist/ is missing; run npm run build');
}

/**
 * The size of the engine's module, and the size of an upload to an edge worker: the edge module and unbraid/edge,
 * bundled and minified.
 */
export async function sizes(): Promise<Sizes> {
  needBuild();
  const engine = gzipped(readFileSync(path('dist/wasm/unbraid.wasm')));
  const bundle = await rolldown({ input: path('dist/src/edge.js'), platform: 'browser' });
  const { output } = await bundle.generate({ format: 'esm', minify: true, codeSplitting: false });
  await bundle.close();
  return { engine, edge: gzipped(readFileSync(path('dist/wasm/unbraid.edge.wasm'))) + gzipped(output[0].code) };
}

const firstUpdate = `
const start = performance.now();
const { train } = await import(process.argv[1]);
await train(
  { env: 'household', iterations: 1, groupsPerIteration: 1, numIterations: 1, minibatches: 1, coldStart: 0, evalEpisodes: 1, couplingPairs: 1 },
  { onProgress({ phase, done }) {
    if (phase !== 'train' || done !== 1) return;
    console.log(performance.now() - start);
    process.exit(0);
  } },
);`;

/**
 * Milliseconds in a new process from before the import of the package to the end of the first update on household;
 * median of five.
 */
export async function startUpMs(): Promise<number> {
  needBuild();
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    // In the package's own folder, its name resolves to the exports that users import.
    const options = { cwd: fileURLToPath(root) };
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', firstUpdate, 'unbraid'], options);
    times.push(Number(stdout));
  }
  return median(times);
}
