#!/usr/bin/env node
/**
 * The `unbraid` command. Signals come first: one that arrives while the rest of the command loads is handled like any
 * other.
 */
import { abortOnSignals } from './signals.ts';

const signal = abortOnSignals(process);
// A reader that has seen enough, such as head, is no failure. An interrupted command still keeps what is finished.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (!signal.aborted) process.exit(error.code === 'EPIPE' ? 0 : 1);
});
// The terminal was closed or the reader has left: what cannot be said there does not change the result.
process.stderr.on('error', () => {});

const { runCommand } = await import('./run.ts');
process.exitCode = await runCommand(process.argv.slice(2), signal);
