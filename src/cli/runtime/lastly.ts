/** What must happen even when this process is ended from outside. */

const actions: (() => void)[] = [];

function runAll(): void {
  for (const action of actions.splice(0).reverse()) action();
}

function endBy(signal: NodeJS.Signals): void {
  // Where someone else listens, as the command does, that one decides when the process ends; its exit does the rest.
  if (process.listenerCount(signal) > 0) return;
  runAll();
  // Without its listener the signal does what it would have done.
  process.kill(process.pid, signal);
}

/** The signals that end a process at once, whatever waits; Ctrl-C is the host's own. */
const signals = ['SIGTERM', 'SIGHUP'] as const;

/** Does `action` when this process exits or is terminated, the last one given first; gives the way to call that off. */
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
