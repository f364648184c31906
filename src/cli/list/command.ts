/** `unbraid list`: the names that options and config keys take. */
import type { Command } from 'commander';
import { nearestName } from '../../check/nearestName.ts';
import { labelTable } from '../../config/labelNames.ts';
import { methodTable } from '../../config/method.ts';
import { environmentTable } from '../../env/names.ts';
import type { Study } from '../../study/study.ts';
import { usageError } from '../shared/arguments.ts';
import { type Frame, type Host, run } from '../shared/commandShell.ts';
import { teach } from '../shared/help.ts';

export interface ListEngine {
  readonly studies: () => Promise<readonly Study[]>;
}

interface Entry {
  readonly name: string;
  readonly meaning: string;
}

const kinds = ['envs', 'methods', 'labels', 'studies'] as const;

/** The entries of a kind, from the tables that the product itself uses. */
async function entriesOf(kind: (typeof kinds)[number], load: () => Promise<ListEngine>): Promise<readonly Entry[]> {
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

function kindOf(text: string): (typeof kinds)[number] {
  const kind = kinds.find((each) => each === text);
  if (kind !== undefined) return kind;
  const nearest = nearestName(text, kinds);
  const advice = nearest === null ? '' : `; did you mean ${nearest}?`;
  throw usageError(`list: the kind must be one of ${kinds.join(', ')}, got "${text}"${advice}`);
}

async function listAction(frame: Frame, load: () => Promise<ListEngine>, text: string): Promise<void> {
  const kind = kindOf(text);
  const entries = (await entriesOf(kind, load)).map(({ name, meaning }) => ({ name, meaning }));
  const width = Math.max(...entries.map(({ name }) => name.length));
  const lines = entries.map(({ name, meaning }) => `${name.padEnd(width)}  ${meaning}`);
  frame.finish({ command: 'list', kind, entries }, lines.join('\n'));
}

export function addListCommand(program: Command, host: Host, load: () => Promise<ListEngine>): void {
  const command = program
    .command('list')
    .summary('list environments, methods, labels or studies')
    .description('List the names that an option takes, each with its meaning.')
    .argument('<kind>', 'envs (--env), methods (--method), labels (--labels) or studies (study)')
    .addHelpText(
      'after',
      teach({
        examples: ['unbraid list envs', 'unbraid list methods', 'unbraid list labels --json'],
        next: 'unbraid train --help lists every config key with its default.',
      }),
    );
  run(host, command, (frame, kind: string) => listAction(frame, load, kind));
}
