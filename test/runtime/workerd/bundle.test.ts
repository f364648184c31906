/** What a worker at the edge carries. */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { OutputChunk } from 'rolldown';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Project, projectWithPackage } from '../installedPackage.ts';
import { snippetFiles } from '../snippets.ts';
import { bundleWorker } from './bundleWorker.ts';

/** The packages from which a bundle took modules. */
function packagesOf({ modules }: OutputChunk): string[] {
  const names = Object.keys(modules).map((id) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(id)?.[1] ?? '');
  return [...new Set(names)].sort();
}

let project: Project;
let chunk: OutputChunk;
beforeAll(async () => {
  project = projectWithPackage(snippetFiles('Workers at the edge (workerd)'));
  chunk = await bundleWorker(project.folder);
});
afterAll(() => project.remove());

describe('the bundle', () => {
  test('takes from the package alone', () => {
    expect(packagesOf(chunk)).toEqual(['', 'unbraid']);
  });

  test('of the package reads no URL, clock or process', () => {
    const readers = Object.entries(chunk.modules)
      .filter(([id]) => id.includes('/node_modules/unbraid/'))
      .map(([id, { code }]) => [
        basename(id),
        /import\.meta|\b(?:Date|performance|process|fetch|Worker)\b/.exec(code ?? '')?.[0],
      ]);
    expect(readers.length).toBeGreaterThan(20);
    expect(readers.filter(([, word]) => word)).toEqual([]);
  });

  test('and its module are at most 32 kB together, both gzipped', () => {
    const wasm = readFileSync(join(project.folder, 'node_modules/unbraid/dist/wasm/unbraid.edge.wasm'));
    const [code, module] = [Buffer.from(chunk.code), wasm].map((bytes) => gzipSync(bytes, { level: 9 }).length);
    console.log(`unbraid/edge: ${code} bytes of code and ${module} of WebAssembly, gzipped`);
    expect(code + module).toBeLessThanOrEqual(32_000);
  });
});
