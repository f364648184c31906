/** `unbraid list`: the names that options and config keys take. */
import type { Command } from 'commander';
import { nearestName } from '../../check/nearestName.ts';
import { labelTable } from '../../config/labelNames.ts';
import { methodTable } from '../../config/method.ts';
import { environmentTable } from '../../env/names.ts';
import type { Study } from '../../study/study.ts';
import { usageError } from '../shared/arguments.ts';
import { type CommandShell, type Host, run } from '../shared/commandShell.ts';
import { helpSections } from '../shared/help.ts';

export interface ListEngine {
  readonly studies: () => Promise<readonly Study[]>;
}

interface Entry {
  readonly name: string;
  readonly meaning: string;
}

/** Kinds of names that the command lists. */
export const listKinds = ['envs', 'methods', 'labels', 'studies'] as const;

type Kind = (typeof listKinds)[number];

/** The option or command that takes names of a kind. */
const usedAs: Readonly<Record<Kind, string>> = {
  envs: '--env',
  methods: '--method',
  labels: '--labels',
  studies: 'study',
};

/** The entries of a kind, from the tables that validate configs and run studies. */
async function entriesOf(kind: Kind, load: () => Promise<ListEngine>): Promise<readonly Entry[]> {
  switch (kind) {
    case 'envs':
      return environmentTable;
    case 'methods':
      return methodTable;
    case 'labels':
      return labelTable;
    case 'studies': {
      const { studies } = await load();
      return (await studies()).map(({ name, question }) => ({ name, meaning: question }));
    }
  }
}

function kindOf(text: string): Kind {
  const kind = listKinds.find((each) => each === text);
  if (kind !== undefined) return kind;
  const nearest = nearestName(text, listKinds);
  const advice = nearest === null ? '' : `; did you mean ${nearest}?`;
  throw usageError(`list: the kind must be one of ${listKinds.join(', ')}, got "${text}"${advice}`);
}

function linesOf(entries: readonly Entry[]): string[] {
  const width = Math.max(...entries.map(({ name }) => name.length));
  return entries.map(({ name, meaning }) => `${name.padEnd(width)}  ${meaning}`);
}

async function listAction(
  shell: CommandShell,
  load: () => Promise<ListEngine>,
  text: string | undefined,
): Promise<void> {
  const list = async (kind: Kind): Promise<{ kind: Kind; entries: Entry[] }> => {
    const entries = await entriesOf(kind, load);
    return { kind, entries: entries.map(({ name, meaning }) => ({ name, meaning })) };
  };
  if (text !== undefined) {
    const found = await list(kindOf(text));
    shell.finish({ command: 'list', ...found }, linesOf(found.entries).join('\n'));
    return;
  }
  const kinds = await Promise.all(listKinds.map(list));
  const parts = kinds.map(({ kind, entries }) => {
    const lines = linesOf(entries).map((line) => `  ${line}`);
    return [`${kind} (${usedAs[kind]}):`, ...lines].join('\n');
  });
  shell.finish({ command: 'list', kinds }, parts.join('\n\n'));
}

export function addListCommand(program: Command, host: Host, load: () => Promise<ListEngine>): void {
  const command = program
    .command('list')
    .summary('list environments, methods, labels or studies')
    .description('List the names that an option takes, each with its meaning.')
    .argument('[kind]', `${listKinds.map((kind) => `${kind} (${usedAs[kind]})`).join(', ')}; all of them if not given`)
    .addHelpText(
      'after',
      helpSections({
        examples: ['unbraid list', 'unbraid list envs', 'unbraid list labels --json'],
        next: 'unbraid train --help lists every config key with its default.',
      }),
    );
  run(host, command, (shell, kind: string | undefined) => listAction(shell, load, kind));
}
