import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { moduleScript, ownProgram, unknownEnvironment } from '../names.ts';
import type { BridgeCommand } from './bridgeProcess.node.ts';

/** The command and arguments of `exec:COMMAND ARG...`, split at spaces. */
function commandOf(environmentName: string): BridgeCommand {
  const [command, ...args] = environmentName
    .slice(ownProgram.length)
    .split(' ')
    .filter((word) => word !== '');
  if (command === undefined) {
    throw new Error(
      `resolveBridge: exec: must be followed by a command, got ${environmentName}; write exec:COMMAND ARG...`,
    );
  }
  return { name: environmentName, command, args };
}

/**
 * The program of an environment name: a bridge that unbraid includes, e.g. for `gym:CartPole-v1`, or a program of the
 * user, `exec:COMMAND ARG...`, started without a shell. It does not decide whether the program may be started.
 *
 * Python is `UNBRAID_PYTHON`, or `python3` if that is not set. It runs isolated (`-I`), so that it imports no file of
 * the current folder. The script itself adds the import paths that `-I` removes and a user installation needs.
 *
 * @throws Error if no bridge has this name; Error with the installation command if something is missing
 */
export function resolveBridge(environmentName: string): BridgeCommand {
  if (environmentName.startsWith(ownProgram)) return commandOf(environmentName);
  const script = moduleScript(environmentName);
  if (script === null) throw new Error(unknownEnvironment(environmentName));
  const scriptPath = fileURLToPath(new URL(`../../../bridges/${script}`, import.meta.url));
  const python = process.env.UNBRAID_PYTHON || 'python3';
  const args = ['-I', scriptPath];
  const check = spawnSync(python, [...args, '--check', environmentName], { encoding: 'utf8' });
  if (check.error !== undefined) {
    throw new Error(
      `${environmentName}: Python is missing (${check.error.message}); install Python 3.9 or newer from https://www.python.org/downloads, or set UNBRAID_PYTHON to where it is`,
    );
  }
  if (check.status !== 0)
    throw new Error(`${environmentName}: the check of ${scriptPath} failed: ${check.stderr.trim()}`);
  if (check.stdout !== '') throw new Error(check.stdout.trimEnd());
  return { name: environmentName, command: python, args: [...args, environmentName] };
}
