/** `unbraid completion`: a script with which a shell completes command lines. */
import { Argument, type Command, InvalidArgumentError } from 'commander';
import { nearestName } from '../../check/nearestName.ts';
import type { ListEngine } from '../list/command.ts';
import { type Host, run } from '../shared/commandShell.ts';
import { helpSections } from '../shared/help.ts';
import { bashScript } from './bash.ts';
import { type CompletedCommand, completionTable, shells } from './completionTable.ts';
import { fishScript } from './fish.ts';
import { zshScript } from './zsh.ts';

type Shell = (typeof shells)[number];

const scripts: Readonly<Record<Shell, (program: string, commands: readonly CompletedCommand[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

function parseShell(text: string): Shell {
  const shell = shells.find((each) => each === text);
  if (shell !== undefined) return shell;
  const nearest = nearestName(text, shells);
  const advice = nearest === null ? '' : ` Did you mean ${nearest}?`;
  throw new InvalidArgumentError(`Allowed choices are ${shells.join(', ')}.${advice}`);
}

/** Adds `completion` to the program, whose commands and options the script completes. */
export function addCompletionCommand(program: Command, host: Host, load: () => Promise<ListEngine>): void {
  const command = program
    .command('completion')
    .summary('print a completion script for a shell')
    .description(
      'Print a script with which bash, zsh or fish completes commands, options, config keys of --set, and the names of environments, method terms, label sources and studies. The script is complete in itself: it does not start unbraid. Load it again after an update.',
    )
    .addArgument(new Argument('<shell>', 'bash, zsh or fish').argParser(parseShell))
    .addHelpText(
      'after',
      helpSections({
        examples: [
          'unbraid completion bash > ~/.local/share/bash-completion/completions/unbraid',
          'eval "$(unbraid completion zsh)"',
          'unbraid completion fish | source',
        ],
        next: 'Open a new shell, type "unbraid train --labels " and press Tab.',
      }),
    );
  run(host, command, async ({ finish }, shell: Shell) => {
    const { studies } = await load();
    const names = (await studies()).map(({ name }) => name);
    const script = scripts[shell](program.name(), completionTable(program, { studies: names }));
    finish({ command: 'completion', shell, script }, script);
  });
}
