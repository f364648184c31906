/** Actions that run at the end of this process, even if a signal ends it. */

const actions: (() => void)[] = [];

function runAll(): void {
  for (const action of actions.splice(0).reverse()) action();
}

function endBy(signal: NodeJS.Signals): void {
  // Another listener, such as that of the command, ends the process itself. The exit event then runs the actions.
  if (process.listenerCount(signal) > 0) return;
  runAll();
  // The listener is removed now, so that the signal has its default effect: it ends the process.
  process.kill(process.pid, signal);
}

/** The signals that end a process without an exit event. Ctrl-C is handled by the caller. */
const signals = ['SIGTERM', 'SIGHUP'] as const;

/**
 * Runs `action` when this process exits or is terminated, in reverse order of registration.
 *
 * @returns a function that cancels the action
 */
export function lastly(action: () => void): () => void {
  if (actions.length === 0) {
    process.once('exit', runAll);
    for (const signal of signals) process.once(signal, endBy);
  }
  actions.push(action);
  return () => {
    const at = actions.indexOf(action);
    if (at >= 0) actions.splice(at, 1);
    if (actions.length > 0) return;
    process.off('exit', runAll);
    for (const signal of signals) process.off(signal, endBy);
  };
}
