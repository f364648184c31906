import type { Environment, TextEnvironment } from '../environment.ts';
import { createEnvironment, type EnvironmentOf } from './bridgeEnvironment.node.ts';
import { type BridgeCommand, BridgeProcess } from './bridgeProcess.node.ts';
import { type FormSpec, type Hello, readHello } from './hello.ts';
import { protocolVersions, type StartProgress } from './messages.ts';
import { stepReader } from './steps.ts';

export interface BridgeOptions extends BridgeCommand {
  /**
   * Timeout of one answer in ms, including the wait for earlier requests. Default 60 000. Each further request of a
   * line adds 5000.
   */
  readonly requestTimeoutMs?: number;
  /** Timeout of the answer to `hello` in ms; each report of progress restarts it. Default 120 000. */
  readonly startTimeoutMs?: number;
  /** Step limit that the program is asked for; null or absent: its own. */
  readonly maxSteps?: number | null;
  /** Number of processes of the program, over which the environments are distributed. Default 1. */
  readonly processes?: number;
  /** False: each request has a line of its own, also with version 2. */
  readonly joinsRequests?: boolean;
  /** Receives what the processes report while they start. */
  readonly onProgress?: ((progress: StartProgress) => void) | undefined;
}

interface OpenBridgeProcesses {
  readonly hello: Hello;
  /** Number of resets that were repeated so far, because the program asked for it. */
  readonly retries: () => number;
  /**
   * Closes the input of all processes, and waits until they and all processes that they started have exited. After 5
   * s, terminates them.
   */
  close(): Promise<void>;
}

/** An open bridge. `create` creates an environment in the program; several can be used at the same time. */
export type Bridge = OpenBridgeProcesses &
  (
    | { readonly form: 'text'; readonly spec: TextEnvironment['spec']; create(): TextEnvironment }
    | { readonly form: 'vector' | 'tokens'; readonly spec: Environment['spec']; create(): Environment }
  );

/** Most processes of one bridge. */
export const MOST_PROCESSES = 64;

function checkTimeout(option: string, timeoutMs: number): void {
  // The longest delay of setTimeout. A longer delay would expire immediately.
  if (!(timeoutMs >= 1 && timeoutMs <= 0x7fff_ffff)) {
    throw new RangeError(`openBridge: ${option} must be in [1, 2^31 - 1] milliseconds, got ${timeoutMs}`);
  }
}

/** Starts a process and exchanges `hello`. @throws as `openBridge` does; the process has then ended */
async function start(program: BridgeProcess, startTimeoutMs: number, maxSteps: number | null): Promise<Hello> {
  const limit = maxSteps === null ? {} : { maxSteps };
  const request = { op: 'hello', protocol: 1, protocols: protocolVersions, ...limit } as const;
  return program.hello(request, startTimeoutMs, (answer) => readHello(answer, maxSteps));
}

/** @throws Error unless all processes answered alike and the step limit is the one that was asked for */
function checkAnswers(name: string, answers: readonly Hello[], maxSteps: number | null): void {
  const [first] = answers;
  const { protocol, spec } = first;
  if (protocol === 1 && maxSteps !== null && spec.maxSteps !== maxSteps) {
    throw new Error(
      `config: env "${name}" has a step limit of its own, ${spec.maxSteps}, got maxSteps ${maxSteps}; leave maxSteps null`,
    );
  }
  const other = answers.findIndex((answer) => JSON.stringify(answer) !== JSON.stringify(first));
  if (other < 0) return;
  throw new Error(
    `bridge ${name}: all processes must answer hello alike, got another answer from process ${other + 1}; set bridgeProcesses to 1 or mend the program`,
  );
}

/**
 * Starts the processes of a bridge program (docs/bridge.md) and exchanges `hello` with each. Environment number i plays
 * in process i modulo their number: by the protocol an episode depends on seed and split alone, so the result does not
 * depend on their number.
 *
 * Each program leads its own process group. The whole group is terminated when the bridge is closed, the program exits,
 * `signal` aborts or this process exits. It is also terminated when the program crashes, exceeds a timeout or violates
 * the protocol: all pending and later requests to it then reject with an Error that contains the cause, the received
 * text and the last lines of the program's standard error. An error that the program itself reports rejects only the
 * request that it belongs to; a reset that the program asks to repeat is tried 3 times.
 *
 * @throws Error if a program cannot be started, rejects the request, or violates the protocol in its first answer;
 *   the signal's reason on abort
 */
export async function openBridge(options: BridgeOptions): Promise<Bridge> {
  const { name, requestTimeoutMs = 60_000, startTimeoutMs = 120_000, maxSteps = null, processes = 1 } = options;
  const { joinsRequests = true, onProgress } = options;
  checkTimeout('requestTimeoutMs', requestTimeoutMs);
  checkTimeout('startTimeoutMs', startTimeoutMs);
  if (!Number.isInteger(processes) || processes < 1 || processes > MOST_PROCESSES) {
    throw new RangeError(`openBridge: processes must be an integer in [1, ${MOST_PROCESSES}], got ${processes}`);
  }
  options.signal?.throwIfAborted();
  const programs = Array.from({ length: processes }, (_, i) => {
    const which = processes === 1 ? name : `${name} (process ${i + 1} of ${processes})`;
    return new BridgeProcess({ ...options, name: which }, { requestTimeoutMs, joinsRequests, onProgress });
  });
  const close = async (): Promise<void> => {
    await Promise.all(programs.map((program) => program.close()));
  };
  let hello: Hello;
  try {
    const answers = await Promise.all(programs.map((program) => start(program, startTimeoutMs, maxSteps)));
    checkAnswers(name, answers, maxSteps);
    [hello] = answers;
  } catch (error) {
    await close();
    throw error;
  }
  const read = stepReader(hello);
  let environments = 0;
  let retries = 0;
  const onRetry = (): void => {
    retries++;
  };
  const createAs = <F extends FormSpec>(form: F): EnvironmentOf<F> => {
    const env = environments++;
    return createEnvironment(form, { name, env, program: programs[env % processes], read, onRetry });
  };
  const common = { hello, retries: () => retries, close };
  if (hello.form === 'text') {
    const form = hello;
    return { ...common, form: 'text', spec: form.spec, create: () => createAs(form) };
  }
  const form = hello;
  return { ...common, form: form.form, spec: form.spec, create: () => createAs(form) };
}
