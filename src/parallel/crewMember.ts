/** One worker of a crew: its calls, and the rejection of pending calls when it exits. */
import type { SentModule } from '../engine/kernels/moduleFrom.ts';
import type { WorkerApi } from './worker.ts';

/** A started worker. */
export interface WorkerHandle {
  /**
   * The worker's API. Each call is one message to the worker and one reply.
   *
   * @internal
   */
  readonly api: WorkerApi;
  /** Rejects with the reason of the runtime when the worker exits or fails; never resolves. */
  readonly ended: Promise<never>;
  /** Stops the worker at once. */
  terminate(): void;
}

/** A worker of the pool. */
export interface CrewMember {
  /** Sends a call. Rejects when the call fails, and when the worker exits before it replies. */
  call<T>(send: (api: WorkerApi) => Promise<T>): Promise<T>;
  /** Calls `attach`. On shared memory the worker counts the calls that it has finished from then on. */
  attach(memory: WebAssembly.Memory | null, module?: SentModule): Promise<void>;
  close(): void;
}

/**
 * Wraps a worker so that its pending calls reject when it exits: the runtime never answers messages to a worker that
 * has exited. The pending calls are listed here. `Promise.race` with `ended` would retain each reply until the worker
 * exits, which is gigabytes of rollouts and gradients in a long run.
 */
export function crewMember({ api, ended, terminate }: WorkerHandle): CrewMember {
  /** Reject functions of the pending calls by call number, from 1, in the order of the calls. */
  const pending = new Map<number, (reason: unknown) => void>();
  let calls = 0;
  /**
   * i32[1]: number of calls that the worker has finished. Null on copies, where only the reply shows that a call is
   * finished.
   */
  let finished: Int32Array | null = null;
  let end: { readonly reason: unknown } | null = null;
  const stop = (reason: unknown): void => {
    end ??= { reason };
    // The exit event can arrive before the last replies. Reject the first unfinished call first, so that the error
    // names its phase; if all calls are finished, reject the last one first.
    const done = finished ? Atomics.load(finished, 0) : 0;
    const unfinished = [...pending.keys()].findIndex((number) => number > done);
    [...pending.values()].at(unfinished)?.(end.reason);
    for (const reject of pending.values()) reject(end.reason);
    pending.clear();
  };
  ended.catch(stop);
  const call: CrewMember['call'] = (send) =>
    new Promise((resolve, reject) => {
      if (end) {
        reject(end.reason);
        return;
      }
      const number = ++calls;
      pending.set(number, reject);
      const remove = (): void => void pending.delete(number);
      send(api).then(resolve, reject).then(remove, remove);
    });
  return {
    call,
    attach(memory, module) {
      finished = memory && new Int32Array(new SharedArrayBuffer(4));
      finished?.fill(calls);
      return call((worker) => worker.attach(memory, finished, module));
    },
    close() {
      stop(new Error('the crew was closed'));
      terminate();
    },
  };
}
