/** `unbraid worker`: runs jobs of studies from a queue. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { type Command, InvalidArgumentError } from 'commander';
import { notePassword, type QueueRequest, queueAddress, queueOption, withoutPassword } from '../queue/address.ts';
import { integerFrom } from '../shared/arguments.ts';
import { type CommandShell, type Host, run } from '../shared/commandShell.ts';
import { helpSections } from '../shared/help.ts';
import type { StudyEngine } from '../study/command.ts';
import { wideOption } from '../width/wideOption.ts';

export type WorkerEngine = Pick<StudyEngine, 'openJobRunner' | 'missingGames'>;

interface WorkerOptions {
  readonly queue?: QueueRequest;
  readonly concurrency?: number;
  readonly name?: string;
  readonly allowExec?: true;
}

/** Locks of 30 s: a job of a worker that was killed runs elsewhere after at most 50 s. */
const locks = { lock: 30_000, stalled: 10_000 };

const plainName = /^[\w.-]{1,100}$/;

async function workerAction(
  shell: CommandShell,
  host: Host,
  load: () => Promise<WorkerEngine>,
  options: WorkerOptions,
): Promise<void> {
  const address = queueAddress('worker', options.queue, host.env);
  if (typeof options.queue === 'string') notePassword(options.queue, shell.note);
  const name = options.name ?? `${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`;
  const concurrency = options.concurrency ?? host.cores;
  const { loadQueueLibraries } = await import('../queue/libraries.ts');
  const { probeQueue } = await import('../queue/connection.ts');
  const { workJobs } = await import('./workJobs.ts');
  const libraries = await loadQueueLibraries();
  await probeQueue('worker', libraries, address);
  const { openJobRunner, missingGames } = await load();
  const at = withoutPassword(address);
  const programs = options.allowExec ? ', also jobs that start programs' : '';
  shell.note(`worker ${name}: takes jobs from ${at}, ${concurrency} at the same time${programs}; stop it with Ctrl-C`);
  const done = await workJobs({
    ...{ libraries, address, name, concurrency, locks, missingGames },
    kinds: options.allowExec ? ['plain', 'programs'] : ['plain'],
    openRunner: () => openJobRunner(shell.kernels, options.allowExec ? 'any' : 'shipped'),
    note: shell.note,
    onDone: (count) => shell.note(`${count} ${count === 1 ? 'job' : 'jobs'} done`),
    signal: shell.signal,
  });
  shell.finish({ command: 'worker', name, done }, `${done} jobs done`);
}

function parseName(text: string): string {
  if (plainName.test(text)) return text;
  throw new InvalidArgumentError('It must be at most 100 letters, digits, dots, hyphens and underscores.');
}

export function addWorkerCommand(program: Command, host: Host, load: () => Promise<WorkerEngine>): void {
  const command = program
    .command('worker')
    .summary('run jobs of studies from a queue')
    .description(
      'Run jobs that unbraid study, sweep and compare put on a queue, until it is told to stop. Jobs run in threads. After the first Ctrl-C or SIGTERM it takes no further job and finishes those that run; a second one ends it at once, and other workers run its jobs again.',
    )
    .addOption(queueOption('take jobs from this Redis'))
    .option('--concurrency <n>', 'number of jobs at the same time (default: one per core)', integerFrom(1, 10_000))
    .option('--name <name>', 'name of this worker in reports (default: host, process and a random part)', parseName)
    .option('--allow-exec', 'also take jobs that start the program of an environment; it has all your permissions')
    .addOption(wideOption())
    .addHelpText(
      'after',
      helpSections({
        examples: ['unbraid worker --queue redis://127.0.0.1:6379', 'unbraid worker --concurrency 4 --allow-exec'],
        next: 'On another terminal or machine, run unbraid study similarity --queue with the same address.',
      }),
    );
  run(host, command, (shell, options: WorkerOptions) => workerAction(shell, host, load, options));
}
