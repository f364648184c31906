import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { expect, test } from 'vitest';

const path = (file: string): string => fileURLToPath(new URL(`../../${file}`, import.meta.url));
const gzipped = (bytes: Uint8Array | string): number => gzipSync(bytes, { level: 9 }).length;

test('the edge build, module and minified JavaScript, takes at most 32.0 kB gzipped', async () => {
  const bundle = await rolldown({ input: path('src/edge.ts'), platform: 'browser' });
  const { output } = await bundle.generate({ format: 'esm', minify: true, codeSplitting: false });
  await bundle.close();
  const code = gzipped(output[0].code);
  // The parts of a bundle that is not empty.
  expect(output[0].exports.sort()).toEqual(['openPolicy', 'openPolicyFrom']);
  expect(code).toBeGreaterThan(15_000);
  expect(code + gzipped(readFileSync(path('wasm/unbraid.edge.wasm')))).toBeLessThanOrEqual(32_000);
});
