/** Permission to start the programs of environments. All of them are started in this file. */
import { Option } from 'commander';
import type { Bridge, BridgeOptions } from '../../env/bridge/bridge.node.ts';
import { moduleScript, ownProgram, startsProgram, unknownEnvironment } from '../../env/names.ts';
import type { OpenBridge } from '../../env/outside.ts';
import { usageError } from './arguments.ts';
import { printableName } from './printable.ts';

/**
 * `shipped`: only bridges that are part of this package; `any`: the program that the name of the environment
 * specifies.
 */
export type Programs = 'shipped' | 'any';

/** `--allow-exec`, an option of all commands that read a config from a file. */
export function allowExecOption(): Option {
  return new Option(
    '--allow-exec',
    'start the program that a file names as its environment; the program has all your permissions',
  );
}

/** Longest part of a command that a message shows, in UTF-16 code units. */
const mostShown = 2_000;

/** The command that a name specifies, or the name itself if it is no command, safe for a terminal. */
function shownCommand(env: string): string {
  const words = env.startsWith(ownProgram) ? env.slice(ownProgram.length).split(' ').filter(Boolean) : [env];
  const command = printableName(words.join(' '));
  return command.length <= mostShown ? command : `${command.slice(0, mostShown)}... (${command.length} characters)`;
}

/**
 * Decides which programs may be started for an environment whose name was read from a file.
 *
 * @param from the path of the file, for the message @throws a usage error if the name can start a program that is not
 *   part of this package and `--allow-exec` was not given. The
 *   message shows the command, so that the user can decide.
 */
export function permitted(env: string, from: string, allowExec: boolean | undefined): Programs {
  if (allowExec) return 'any';
  if (!startsProgram(env)) return 'shipped';
  if (/^[\w-]+$/.test(env)) throw usageError(unknownEnvironment(env));
  throw usageError(
    `env: a program that a file names must be allowed by --allow-exec, got one in ${from}; the command is: ${shownCommand(env)}; if you trust it, add --allow-exec`,
  );
}

/**
 * Decides which programs may be started for an environment whose name the user typed.
 *
 * @throws a usage error if no environment has the name
 */
export function typed(env: string): Programs {
  if (!startsProgram(env) || env.startsWith(ownProgram) || moduleScript(env) !== null) return 'any';
  throw usageError(unknownEnvironment(env));
}

/**
 * The name of the environment that the user typed: itself, or the name of a command with its arguments.
 *
 * @throws a usage error if no environment has the name
 */
export function typedProgram(text: string): string {
  const isCommand = text.trim().includes(' ') && !text.startsWith(ownProgram);
  const env = isCommand ? `${ownProgram}${text}` : text;
  typed(env);
  return env;
}

/** Options of `openBridge` beside the program. */
type Options = Omit<BridgeOptions, 'name' | 'command' | 'args'>;

async function open(name: string, options: Options = {}): Promise<Bridge> {
  // Loaded here, because few runs need a program.
  const { openBridge } = await import('../../env/bridge/bridge.node.ts');
  const { resolveBridge } = await import('../../env/bridge/resolveBridge.node.ts');
  return openBridge({ ...resolveBridge(name), ...options, name });
}

/** Opens the bridge of an environment whose name the user typed. */
export const openTypedBridge: (name: string, options: Options) => Promise<Bridge> = open;

/** Returns a function that opens the bridge of an environment. @param programs that may be started; see `permitted` */
export function namedBridges(programs: Programs = 'shipped'): OpenBridge {
  return async (name, options) => {
    // The commands call `permitted` earlier. This second check protects a command that does not.
    if (programs !== 'any') permitted(name, 'a file', false);
    return open(name, options);
  };
}
