/** One case per kernel and shape. */
import { type Arena, matmulScratchBytes } from '../src/engine/kernels/arena.ts';
import { randomStream } from '../src/random.ts';
import type { Case } from './probe.ts';

function filled(arena: Arena, count: number): number {
  const random = randomStream(1, 'bench/kernels', count);
  const pointer = arena.floats(count);
  arena.write(
    pointer,
    Float32Array.from({ length: count }, () => random.uniform() - 0.5),
  );
  return pointer;
}

export function matmulCases(arena: Arena): Case[] {
  const { kernels } = arena;
  const cubes = [64, 128, 256, 512].map((n) => [n, n, n]);
  return [...cubes, [64, 32, 32], [128, 16, 256], [900, 64, 66]].flatMap(([m, n, k]) => {
    const a = filled(arena, m * k);
    const b = filled(arena, k * n);
    const c = filled(arena, m * n);
    const scratch = arena.reserve(matmulScratchBytes(k, n));
    const work = { operations: 2 * m * n * k, bytes: 4 * (m * k + k * n + m * n) };
    const size = `${m}x${n}x${k}`;
    return [
      { name: `matmulNN ${size}`, ...work, call: () => kernels.matmulNN(m, n, k, a, k, b, n, c, n, 0, 0, scratch) },
      { name: `matmulNT ${size}`, ...work, call: () => kernels.matmulNT(m, n, k, a, k, b, k, c, n, 0, 0, 0, scratch) },
      { name: `matmulTN ${size}`, ...work, call: () => kernels.matmulTN(m, n, k, a, m, b, n, c, n, 0, 0, scratch) },
    ];
  });
}

/** Kernels whose work grows with the number of elements. The operations per element are counted in assembly/. */
export function elementwiseCases(arena: Arena): Case[] {
  const { kernels } = arena;
  const n = 16_384;
  const [x, y, p, m, v] = Array.from({ length: 5 }, () => filled(arena, n));
  arena.zero(v, n * 4);
  // Derivatives of exactly 1. Otherwise, repeated backward calls would reduce the gradient to subnormal numbers, which
  // are slow.
  const zeros = arena.floats(n);
  const large = arena.floats(n);
  kernels.fill(large, n, 12);
  const width = 64;
  const rows = n / width;
  const saved = [filled(arena, n), filled(arena, rows)];
  const offsets = arena.floats(n / 8 + 1);
  for (let i = 0; i <= n / 8; i++) arena.i32[(offsets >> 2) + i] = 8 * i;
  const each = (name: string, perElement: number, bytesPerElement: number, call: () => void): Case => ({
    name,
    operations: perElement * n,
    bytes: bytesPerElement * n,
    call,
  });
  return [
    each('tanh forward', 22, 8, () => kernels.activationForward(1, x, y, n)),
    each('tanh backward', 3, 12, () => kernels.activationBackward(1, zeros, y, n)),
    each('relu forward', 1, 8, () => kernels.activationForward(2, x, y, n)),
    each('gelu forward', 30, 8, () => kernels.activationForward(3, x, y, n)),
    each('gelu backward', 39, 12, () => kernels.activationBackward(3, large, p, n)),
    each('addInto', 1, 12, () => kernels.addInto(y, x, n)),
    each('columnSum', 1, 4, () => kernels.columnSum(rows, width, x, width, y, 0)),
    each('sumOfSquares', 2, 4, () => void kernels.sumOfSquares(x, n)),
    each('adamw', 16, 28, () => kernels.adamw(n, p, x, m, v, 1e-3, 0.9, 0.999, 1e-8, 0, 1, 1)),
    each('layerNormForward', 7, 12, () => kernels.layerNormForward(rows, width, x, m, v, y, saved[0], saved[1])),
    each('logSoftmax of 8', 22, 8, () => kernels.logSoftmax(n / 8, offsets, x, 0, 1, y)),
  ];
}

/** A call without work: the cost of a call from JavaScript to Wasm. */
export function nothingCase({ kernels }: Arena): Case {
  return { name: 'nothing', operations: 0, bytes: 0, call: () => kernels.fill(0, 0, 0) };
}

/** Sums of two vectors that fit the first cache, and of two that fit no cache: the bandwidths of the roofline. */
export function streamCases(arena: Arena): Case[] {
  return [1024, 2 ** 24].map((n) => {
    const [to, from] = [arena.floats(n), arena.floats(n)];
    const name = n === 1024 ? 'stream in cache' : 'stream in memory';
    return { name, operations: n, bytes: 12 * n, call: () => arena.kernels.addInto(to, from, n) };
  });
}
