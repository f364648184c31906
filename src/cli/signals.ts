/** Handlers of the signals that end the command. */

/** Exit codes by signal: 128 plus the number of the signal, as shells report it. */
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

/** The exit code of an aborted command: that of the process signal, or 130 if the abort has another reason. */
export function exitCodeOfAbort({ reason }: AbortSignal): number {
  return reason instanceof Interruption ? reason.exitCode : signalExitCodes.SIGINT;
}

/**
 * Handles the signals of a process from now on. The second signal ends the process at once, with its own exit code.
 *
 * @returns an abort signal that the first signal aborts, with an `Interruption` as the reason
 */
export function abortOnSignals(host: NodeJS.Process): AbortSignal {
  const controller = new AbortController();
  for (const signal of Object.keys(signalExitCodes) as EndSignal[]) {
    host.on(signal, () => {
      if (controller.signal.aborted) host.exit(signalExitCodes[signal]);
      // Abort before writing: the listeners stop the live display, which would draw over the line below.
      controller.abort(new Interruption(signal));
      const how = signal === 'SIGINT' ? 'Ctrl-C' : signal;
      host.stderr.write(
        `\nunbraid: ${how}: stopping and saving what is finished; a second signal ends the process at once\n`,
      );
    });
  }
  return controller.signal;
}
