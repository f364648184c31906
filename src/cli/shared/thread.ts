/** A thread of this process that does one piece of work at a time: both of its ends. */
import { parentPort, Worker } from 'node:worker_threads';
import { killGroups, watchGroups } from '../../env/bridge/processGroup.node.ts';

/** What a thread says of its work; the last message has the result or the error. */
type Answer<Result, Progress> =
  | { readonly progress: Progress }
  | { readonly result: Result }
  | { readonly error: string };

/** What a thread is told: its work, or to stop it. */
type Order<Task> = { readonly task: Task } | 'stop';

/** The thread as its opener sees it. */
export interface Thread<Task, Result, Progress> {
  /**
   * Does `task`. An abort asks the thread to stop, which it does in its own time.
   *
   * @throws if the task fails or the thread ends; after an abort the signal's reason, once the thread has stopped
   */
  run(task: Task, onProgress?: (progress: Progress) => void, signal?: AbortSignal): Promise<Result>;
  /** Ends the thread at once. */
  close(): void;
}

/** @param entry a module that calls `serveThread` */
export function openThread<Task, Result, Progress = never>(entry: URL, name: string): Thread<Task, Result, Progress> {
  watchGroups();
  const worker = new Worker(entry, { name });
  const { threadId } = worker;
  /** Of the newest task. */
  let waiting: {
    resolve(result: Result): void;
    reject(error: unknown): void;
    readonly report: ((progress: Progress) => void) | undefined;
  } | null = null;
  let end: Error | null = null;
  const tell = (order: Order<Task>): void => worker.postMessage(order);
  const ended = (error: Error): void => {
    end ??= error;
    waiting?.reject(end);
  };
  worker.on('error', ended);
  worker.on('exit', (code) => {
    // A thread that is terminated ends none of the programs that it has started.
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
      const stop = (): void => tell('stop');
      signal?.addEventListener('abort', stop);
      try {
        return await new Promise<Result>((resolve, reject) => {
          waiting = { resolve, reject, report: onProgress };
          if (end === null) tell({ task });
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
      void worker.terminate();
    },
  };
}

/** Called once in a thread: does each task that its opener gives it. */
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
