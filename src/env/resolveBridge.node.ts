import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BridgeCommand } from './bridgeProcess.node.ts';

/** The bridge script of each family of environments: the part of a name before the slash. */
const scriptOfFamily: ReadonlyMap<string, string> = new Map([['textworld-express', 'textworld_express_bridge.py']]);

const ownProgram = 'exec:';

/** The command and arguments of `exec:COMMAND ARG...`, cut at spaces. */
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
 * What to start for an environment: the bridge of a family that comes with one, e.g. `textworld-express/coin?numLocations=5`, or a program of
 * your own, `exec:COMMAND ARG...`, started without a shell.
 *
 * Python is `UNBRAID_PYTHON`, or `python3` where that is not set.
 *
 * @throws Error if no bridge has this name, or with the command that installs what is missing
 */
export function resolveBridge(environmentName: string): BridgeCommand {
  if (environmentName.startsWith(ownProgram)) return commandOf(environmentName);
  const script = scriptOfFamily.get(environmentName.split('/')[0]);
  if (script === undefined || !/^[^/]+\/[^/]+$/.test(environmentName)) {
    const known = [...scriptOfFamily.keys()].map((family) => `${family}/<game>`).join(', ');
    throw new Error(
      `env: no environment has the name ${environmentName}; choose from household, crafting, look-alike, bandit, ${known}, exec:COMMAND ARG...`,
    );
  }
  const python = process.env.UNBRAID_PYTHON ?? 'python3';
  const scriptPath = fileURLToPath(new URL(`../../bridges/${script}`, import.meta.url));
  const check = spawnSync(python, [scriptPath, '--check'], { encoding: 'utf8' });
  if (check.error !== undefined) {
    throw new Error(
      `${environmentName}: Python is missing (${check.error.message}); install Python 3.9 or newer from https://www.python.org/downloads, or set UNBRAID_PYTHON to where it is`,
    );
  }
  if (check.status !== 0)
    throw new Error(`${environmentName}: the check of ${scriptPath} failed: ${check.stderr.trim()}`);
  if (check.stdout !== '') throw new Error(check.stdout);
  return { name: environmentName, command: python, args: [scriptPath, environmentName] };
}
