/** Jobs in Node, Deno and Bun: the job goes in on stdin, messages come back on stdout, one JSON line each. */
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Installed } from './installed.ts';
import { followJob, type Job, type JobOptions } from './job.ts';
import { startProgram } from './program.ts';

const entry = 'src/cli/runtime/commandLineEntry.js';

/** Before the entry's file: Deno asks for every right, and needs this one to load the library. */
const flags: Readonly<Record<string, readonly string[]>> = { deno: ['run', '--allow-read', '--no-lock'] };

/**
 * Does a job in a process of its own and gives its result.
 *
 * @param dist the built package
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
