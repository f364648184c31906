import type { Split, TextEnvironment } from '../environment.ts';
import { textHash } from '../textHash.ts';
import { type BridgeCommand, BridgeProcess } from './bridgeProcess.node.ts';
import { type BridgeStep, ProtocolError, protocolVersion, readHello, readStep } from './bridgeProtocol.ts';

export interface BridgeOptions extends BridgeCommand {
  /** Longest wait for one answer, the requests queued before it included. Default 60 000. */
  readonly requestTimeoutMs?: number;
  /** Longest wait for the answer to `hello`. Default 120 000. */
  readonly startTimeoutMs?: number;
}

export interface Bridge {
  readonly spec: TextEnvironment['spec'];
  /** A new environment in the program; any number may be live at once. */
  create(): TextEnvironment;
  /** Ends the program's input and waits until the program has left, with all that it started; ends them after 5 s. */
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
    // No action is known until the answer is here.
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
  // The longest delay of setTimeout; a longer one would fire at once.
  if (!(timeoutMs >= 1 && timeoutMs <= 0x7fff_ffff)) {
    throw new RangeError(`openBridge: ${option} must be in [1, 2^31 - 1] milliseconds, got ${timeoutMs}`);
  }
}

/**
 * Starts a bridge program (docs/bridge.md) and shakes hands with it.
 *
 * The program leads a process group of its own, which is ended as a whole when the bridge is closed, the program leaves, `signal` aborts or
 * this process exits. So is that of a program that crashes, is silent for too long or breaks the protocol; every request that waits and every later one rejects
 * with an Error that says what was wrong, what arrived and the last lines of the program's standard error. An error that the
 * program itself reports rejects that one request only.
 *
 * @throws Error if the program cannot be started, refuses, or breaks the protocol in its first answer; the signal's reason on abort
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
