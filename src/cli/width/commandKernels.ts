/** The build of the kernels that a command computes with: switched off, required, or the faster of both. */

import type { KernelChoice } from '../../engine/kernels/buildChoice.ts';
import type { Build } from '../../engine/kernels/load.ts';
import { mergingObstacle, untriedVersion } from '../../engine/kernels/optimised.ts';
import { openWide } from '../../engine/kernels/wide.ts';
import { type KernelChoices, narrowKernels, wideKernels } from '../../parallel/kernelChoices.ts';
import { usageError } from '../shared/arguments.ts';
import type { Timing } from './timing.ts';
import type { WideRequest } from './wideOption.ts';

/** The choices of a command for the runs of its crews. */
export interface CommandKernels extends KernelChoices {
  /**
   * The choice for modules of a kind, for commands that measure, or that start threads. Under `auto` it waits for the
   * timing, some 400 ms.
   */
  settled(build: Build): Promise<KernelChoice>;
}

/** Parts that a test replaces. */
export interface KernelTools {
  /** The reason why this runtime has no wide build; null if it has. */
  readonly obstacle: () => string | null;
  /** The reason why the wide build is used here only if it is required; null if there is none. */
  readonly untried: () => string | null;
  /** Opens the wide build in this thread. */
  readonly open: (build: Build) => Promise<KernelChoice>;
  /** Starts to time both builds in another thread. */
  readonly time: (build: Build) => Timing;
  /** A clock in ms. */
  readonly now: () => number;
}

/**
 * Shortest rest of a run, in ms, for which both builds are timed. The timing takes some 400 ms of another thread, and
 * a process that ends meanwhile waits for the compiler.
 */
const WORTH_MS = 2000;

const ownKernelTools: KernelTools = {
  obstacle: () => mergingObstacle(),
  untried: () => untriedVersion(),
  open: openWide,
  now: () => performance.now(),
  time(build) {
    // The worker thread is loaded only where builds are timed.
    const timing = import('./timing.ts').then(({ timeInThread }) => timeInThread(build));
    return {
      choice: timing.then(({ choice }) => choice),
      keepAlive: () => void timing.then(({ keepAlive }) => keepAlive()),
    };
  },
};

const narrow = (buildReason: string): KernelChoice => ({ build: 'narrow', buildReason, module: null });

function off(): CommandKernels {
  const choice = narrow('switched off by --wide off or UNBRAID_WIDE=0');
  return { ...narrowKernels, atStart: async () => choice, settled: async () => choice };
}

function required(open: KernelTools['open']): CommandKernels {
  const kernels = wideKernels(async (build) => {
    const choice = await open(build);
    if (choice.build === 'wide') return choice;
    throw usageError(
      `--wide on and UNBRAID_WIDE=1 need the wide build, which cannot run: ${choice.buildReason}; use --wide auto`,
    );
  });
  return { ...kernels, settled: kernels.atStart };
}

function faster({ time, now }: KernelTools): CommandKernels {
  let borderMs: number | null = null;
  const timings = new Map<Build, Timing>();
  const choices = new Map<Build, KernelChoice>();
  const timingOf = (build: Build): Timing => {
    const known = timings.get(build);
    if (known) return known;
    const timing = time(build);
    timings.set(build, timing);
    void timing.choice.then((choice) => choices.set(build, choice));
    return timing;
  };
  return {
    atStart: async (build) =>
      choices.get(build) ??
      narrow('both builds were not timed: what is left of the run after its second iteration is short'),
    atBorder(build, left) {
      // Not before an iteration has been timed: it has also compiled the kernels that the run uses.
      const nowMs = now();
      const iterationMs = nowMs - (borderMs ?? nowMs);
      borderMs = nowMs;
      if (left * iterationMs >= WORTH_MS) timingOf(build);
      return choices.get(build) ?? null;
    },
    settled(build) {
      const timing = timingOf(build);
      timing.keepAlive();
      return timing.choice;
    },
  };
}

/**
 * @throws a usage error if the wide build is required and this runtime has none. Whether the check of the build finds a
 *   difference is known later, and is a usage error then
 */
export function commandKernels(request: WideRequest, tools: KernelTools = ownKernelTools): CommandKernels {
  if (request === 'off') return off();
  const obstacle = tools.obstacle();
  if (request === 'on') {
    if (obstacle !== null)
      throw usageError(`--wide on and UNBRAID_WIDE=1 need the wide build: ${obstacle}; use --wide auto`);
    return required(tools.open);
  }
  const reason = obstacle ?? tools.untried();
  if (reason === null) return faster(tools);
  const choice = narrow(reason);
  return { ...narrowKernels, atStart: async () => choice, settled: async () => choice };
}
