/** Which build of the kernels the runs of a crew use. */

import { type KernelChoice, notWide } from '../engine/kernels/buildChoice.ts';
import type { Build } from '../engine/kernels/load.ts';
import { openWide } from '../engine/kernels/wide.ts';

/** Answers which kernels a run computes with; `build` is the kind of module that fits the memory of the run. */
export interface KernelChoices {
  /** The choice with which a run starts. */
  atStart(build: Build): Promise<KernelChoice>;
  /**
   * The choice after an iteration of the run; null while it is open.
   *
   * @param left number of iterations that follow in the run
   */
  atBorder(build: Build, left: number): KernelChoice | null;
}

/** The narrow build. */
export const narrowKernels: KernelChoices = { atStart: async () => notWide, atBorder: () => null };

/** The wide build where the runtime can run it. Each kind of module is compiled and checked once. */
export function wideKernels(open: (build: Build) => Promise<KernelChoice> = openWide): KernelChoices {
  const opened = new Map<Build, Promise<KernelChoice>>();
  return {
    atStart(build) {
      const known = opened.get(build) ?? open(build);
      opened.set(build, known);
      return known;
    },
    atBorder: () => null,
  };
}

/** A choice that was made before, for modules of one kind. Runs with a module of another kind have the narrow build. */
export function settledKernels(of: Build, choice: KernelChoice): KernelChoices {
  const narrow: KernelChoice = {
    build: 'narrow',
    buildReason: `the wide build was opened for ${of} modules, and the memory of this run needs another`,
    module: null,
  };
  return { atStart: async (build) => (build === of ? choice : narrow), atBorder: () => null };
}
