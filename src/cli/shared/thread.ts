/** A thread of this process that does one task at a time: the caller's side and the thread's side. */
import { parentPort, Worker } from 'node:worker_threads';
import { killGroups, watchGroups } from '../../env/bridge/processGroup.node.ts';

/** A message from the thread; the last message of a task has the result or the error. */
type Answer<Result, Progress> =
  | { readonly progress: Progress }
  | { readonly result: Result }
  | { readonly error: string };

/** A message to the thread: a task, or the request to stop it. */
type Order<Task> = { readonly task: Task } | 'stop';

/** The caller's side. */
export interface Thread<Task, Result, Progress> {
  /**
   * Does `task`. On an abort the thread is requested to stop, which it does after its current step.
   *
   * @throws if the task fails or the thread ends; after an abort, once the thread has stopped, the reason of the signal
   */
  run(task: Task, onProgress?: (progress: Progress) => void, signal?: AbortSignal): Promise<Result>;
  /** Ends the thread at once. Returns when it has ended. */
  close(): Promise<unknown>;
}

/** @param entry a module that calls `serveThread` */
export function openThread<Task, Result, Progress = never>(entry: URL, name: string): Thread<Task, Result, Progress> {
  watchGroups();
  const worker = new Worker(entry, { name });
  const { threadId } = worker;
  /** The latest task. */
  let waiting: {
    resolve(result: Result): void;
    reject(error: unknown): void;
    readonly report: ((progress: Progress) => void) | undefined;
  } | null = null;
  let end: Error | null = null;
  const send = (order: Order<Task>): void => worker.postMessage(order);
  const ended = (error: Error): void => {
    end ??= error;
    waiting?.reject(end);
  };
  worker.on('error', ended);
  worker.on('exit', (code) => {
    // The programs that a terminated thread has started continue to run.
    killGroups(threadId);
    ended(new Error(`the thread ended with exit code ${code}`));
  });
  worker.on('message', (answer: Answer<Result, Progress>) => {
    if ('progress' in answer) waiting?.report?.(answer.progress);
    else if ('result' in answer) waiting?.resolve(answer.result);
    else waiting?.reject(new Error(answer.error));
  });
  return {
    async run(task, onProgress, signal) {
      signal?.throwIfAborted();
      const stop = (): void => send('stop');
      signal?.addEventListener('abort', stop);
      try {
        return await new Promise<Result>((resolve, reject) => {
          waiting = { resolve, reject, report: onProgress };
          if (end === null) send({ task });
          else reject(end);
        });
      } catch (error) {
        signal?.throwIfAborted();
        throw error;
      } finally {
        signal?.removeEventListener('abort', stop);
      }
    },
    close() {
      ended(new Error('the thread was closed'));
      return worker.terminate();
    },
  };
}

/** Called once in a thread: does each task that it receives. */
export function serveThread<Task, Result, Progress>(
  work: (task: Task, onProgress: (progress: Progress) => void, signal: AbortSignal) => Promise<Result>,
): void {
  let stopping = new AbortController();
  const answer = (message: Answer<Result, Progress>): void => parentPort?.postMessage(message);
  parentPort?.on('message', async (order: Order<Task>) => {
    if (order === 'stop') {
      stopping.abort();
      return;
    }
    stopping = new AbortController();
    try {
      answer({ result: await work(order.task, (progress) => answer({ progress }), stopping.signal) });
    } catch (error) {
      answer({ error: error instanceof Error ? error.message : String(error) });
    }
  });
}
