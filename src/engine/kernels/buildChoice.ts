/** Which build of the kernels computes, and why. */
import type { Width } from './load.ts';

/** The build of the kernels that computes, and the reason. The results are bitwise identical for both. */
export interface BuildChoice {
  readonly build: Width;
  readonly buildReason: string;
  /** ms that a round of the timing took with each build; absent where none was timed. Only the command times. */
  readonly narrowMs?: number;
  readonly wideMs?: number;
}

/** A choice with the module of the wide build; null for the narrow one. */
export interface KernelChoice extends BuildChoice {
  readonly module: WebAssembly.Module | null;
}

/** The choice of a run that does not ask for the wide build. */
export const notWide: KernelChoice = { build: 'narrow', buildReason: 'the wide build was not requested', module: null };
