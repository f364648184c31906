/** Times the narrow and the wide build on the kernels that take most of the time of a training step. */

import type { KernelChoice } from '../../engine/kernels/buildChoice.ts';
import { arenaOf } from '../../engine/kernels/createArena.ts';
import { type Build, narrowUrl } from '../../engine/kernels/load.ts';
import { readBytes } from '../../engine/kernels/moduleFrom.ts';
import { compileOptimised } from '../../engine/kernels/optimised.ts';
import { emptyMemory } from '../../engine/kernels/wide.ts';

/** Rounds of each build. The least time counts, because other programs can only make a round longer. */
const ROUNDS = 15;

/** Rows, inner size and columns of the products: a minibatch of the built-in policies has some hundred rows. */
const [ROWS, INNER, COLUMNS] = [128, 64, 64];

/** A round of kernels on buffers of its own. */
function openRound(module: WebAssembly.Module, build: Build): () => void {
  const arena = arenaOf(module, emptyMemory(build));
  const { kernels } = arena;
  const filled = (count: number): number => {
    const at = arena.floats(count);
    kernels.randomUniform(1, 2, count, -0.5, 0.5, at);
    return at;
  };
  const [a, b, c] = [filled(ROWS * INNER), filled(INNER * COLUMNS), filled(ROWS * COLUMNS)];
  const [w, m, v, bias] = [filled(ROWS * INNER), filled(ROWS * INNER), arena.floats(ROWS * INNER), filled(COLUMNS)];
  const scratch = arena.reserve(1 << 17);
  return () => {
    kernels.matmulNN(ROWS, COLUMNS, INNER, a, INNER, b, COLUMNS, c, COLUMNS, 2, bias, scratch);
    kernels.matmulNT(ROWS, INNER, COLUMNS, c, COLUMNS, b, COLUMNS, a, INNER, 0, 0, 0, scratch);
    kernels.matmulTN(INNER, COLUMNS, ROWS, a, INNER, c, COLUMNS, b, COLUMNS, 0, 0, scratch);
    kernels.activationForward(1, c, a, ROWS * COLUMNS);
    kernels.adamw(ROWS * INNER, w, a, m, v, 1e-3, 0.9, 0.999, 1e-8, 0.01, 10, 1000);
  };
}

/** A time in ms, to the nearest 100 ns. */
const rounded = (ms: number): number => Math.round(ms * 1e4) / 1e4;

/** The faster build, by the least times of rounds that alternate. @param now a clock in ms */
export function choose(
  narrow: () => void,
  wide: () => void,
  module: WebAssembly.Module,
  now: () => number,
): KernelChoice {
  const least = [Infinity, Infinity];
  for (let i = 0; i < ROUNDS; i++) {
    for (const [k, round] of [narrow, wide].entries()) {
      const startMs = now();
      round();
      least[k] = Math.min(least[k], now() - startMs);
    }
  }
  const [narrowMs, wideMs] = least;
  const isWide = wideMs < narrowMs;
  return {
    build: isWide ? 'wide' : 'narrow',
    buildReason: `a round of kernels takes the wide build ${(wideMs / narrowMs).toFixed(2)} of the time of the narrow build`,
    narrowMs: rounded(narrowMs),
    wideMs: rounded(wideMs),
    module: isWide ? module : null,
  };
}

/** Times the narrow build beside `wide`, both compiled by the optimising compiler alone. */
export async function fasterOf(build: Build, wide: WebAssembly.Module, now: () => number): Promise<KernelChoice> {
  const narrow = compileOptimised(await readBytes(narrowUrl(build)), false);
  return choose(openRound(narrow, build), openRound(wide, build), wide, now);
}
