#!/usr/bin/env node
/**
 * The `unbraid` command. It registers its signal handlers before it loads the rest, so that a signal during loading
 * is handled, too.
 */
import { abortOnSignals } from './signals.ts';

const signal = abortOnSignals(process);
// A reader that closes the pipe early, such as head, is no failure. An interrupted command continues, to save what is
// finished.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (!signal.aborted) process.exit(error.code === 'EPIPE' ? 0 : 1);
});
// The terminal or the reader of stderr may be closed. Messages are then lost, which does not change the result.
process.stderr.on('error', () => {});

const { runCommand } = await import('./run.ts');
process.exitCode = await runCommand(process.argv.slice(2), signal);
