import type { Split, TextEnvironment } from '../environment.ts';
import { textHash } from '../textHash.ts';
import { type BridgeCommand, BridgeProcess } from './bridgeProcess.node.ts';
import { type BridgeStep, ProtocolError, protocolVersion, readHello, readStep } from './bridgeProtocol.ts';

export interface BridgeOptions extends BridgeCommand {
  /** Timeout of one answer in ms, including the wait for earlier requests. Default 60 000. */
  readonly requestTimeoutMs?: number;
  /** Timeout of the answer to `hello` in ms. Default 120 000. */
  readonly startTimeoutMs?: number;
}

export interface Bridge {
  readonly spec: TextEnvironment['spec'];
  /** Creates an environment in the program. Several can be used at the same time. */
  create(): TextEnvironment;
  /**
   * Closes the input of the program, and waits until the program and all processes that it started have exited. After 5
   * s, terminates them.
   */
  close(): Promise<void>;
}

function createEnvironment(
  spec: TextEnvironment['spec'],
  env: number,
  timeoutMs: number,
  program: BridgeProcess,
): TextEnvironment {
  let current: BridgeStep | undefined;
  let stepsTaken = 0;

  const play = async (body: { op: 'reset'; seed: number; split: Split } | { op: 'step'; action: string }) => {
    const stepNumber = body.op === 'reset' ? 0 : stepsTaken + 1;
    // The actions are unknown until the answer arrives.
    current = undefined;
    const step = await program.request({ ...body, env }, timeoutMs, (answer) => {
      const read = readStep(answer, env);
      if (stepNumber >= spec.maxSteps && !read.terminated && !read.truncated) {
        throw new ProtocolError(`terminated or truncated must be true at step ${stepNumber} of ${spec.maxSteps}`);
      }
      return read;
    });
    stepsTaken = stepNumber;
    current = step;
    return step;
  };
  return {
    spec,
    reset: ({ seed, split }) => play({ op: 'reset', seed, split }),
    async step(action) {
      if (current === undefined)
        throw new Error(`bridge ${spec.name}: step needs an episode; call and await reset first`);
      if (current.terminated || current.truncated) {
        throw new Error(`bridge ${spec.name}: step after the end of the episode; call reset first`);
      }
      const actions = current.sent;
      if (actions[action] === undefined) {
        throw new RangeError(
          `bridge ${spec.name}: step needs the index of one of ${actions.length} admissible actions, got ${action}`,
        );
      }
      return play({ op: 'step', action: actions[action] });
    },
    stateHash() {
      if (current === undefined) throw new Error(`bridge ${spec.name}: stateHash needs an episode; call reset first`);
      return textHash(current.stateText);
    },
    close: () => program.request({ op: 'close', env }, timeoutMs, () => undefined),
  };
}

function checkTimeout(option: string, timeoutMs: number): void {
  // The longest delay of setTimeout. A longer delay would expire immediately.
  if (!(timeoutMs >= 1 && timeoutMs <= 0x7fff_ffff)) {
    throw new RangeError(`openBridge: ${option} must be in [1, 2^31 - 1] milliseconds, got ${timeoutMs}`);
  }
}

/**
 * Starts a bridge program (docs/bridge.md) and exchanges `hello` with it.
 *
 * The program leads its own process group. The whole group is terminated when the bridge is closed, the program exits,
 * `signal` aborts or this process exits. It is also terminated when the program crashes, exceeds a timeout or violates
 * the protocol: all pending and later requests then reject with an Error that contains the cause, the received text and
 * the last lines of the program's standard error. An error that the program itself reports rejects only the request
 * that it belongs to.
 *
 * @throws Error if the program cannot be started, rejects the request, or violates the protocol in its first answer;
 *   the signal's reason on abort
 */
export async function openBridge(options: BridgeOptions): Promise<Bridge> {
  const { requestTimeoutMs = 60_000, startTimeoutMs = 120_000 } = options;
  checkTimeout('requestTimeoutMs', requestTimeoutMs);
  checkTimeout('startTimeoutMs', startTimeoutMs);
  options.signal?.throwIfAborted();
  const program = new BridgeProcess(options);
  let spec: TextEnvironment['spec'];
  try {
    spec = await program.request({ op: 'hello', protocol: protocolVersion }, startTimeoutMs, readHello);
  } catch (error) {
    await program.close();
    throw error;
  }
  let environments = 0;
  return {
    spec,
    create: () => createEnvironment(spec, environments++, requestTimeoutMs, program),
    close: () => program.close(),
  };
}
