import { basename, join } from 'node:path';
import { type OutputChunk, rolldown } from 'rolldown';

/** Bundles the worker as wrangler does: code in one module, all else beside it. */
export async function bundleWorker(folder: string): Promise<OutputChunk> {
  const build = await rolldown({
    input: join(folder, 'worker.js'),
    platform: 'browser',
    plugins: [
      {
        name: 'assets',
        async resolveId(id, importer) {
          if (!/\.(wasm|safetensors)$/.test(id)) return null;
          const found = await this.resolve(id, importer, { skipSelf: true });
          return { id: `./${basename(found?.id ?? id)}`, external: true };
        },
      },
    ],
  });
  const { output } = await build.generate({ format: 'esm', minify: true });
  await build.close();
  return output[0];
}
