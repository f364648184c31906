/** The runtimes that can run a job, and their programs on this machine. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

export const runtimeNames = ['node', 'deno', 'bun', 'chromium', 'firefox', 'webkit'] as const;

export type RuntimeName = (typeof runtimeNames)[number];

export interface Installed {
  readonly name: RuntimeName;
  /** The program, and the arguments before all others. */
  readonly command: readonly [program: string, ...args: string[]];
  /** The version: numbers and dots. */
  readonly version: string;
}

interface Row {
  /** Names of the program, the preferred one first: in the PATH, or absolute paths. */
  readonly programs: readonly string[];
  readonly install: string;
  /** A program that provides the display that the runtime needs. */
  readonly screen?: string;
}

const rows: Readonly<Record<RuntimeName, Row>> = {
  node: { programs: [process.execPath], install: 'see nodejs.org' },
  deno: { programs: ['deno'], install: 'npm install --global deno' },
  bun: { programs: ['bun'], install: 'npm install --global bun' },
  chromium: {
    programs: ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'],
    install: 'apt-get install chromium',
  },
  firefox: { programs: ['firefox-esr', 'firefox'], install: 'apt-get install firefox-esr' },
  webkit: {
    programs: ['MiniBrowser', '/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser'],
    install: 'apt-get install libwebkit2gtk-4.1-0 xvfb xauth',
    screen: 'xvfb-run',
  },
};

type Environment = Readonly<Record<string, string | undefined>>;

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The file of a program, found in the PATH as a shell does; undefined if there is none. */
function findProgram(program: string, env: Environment): string | undefined {
  if (isAbsolute(program)) return isProgram(program) ? program : undefined;
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, program)).find(isProgram);
}

/**
 * The runtime of this name: the program in the variable UNBRAID_<NAME>, otherwise the first one in the PATH.
 *
 * @throws if it is not installed or does not start; the message says how to install it or to name another program
 */
export function findRuntime(name: RuntimeName, env: Environment): Installed {
  const { programs, install, screen } = rows[name];
  const variable = `UNBRAID_${name.toUpperCase()}`;
  const given = env[variable];
  const path = given ? findProgram(given, env) : programs.map((program) => findProgram(program, env)).find(Boolean);
  const around = screen && findProgram(screen, env);
  if (path === undefined || (screen && !around)) {
    if (given && !path)
      throw new Error(`runtime ${name}: ${variable} must name a program, got ${given}; correct or unset it`);
    const missing = path ? screen : programs[0];
    throw new Error(`runtime ${name}: ${missing} not found; install it (${install}) or set ${variable} to its program`);
  }
  const command: [string, ...string[]] = around ? [around, '-a', path] : [path];
  const [program, ...args] = command;
  const { stdout, error } = spawnSync(program, [...args, '--version'], { encoding: 'utf8', timeout: 60_000, env });
  const version = /\d+(\.\d+)+/.exec(stdout ?? '')?.[0];
  if (version === undefined) {
    const got = error?.message ?? JSON.stringify(stdout.slice(0, 100));
    throw new Error(
      `runtime ${name}: ${command.join(' ')} --version must print a version, got ${got}; install it again (${install}) or set ${variable} to another`,
    );
  }
  return { name, command, version };
}
