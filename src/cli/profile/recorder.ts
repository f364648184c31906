/** Records times and counts of the kernels, environments and phases of a run, in arrays that are allocated once. */
import { instantiateKernels, type Kernels } from '../../engine/kernels/load.ts';
import type { ProfilePhase } from '../../report/profile/profileRecord.ts';
import { type KernelName, kernelWork, type Views } from './kernelWork.ts';

export const kernelNames = Object.keys(kernelWork) as readonly KernelName[];

/** The part of the run to which time is added: a phase, or a gap whose phase is determined at its end. */
type Place = ProfilePhase | 'gap';

/** Times in ms, without correction, and counts of one phase. */
export interface Tally {
  /** From the beginning to the end of the phase, including all other times of this tally. */
  ms: number;
  /** Time that the recorder used to count the operations of kernels. */
  countingMs: number;
  kernelCalls: number;
  environmentMs: number;
  environmentCalls: number;
  /** f64[kernels, 4]: calls, ms, operations, bytes. */
  readonly kernels: Float64Array;
}

const FIELDS = 4;

function emptyTally(): Tally {
  return {
    ms: 0,
    countingMs: 0,
    kernelCalls: 0,
    environmentMs: 0,
    environmentCalls: 0,
    kernels: new Float64Array(FIELDS * kernelNames.length),
  };
}

function clear(tally: Tally): void {
  tally.ms = tally.countingMs = tally.kernelCalls = tally.environmentMs = tally.environmentCalls = 0;
  tally.kernels.fill(0);
}

function move(from: Tally, to: Tally): void {
  to.ms += from.ms;
  to.countingMs += from.countingMs;
  to.kernelCalls += from.kernelCalls;
  to.environmentMs += from.environmentMs;
  to.environmentCalls += from.environmentCalls;
  for (let i = 0; i < to.kernels.length; i++) to.kernels[i] += from.kernels[i];
  clear(from);
}

/** The values of one kernel in a tally. */
export function readKernel({ kernels }: Tally, name: KernelName) {
  const at = FIELDS * kernelNames.indexOf(name);
  return { calls: kernels[at], ms: kernels[at + 1], operations: kernels[at + 2], bytes: kernels[at + 3] };
}

type Call = (...args: number[]) => unknown;

export interface Recorder {
  readonly tallies: Readonly<Record<ProfilePhase, Tally>>;
  /** The phase or gap to which time is added. */
  readonly place: Place;
  /** Adds time to `place` from now on. */
  enter(place: Place): void;
  /** Adds the time and the kernels since the gap began to `phase`. */
  endGap(phase: ProfilePhase): void;
  /** Does work that is no part of the run; its time is not recorded. */
  aside(work: () => void): void;
  /** Sets all tallies to 0. */
  reset(): void;
  /** Wraps `call`, so that it is recorded as a call of the kernel. */
  kernel(name: KernelName, call: Call, views: () => Views): Call;
  /** The kernels of a module on `memory`, each recorded. */
  kernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels;
  /** Wraps a method of an environment, so that its time is recorded until its result is available. */
  environment<A extends unknown[], R>(call: (...args: A) => R): (...args: A) => R;
}

/** @param now a clock in ms */
export function createRecorder(phases: readonly ProfilePhase[], now: () => number): Recorder {
  const tallies = Object.fromEntries(phases.map((phase) => [phase, emptyTally()])) as Record<ProfilePhase, Tally>;
  const gap = emptyTally();
  let place: Place = 'gap';
  let tally = gap;
  let sinceMs = now();
  let waiting = 0;
  let waitingSinceMs = 0;
  const enter = (next: Place): void => {
    const at = now();
    tally.ms += at - sinceMs;
    sinceMs = at;
    place = next;
    tally = next === 'gap' ? gap : tallies[next];
  };
  const leaveEnvironment = (): void => {
    if (--waiting === 0) tally.environmentMs += now() - waitingSinceMs;
  };
  const kernel: Recorder['kernel'] = (name, call, views) => {
    const at = FIELDS * kernelNames.indexOf(name);
    const count = kernelWork[name];
    return (...args) => {
      const startMs = now();
      const result = call(...args);
      const endMs = now();
      const { operations, bytes } = count(args, views());
      const { kernels } = tally;
      kernels[at]++;
      kernels[at + 1] += endMs - startMs;
      kernels[at + 2] += operations;
      kernels[at + 3] += bytes;
      tally.kernelCalls++;
      tally.countingMs += now() - endMs;
      return result;
    };
  };
  return {
    tallies,
    get place() {
      return place;
    },
    enter,
    endGap(phase) {
      enter('gap');
      move(gap, tallies[phase]);
    },
    aside(work) {
      enter(place);
      work();
      sinceMs = now();
    },
    reset() {
      for (const phase of phases) clear(tallies[phase]);
      clear(gap);
    },
    kernel,
    kernels(module, memory) {
      const plain = instantiateKernels(module, memory);
      let views = viewsOf(memory);
      const present = (): Views => {
        if (views.i32.buffer !== memory.buffer) views = viewsOf(memory);
        return views;
      };
      const recorded = kernelNames.map((name) => [name, kernel(name, plain[name] as Call, present)]);
      return { ...plain, ...Object.fromEntries(recorded) };
    },
    environment(call) {
      return (...args) => {
        tally.environmentCalls++;
        if (waiting++ === 0) waitingSinceMs = now();
        const result = call(...args);
        if (result instanceof Promise) result.then(leaveEnvironment, leaveEnvironment);
        else leaveEnvironment();
        return result;
      };
    },
  };
}

function viewsOf({ buffer }: WebAssembly.Memory): Views {
  return { f32: new Float32Array(buffer), i32: new Int32Array(buffer), i8: new Int8Array(buffer) };
}
