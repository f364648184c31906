/** Runs a job in Node, Deno or Bun. The job is sent to stdin; messages are read from stdout, one line of JSON each. */
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Installed } from './installed.ts';
import { followJob, type Job, type JobOptions } from './job.ts';
import { startProgram } from './program.ts';

const entry = 'src/cli/runtime/commandLineEntry.js';

/** Arguments before the file of the entry. Deno requires permissions; it needs this one to load the library. */
const flags: Readonly<Record<string, readonly string[]>> = { deno: ['run', '--allow-read', '--no-lock'] };

/**
 * Runs a job in a separate process and returns its result.
 *
 * @param dist folder of the built package
 */
export async function runInProcess(installed: Installed, dist: URL, job: Job, options: JobOptions): Promise<unknown> {
  const { name, command, version } = installed;
  const [path, ...first] = command;
  const args = [...first, ...(flags[name] ?? []), fileURLToPath(new URL(entry, dist))];
  const program = startProgram(path, args, process.env);
  const following = followJob(`${name} ${version}`, options);
  void program.ended.then(({ how, stderr }) => following.fail(how, stderr));
  createInterface({ input: program.child.stdout as NodeJS.ReadableStream }).on('line', following.receive);
  program.child.stdin?.end(JSON.stringify({ module: job.module.href, input: job.input }));
  try {
    return await following.outcome;
  } finally {
    await program.close();
  }
}
