import { expect, test, vi } from 'vitest';
import { commandKernels, type KernelTools } from '../../../src/cli/width/commandKernels.ts';
import type { KernelChoice } from '../../../src/engine/kernels/buildChoice.ts';

const wide: KernelChoice = {
  build: 'wide',
  buildReason: 'faster',
  module: new WebAssembly.Module(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])),
};
const narrow: KernelChoice = { build: 'narrow', buildReason: 'slower', narrowMs: 1, wideMs: 2, module: null };

/** Tools that record their calls; the timing ends when `end` is called. */
function recording(obstacle: string | null = null, untried: string | null = null) {
  const calls: string[] = [];
  let end!: (choice: KernelChoice) => void;
  const choice = new Promise<KernelChoice>((resolve) => {
    end = resolve;
  });
  const clock = { ms: 0 };
  const tools: KernelTools = {
    now: () => clock.ms,
    obstacle: () => obstacle,
    untried: () => untried,
    async open(build) {
      calls.push(`open ${build}`);
      return choice;
    },
    time(build) {
      calls.push(`time ${build}`);
      return { choice, keepAlive: () => void calls.push('keep alive') };
    },
  };
  return { calls, tools, end, clock };
}

test('off: the narrow build, and nothing is opened or timed', async () => {
  const { calls, tools } = recording();
  const kernels = commandKernels('off', tools);
  const off = { build: 'narrow', buildReason: 'switched off by --wide off or UNBRAID_WIDE=0', module: null };
  expect([await kernels.atStart('single'), await kernels.settled('single')]).toEqual([off, off]);
  expect(kernels.atBorder('single', 9)).toBeNull();
  expect(calls).toEqual([]);
});

test('on: the wide build from the start, opened once for each kind of module', async () => {
  const { calls, tools, end } = recording();
  end(wide);
  const kernels = commandKernels('on', tools);
  for (const build of ['single', 'threads', 'single'] as const) expect(await kernels.atStart(build)).toBe(wide);
  expect(await kernels.settled('single')).toBe(wide);
  expect(kernels.atBorder('single', 9)).toBeNull();
  expect(calls).toEqual(['open single', 'open threads']);
});

test('on where the build cannot run is wrong usage: at once, or when its check fails', async () => {
  const rule = '--wide on and UNBRAID_WIDE=1 need the wide build';
  expect(() => commandKernels('on', recording('this is Node 22').tools)).toThrow(
    expect.objectContaining({ exitCode: 2, message: `${rule}: this is Node 22; use --wide auto` }),
  );
  const { tools, end } = recording();
  end({ ...narrow, buildReason: 'kernel adamw differs' });
  await expect(commandKernels('on', tools).atStart('single')).rejects.toThrow(
    expect.objectContaining({
      exitCode: 2,
      message: `${rule}, which cannot run: kernel adamw differs; use --wide auto`,
    }),
  );
});

test('auto starts the timing where the rest of the run is long, and answers with its result once it has ended', async () => {
  const { calls, tools, end, clock } = recording();
  const kernels = commandKernels('auto', tools);
  expect(await kernels.atStart('threads')).toEqual({
    build: 'narrow',
    buildReason: 'both builds were not timed: what is left of the run after its second iteration is short',
    module: null,
  });
  // The start takes long, and then each iteration 100 ms.
  for (const [ms, left] of [
    [5000, 50],
    [5100, 19],
  ]) {
    clock.ms = ms;
    expect(kernels.atBorder('threads', left)).toBeNull();
    expect(calls).toEqual([]);
  }
  clock.ms = 5200;
  expect(kernels.atBorder('threads', 20)).toBeNull();
  expect(calls).toEqual(['time threads']);
  end(wide);
  // The answer comes also where little is left.
  await vi.waitFor(() => expect(kernels.atBorder('threads', 1)).toBe(wide));
  // Later runs of the command start with the known choice.
  expect(await kernels.atStart('threads')).toBe(wide);
  expect(calls).toEqual(['time threads']);
});

test('auto with a slower wide build keeps the narrow one, with both times', async () => {
  const { calls, tools, end } = recording();
  end(narrow);
  const kernels = commandKernels('auto', tools);
  expect(await kernels.settled('single')).toBe(narrow);
  expect(kernels.atBorder('single', 9)).toBe(narrow);
  expect(calls).toEqual(['time single', 'keep alive']);
});

test('auto where the runtime has no wide build times nothing', async () => {
  const { calls, tools } = recording('this is Node 22');
  const kernels = commandKernels('auto', tools);
  const choice = { build: 'narrow', buildReason: 'this is Node 22', module: null };
  expect([await kernels.atStart('single'), await kernels.settled('single')]).toEqual([choice, choice]);
  expect(kernels.atBorder('single', 9)).toBeNull();
  expect(calls).toEqual([]);
});

test('in a version of Node that was not tried, auto keeps the narrow build and on opens the wide one', async () => {
  const { calls, tools, end } = recording(null, 'this is Node 99');
  end(wide);
  const auto = commandKernels('auto', tools);
  const choice = { build: 'narrow', buildReason: 'this is Node 99', module: null };
  expect([await auto.atStart('single'), await auto.settled('single')]).toEqual([choice, choice]);
  expect(auto.atBorder('single', 99)).toBeNull();
  expect(calls).toEqual([]);
  expect(await commandKernels('on', tools).atStart('single')).toBe(wide);
});
