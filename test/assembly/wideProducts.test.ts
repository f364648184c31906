/** The wide builds choose other tiles and other packed layouts; a sum keeps its order, and with it its bits. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { Arena } from '../../src/engine/kernels/arena.ts';
import { createArena } from '../../src/engine/kernels/createArena.ts';
import { randomStream } from '../../src/random.ts';
import { seededFloats } from './workbench.ts';

const open = async (name: string): Promise<Arena> => {
  const bytes = await readFile(new URL(`../../wasm/${name}.wasm`, import.meta.url));
  return createArena(new WebAssembly.Module(new Uint8Array(bytes)));
};
const arenas = [await open('unbraid'), await open('unbraid.wide')];
const base = arenas.map((arena) => arena.reserve(2 << 20))[0];
const values = seededFloats('test/wideProducts');
const random = randomStream(1, 'test/wideProducts/sizes');
const PADDING = 64;

/** Writes the inputs at the same addresses of both arenas, runs both, and returns what each wrote in `out` floats. */
function both(inputs: readonly Float32Array[], out: number, call: (arena: Arena, at: readonly number[]) => void) {
  return arenas.map((arena) => {
    const at: number[] = [];
    let next = base;
    for (const input of inputs) {
      arena.write(next, input);
      at.push(next);
      next += 4 * (input.length + PADDING);
    }
    call(arena, [...at, next]);
    return Buffer.from(arena.u8.slice(at[0], at[0] + 4 * out));
  });
}

/** Sizes beside the edges of tiles, panels and blocks of k. */
function size(most: number): number {
  return random.below(3) === 0 ? random.below(18) : 1 + random.below(most);
}

test('products of 1,500 drawn sizes, modes, row strides and slopes have the same bits in the narrow and the wide build', () => {
  for (let i = 0; i < 1_500; i++) {
    const [m, n] = [size(40), size(70)];
    const k = random.below(10) === 0 ? 254 + random.below(6) : size(40);
    const variant = (['NN', 'NT', 'TN'] as const)[random.below(3)];
    const mode = random.below(variant === 'NN' ? 3 : 2);
    const [kind, gap, summed] = [random.below(3), random.below(3), random.below(2)];
    const [widthA, heightA] = variant === 'TN' ? [m + gap, k] : [k + gap, m];
    const [widthB, heightB] = variant === 'NT' ? [k + gap, n] : [n + gap, k];
    const ldc = n + gap;
    const inputs = [
      values(m * ldc),
      values(n),
      values(heightA * widthA),
      values(heightB * widthB),
      values(m * ldc + n),
    ];
    // The sums of a TN product lie directly behind its result.
    const [narrow, wide] = both(inputs, m * ldc + PADDING + n, ({ kernels }, [c, sums, a, b, other, scratch]) => {
      const operands = [m, n, k, a, widthA, b, widthB, c, ldc, mode] as const;
      if (variant === 'NN') kernels.matmulNN(...operands, other, scratch);
      else if (variant === 'NT') kernels.matmulNT(...operands, kind, kind ? other : 0, scratch);
      else kernels.matmulTN(...operands, summed ? sums : 0, scratch);
    });
    expect(wide.equals(narrow), `${variant} ${m} x ${n} x ${k}, mode ${mode}, kind ${kind}, gap ${gap}`).toBe(true);
  }
});

test('Gram matrices of rows and of pairs have the same bits in the narrow and the wide build', () => {
  for (let i = 0; i < 150; i++) {
    const [ni, nj, kx, kd] = [size(80), size(80), size(40), size(40)];
    const ldk = nj + random.below(3);
    const factors = [values(ni * kx), values(ni * kd), values(nj * kx), values(nj * kd)];
    const inputs = [values(ni * ldk), values(ni * ldk), values(2 * ni * ldk), ...factors];
    const out = 4 * ni * ldk + 2 * PADDING;
    const [above, bias] = [random.below(2) ? ni : random.below(20), random.below(2)];
    const [narrow, wide] = both(inputs, out, ({ kernels }, [k, kBias, sum, xi, di, xj, dj, work]) =>
      kernels.gramRows(ni, xi, di, nj, xj, dj, kx, kd, above, k, kBias, bias, sum, ldk, work),
    );
    expect(wide.equals(narrow), `rows ${ni} x ${nj}, ${kx} and ${kd}`).toBe(true);
    const sums = [values(2 * ni * nj), values(2 * ni * nj), values(ni * nj)];
    const [sumNarrow, sumWide] = both(sums, 4 * ni * nj + PADDING, ({ kernels }, [out, sum, k]) => {
      kernels.gramAdd(ni, nj, k, nj, sum);
      kernels.gramPut(ni, nj, sum, nj, out, nj);
    });
    expect(sumWide.equals(sumNarrow), `sum of ${ni} x ${nj}`).toBe(true);
  }
});

test('Cholesky factors and solutions have the same bits in the narrow and the wide build', () => {
  for (let n = 0; n < 70; n++) {
    const matrix = Float64Array.from(values(n * n));
    for (let i = 0; i < n; i++) matrix[i * (n + 1)] = n + 1;
    const doubles = (x: Float64Array): Float32Array => new Float32Array(x.buffer);
    const inputs = [doubles(matrix), doubles(Float64Array.from(values(n)))];
    const [narrow, wide] = both(inputs, 2 * n * (n + 1) + PADDING, ({ kernels }, [a, x]) => {
      kernels.cholesky(n, a, n);
      kernels.choleskySolve(n, a, n, x);
    });
    expect(wide.equals(narrow), `${n} rows`).toBe(true);
  }
});
