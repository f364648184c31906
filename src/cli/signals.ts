/** Signals that ask the command to end. */

/** Exit codes by signal: 128 and the number of the signal, as shells report it. */
export const signalExitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

export type EndSignal = keyof typeof signalExitCodes;

/** The reason of an abort by a signal. */
export class Interruption extends DOMException {
  readonly exitCode: number;

  constructor(signal: EndSignal) {
    super(`interrupted by ${signal}`, 'AbortError');
    this.exitCode = signalExitCodes[signal];
  }
}

/** The exit code of a command whose signal is aborted: that of the process signal, 130 where the reason is another. */
export function exitCodeOfAbort({ reason }: AbortSignal): number {
  return reason instanceof Interruption ? reason.exitCode : signalExitCodes.SIGINT;
}

/**
 * From now on the first signal aborts what this gives, with an `Interruption` as the reason. The second one ends the
 * process at once, with its own exit code.
 */
export function abortOnSignals(host: NodeJS.Process): AbortSignal {
  const controller = new AbortController();
  for (const signal of Object.keys(signalExitCodes) as EndSignal[]) {
    host.on(signal, () => {
      if (controller.signal.aborted) host.exit(signalExitCodes[signal]);
      // Listeners first: a live display stops drawing, and the line below stays readable.
      controller.abort(new Interruption(signal));
      const how = signal === 'SIGINT' ? 'Ctrl-C' : signal;
      host.stderr.write(`\nunbraid: ${how}: stopping and keeping what is finished; a second signal ends at once\n`);
    });
  }
  return controller.signal;
}
