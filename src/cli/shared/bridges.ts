/** Programs of environments: which of them a command may start. Every one is started here. */
import { Option } from 'commander';
import { openBridge } from '../../env/bridge/bridge.node.ts';
import { resolveBridge } from '../../env/bridge/resolveBridge.node.ts';
import { ownProgram, startsProgram, unknownEnvironment } from '../../env/names.ts';
import type { OpenBridge } from '../../env/registry.ts';
import { usageError } from './arguments.ts';
import { printableName } from './printable.ts';

/**
 * `shipped`: bridges that are part of this package alone; `any`: whatever program the name of an environment asks
 * for.
 */
export type Programs = 'shipped' | 'any';

/** `--allow-exec`, of every command that reads a config from a file. */
export function allowExecOption(): Option {
  return new Option(
    '--allow-exec',
    'start the program that a file names as its environment; it can do all that you can',
  );
}

/** How much of a command is shown, in UTF-16 code units. */
const mostShown = 2_000;

/** The command that a name stands for, or the name itself where it is no command, safe to show. */
function shownCommand(env: string): string {
  const words = env.startsWith(ownProgram) ? env.slice(ownProgram.length).split(' ').filter(Boolean) : [env];
  const command = printableName(words.join(' '));
  return command.length <= mostShown ? command : `${command.slice(0, mostShown)}... (${command.length} characters)`;
}

/**
 * Which programs may be started for an environment whose name was read from a file.
 *
 * @param from what the file is to the user: its path @throws a usage error where the name can start a program that is
 *   not part of this package and `--allow-exec` was not given; it shows the
 *   command, so that the user can decide
 */
export function permitted(env: string, from: string, allowExec: boolean | undefined): Programs {
  if (allowExec) return 'any';
  if (!startsProgram(env)) return 'shipped';
  if (/^[\w-]+$/.test(env)) throw usageError(unknownEnvironment(env));
  throw usageError(
    `env: it must not start a program because a file says so, got one in ${from}; the command is: ${shownCommand(env)}; if you trust it, add --allow-exec`,
  );
}

/**
 * Which programs may be started for an environment whose name the user has typed.
 *
 * @throws a usage error where no environment has the name
 */
export function typed(env: string): Programs {
  if (startsProgram(env) && !env.startsWith(ownProgram)) throw usageError(unknownEnvironment(env));
  return 'any';
}

/** Opens bridges for names of environments. @param programs what may be started; see `permitted` */
export function namedBridges(programs: Programs = 'shipped'): OpenBridge {
  return async (name, signal) => {
    // The commands ask `permitted` before; this holds even where one forgets to.
    if (programs !== 'any') permitted(name, 'a file', false);
    return openBridge({ ...resolveBridge(name), name, signal });
  };
}
