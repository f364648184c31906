import { describe, expect, test } from 'vitest';
import { type KernelName, kernelWork, type Views } from '../../../src/cli/profile/kernelWork.ts';

/** Memory with 32-bit integers, floats and bytes from the addresses given. */
function views(parts: { i32?: [number, number[]]; f32?: [number, number[]]; i8?: [number, number[]] }): Views {
  const buffer = new ArrayBuffer(1024);
  const all = { i32: new Int32Array(buffer), f32: new Float32Array(buffer), i8: new Int8Array(buffer) };
  if (parts.i32) all.i32.set(parts.i32[1], parts.i32[0] / 4);
  if (parts.f32) all.f32.set(parts.f32[1], parts.f32[0] / 4);
  if (parts.i8) all.i8.set(parts.i8[1], parts.i8[0]);
  return all;
}

const none = views({});
const count = (name: KernelName, args: readonly number[], memory = none): [number, number] => {
  const { operations, bytes } = kernelWork[name](args, memory);
  return [operations, bytes];
};

describe('counts by hand', () => {
  test('a product of 2 x 3 with 3 x 4: 2 * 24 operations; 6 + 12 floats read, 8 written, read too if added to, 4 of a bias', () => {
    const args = (mode: number): number[] => [2, 4, 3, 100, 3, 200, 4, 300, 4, mode, 0, 0];
    expect(count('matmulNN', args(0))).toEqual([48, 104]);
    expect(count('matmulNN', args(1))).toEqual([48, 136]);
    expect(count('matmulNN', args(2))).toEqual([48, 120]);
    expect(count('matmulTN', args(1))).toEqual([48, 136]);
  });

  test('the same with the slope of tanh: three operations an element of C, whose activation is read', () => {
    expect(count('matmulNT', [2, 4, 3, 100, 3, 200, 3, 300, 4, 0, 1, 400, 0])).toEqual([72, 136]);
  });

  test('the same with the sums of 3 rows of 4 columns added: 12 operations; 4 floats read and written', () => {
    expect(count('matmulTN', [2, 4, 3, 100, 2, 200, 4, 300, 4, 0, 400, 0])).toEqual([60, 136]);
  });

  test('AdamW: 16 operations, four floats read and three written each', () => {
    expect(count('adamw', [10, 0, 0, 0, 0])).toEqual([160, 280]);
  });

  test('a sum of looked-up rows: an addition a float; rows, features, offsets and results moved', () => {
    // Two rows of three features in all, width 4.
    const memory = views({ i32: [64, [0, 1, 3]] });
    expect(count('embeddingBag', [2, 4, 0, 64, 0, 0, 0, 0], memory)).toEqual([12, 4 * (12 + 3 + 3 + 8)]);
    expect(count('embeddingBag', [2, 4, 0, 64, 0, 0, 2, 0], memory)).toEqual([12, 4 * (12 + 3 + 3 + 8 + 4)]);
    expect(count('embeddingBagBackward', [2, 4, 0, 64, 0, 0, 0], memory)).toEqual([12, 4 * (24 + 3 + 3 + 8)]);
    expect(count('embeddingBagBackward', [2, 4, 0, 64, 0, 0, 32], memory)).toEqual([12, 4 * (24 + 3 + 3 + 8) + 3]);
  });

  test('rows put where an index says: read and written; added: an addition a float, and what they are added to is read', () => {
    expect(count('scatterRows', [2, 4, 0, 0, 0, 0])).toEqual([0, 4 * (2 + 16)]);
    expect(count('scatterRows', [2, 4, 0, 0, 0, 1])).toEqual([8, 4 * (2 + 24)]);
  });

  test('of a table with a byte per row, only touched rows count', () => {
    const touched = views({ i8: [32, [1, 0, 1, 0, 0]] });
    expect(count('addRows', [5, 4, 0, 0, 0, 32], touched)).toEqual([8, 5 + 2 + 12 * 8]);
    expect(count('clearRows', [5, 4, 0, 32], touched)).toEqual([0, 5 + 4 * 8]);
  });

  test('attention of 1 query to 3 keys in one head of width 2: two products, 24 a score, a division', () => {
    expect(count('attentionForward', [1, 1, 2, 3, 0, 1])).toEqual([
      2 * (2 * 1 * 3 * 2) + 24 * 3 + 1,
      4 * (2 * 2 + 2 * 6 + 3) + 3,
    ]);
  });

  test('only labelled rows count in the cross-entropy, only states with a weight in cloning', () => {
    const labels = views({ i8: [32, [1, -1, 0]] });
    expect(count('binaryCrossEntropy', [3, 0, 32, 0.5, 0.5, 0, 0, 0], labels)).toEqual([2 * 82, 27]);
    const cloning = views({ i32: [64, [0, 2, 5]], f32: [128, [0, 1]], i8: [32, [1, 1, 1, 0, -1]] });
    expect(count('cloningLoss', [2, 64, 0, 32, 128, 1, 0, 0], cloning)).toEqual([44 + 22 * 3 + 33, 13 * 3 + 20]);
  });

  test('Cholesky factorisation of 3 x 3 by hand: 2, 6 and 12 operations of its rows; a solution: 3 + 5 + 7 and 6', () => {
    expect(count('cholesky', [3])).toEqual([20, 8 * 12]);
    expect(count('choleskySolve', [3])).toEqual([21, 8 * 18]);
  });

  test('only filled slots count in a mean', () => {
    const mask = views({ i8: [32, [1, 0, 1, 0, 0, 0]] });
    expect(count('meanPool', [2, 3, 4, 32, 0, 0, 0], mask)).toEqual([(2 + 2) * 4 + 2, 6 + 16 * (2 + 2)]);
  });

  test('reading states: features read and written, offsets, numbers, and what is found of each', () => {
    // States 1 and 2 of three, with 2 and 1 actions of 3 and 1, and of 2 features; with 4 and 5 features of their own.
    const offsets = [64, [0, 1, 3, 4, 0, 6, 10, 15, 0, 5, 8, 9, 11]] as [number, number[]];
    const args = [1, 3, 0, 0, 0, 2, 64, 64 + 16, 0, 64 + 32];
    expect(count('recogniseStates', args, views({ i32: offsets }))).toEqual([0, 4 * (2 * (9 + 6) + 2 * (2 + 5) + 3)]);
    const rows = views({ i32: [64, [0, 2, 3, 1, 0, 1]] });
    expect(count('gatherRowValues', [2, 0, 0, 0, 64, 0], rows)).toEqual([0, 4 * (2 * 3 + 4 * 2 + 1)]);
    expect(count('scatterRowValues', [3, 64 + 12, 64, 0, 0], rows)).toEqual([0, 4 * (2 * (1 + 2 + 1) + 3 * 3)]);
  });

  test('moving is no operation: copies and fills have bytes alone', () => {
    expect(count('copyBytes', [0, 0, 10])).toEqual([0, 20]);
    expect(count('fill', [0, 10, 0])).toEqual([0, 40]);
    expect(count('gatherRows', [2, 4, 0, 0, 0, 0])).toEqual([0, 4 * 2 * (1 + 8)]);
  });
});
