/**
 * Compiles a module by the optimising compiler of V8 alone, with or without its pass that merges two neighbouring
 * 128-bit operations into one 256-bit operation. Lane by lane the merged operation computes the same bits.
 *
 * Only the optimising compiler merges. Without the flags below, V8 compiles each function at its first call by another
 * compiler and optimises it later, and no check could tell which code it has checked.
 */

/** First version of Node whose V8 merges operations. Node 22 accepts the flag without an effect. */
const FIRST_NODE = 24;

/** Last version of Node in which the wide build was tried. */
const LAST_TRIED_NODE = 26;

/** First major version of V8 with the new name of the flag. An unknown flag prints an error on stderr. */
const RENAMED_IN = 15;

/** What decides whether this runtime can merge vector operations. */
export interface Runtime {
  readonly versions: Readonly<Record<string, string | undefined>>;
  readonly arch: string;
  readonly platform: string;
}

/** The process of Node; undefined in runtimes without one. */
const present = (): NodeJS.Process | undefined => globalThis.process;

const major = (version: string | undefined): number => Number.parseInt(version ?? '0', 10);

/** The reason why a runtime cannot merge vector operations; null if it can. */
export function mergingObstacle(runtime: Runtime | undefined = present()): string | null {
  const { versions = {}, arch = '', platform = '' } = runtime ?? {};
  const { node, bun, deno } = versions;
  if (node === undefined || bun !== undefined || deno !== undefined)
    return 'only Node merges vector operations, and this is another runtime';
  if (major(node) < FIRST_NODE) return `Node ${FIRST_NODE} and newer merge vector operations, and this is Node ${node}`;
  if (arch !== 'x64') return `V8 merges vector operations on x64 only, and this processor is ${arch}`;
  if (platform === 'darwin') return 'Node for macOS is built without the merging of vector operations';
  return null;
}

/**
 * The reason why a runtime should not merge vector operations unless that is requested; null if it may. An error in the
 * pass ends the process, and no caller can catch it, so a version of Node must have been tried.
 */
export function untriedVersion(runtime: Runtime | undefined = present()): string | null {
  const node = runtime?.versions.node;
  if (major(node) <= LAST_TRIED_NODE) return null;
  return `the wide build was tried in Node ${FIRST_NODE} to ${LAST_TRIED_NODE}, and this is Node ${node}; --wide on requests it`;
}

/** The flag of the pass, by the version of V8. */
export function mergingFlag(v8: string | undefined): string {
  return major(v8) < RENAMED_IN ? '--experimental-wasm-revectorize' : '--wasm-revectorize';
}

const opposite = (flag: string): string => (flag.startsWith('--no-') ? `--${flag.slice(5)}` : `--no-${flag.slice(2)}`);

/**
 * The module with a custom section, which changes nothing else. V8 returns the code of an earlier compilation of equal
 * bytes, which other flags made.
 */
function marked(bytes: Uint8Array, mark: string): Uint8Array<ArrayBuffer> {
  const name = new TextEncoder().encode(mark);
  const whole = new Uint8Array(bytes.length + name.length + 3);
  whole.set(bytes);
  whole.set([0, name.length + 1, name.length], bytes.length);
  whole.set(name, bytes.length + 3);
  return whole;
}

/**
 * Compiles every function by the optimising compiler before it returns. Flags of V8 hold for the process, so they are
 * set during this call only, unless the command line of the process has set them. The call blocks its thread. Another
 * thread that compiles a function of its own meanwhile has it optimised at once.
 *
 * @param merged whether vector operations are merged; `mergingObstacle` must be null
 * @throws WebAssembly.CompileError if the bytes are no module that the runtime accepts
 */
export function compileOptimised(bytes: Uint8Array, merged: boolean): WebAssembly.Module {
  const { execArgv, versions, getBuiltinModule } = present() as NodeJS.Process;
  const { setFlagsFromString } = getBuiltinModule('node:v8');
  const flag = mergingFlag(versions.v8);
  // V8 14 inlines by what the first compiler has counted, and ends the process where that is missing. At run time
  // --no-liftoff does not imply these flags, and the first compiler crashes with --no-wasm-inlining alone. The order
  // keeps every state between two flags valid for other threads. In V8 13 the first of them is off by default.
  const inlining = major(versions.v8) < 14 ? [] : ['--no-wasm-inlining-call-indirect', '--no-wasm-inlining'];
  const wanted = [...inlining, '--no-liftoff', '--no-wasm-lazy-compilation', merged ? flag : opposite(flag)];
  const given = (name: string): boolean => execArgv.some((text) => text.replaceAll('_', '-') === name);
  for (const name of wanted) setFlagsFromString(name);
  try {
    return new WebAssembly.Module(marked(bytes, merged ? 'merged' : 'not merged'));
  } finally {
    const inlined = inlining.map(opposite).reverse();
    const ordinary = ['--liftoff', '--wasm-lazy-compilation', opposite(flag), ...inlined];
    for (const name of ordinary) setFlagsFromString(given(opposite(name)) ? opposite(name) : name);
  }
}
