/** The commands, options and values that a shell can complete, read from the commander program. */
import type { Argument, Command, Option } from 'commander';
import { type ConfigKey, configTable } from '../../config/config.ts';
import { methodTerms } from '../../config/method.ts';
import { environmentTable } from '../../env/names.ts';
import { listKinds } from '../list/command.ts';

/** Values of an option or an argument. A shell completes none of `other`, such as numbers. */
export type Values =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  /** Words joined by +, each once. */
  | { readonly kind: 'terms'; readonly words: readonly string[] }
  | { readonly kind: 'file' | 'folder' | 'other' };

export interface CompletedOption {
  readonly long: string;
  readonly short: string | null;
  readonly description: string;
  /** Null if the option takes no value. */
  readonly values: Values | null;
}

export interface CompletedCommand {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly CompletedOption[];
  /** Values of the first argument; null if the command takes none. */
  readonly argument: Values | null;
}

/** Shells that a script can be printed for. */
export const shells = ['bash', 'zsh', 'fish'] as const;

function wordsOf(words: readonly string[]): Values {
  return { kind: 'words', words };
}

/** The values of a config key whose rule is a list of names. */
function choicesOf(key: ConfigKey): Values {
  const rule = configTable.find((row) => row.key === key)?.rule ?? '';
  const list = /^one of (.+)$/.exec(rule)?.[1] ?? '';
  // `custom` is for programs: the command has no part of the user's own.
  const names = list.replace(/, or null$/, '').split(', ');
  return wordsOf(names.filter((name) => name !== 'custom'));
}

/**
 * Names of environments. Of `textworld-express/<game>` the part before `<`. Names with a colon are left out, at which
 * bash splits words.
 */
const environments = environmentTable.map(({ name }) => name.replace(/<.*/, '')).filter((name) => !/[ :]/.test(name));

/** Values of options without choices of their own, by long flag. */
const optionValues: Readonly<Record<string, Values>> = {
  '--env': wordsOf(environments),
  '--policy': choicesOf('policy'),
  '--method': { kind: 'terms', words: methodTerms },
  '--labels': choicesOf('labels'),
  '--set': wordsOf(configTable.map(({ key }) => `${key}=`)),
};

/** The kind of value of a placeholder such as `<dir>`. */
function placeholderKind(placeholder: string): 'file' | 'folder' | 'other' {
  if (placeholder === 'file') return 'file';
  return placeholder === 'dir' ? 'folder' : 'other';
}

function valuesOf(option: Option): Values | null {
  if (!option.required && !option.optional) return null;
  if (option.argChoices !== undefined) return wordsOf(option.argChoices);
  const placeholder = /[<[](\w+)/.exec(option.flags)?.[1] ?? '';
  return optionValues[option.long ?? ''] ?? { kind: placeholderKind(placeholder) };
}

/** Names that the commander program does not contain. */
export interface OtherNames {
  readonly studies: readonly string[];
}

function argumentValues(command: Command, commands: readonly string[], { studies }: OtherNames): Values | null {
  const argument: Argument | undefined = command.registeredArguments[0];
  if (argument === undefined) return null;
  const words: Readonly<Record<string, readonly string[]>> = {
    bridge: ['check'],
    study: studies,
    list: listKinds,
    completion: shells,
    help: commands,
  };
  const found = words[command.name()];
  // A run is a folder; verify also takes the file of a receipt, and sweep a file of its own.
  const files = ['verify', 'sweep'].includes(command.name());
  return found !== undefined ? wordsOf(found) : { kind: files ? 'file' : 'folder' };
}

/** @returns the commands of a program, each with its visible options, --help included */
export function completionTable(program: Command, names: OtherNames): readonly CompletedCommand[] {
  const commands = program.commands.map((command) => command.name());
  return program.commands.map((command) => {
    const help = command.createHelp();
    return {
      name: command.name(),
      summary: help.subcommandDescription(command),
      options: help.visibleOptions(command).flatMap((option) => {
        const { long, short, description } = option;
        return long ? [{ long, short: short ?? null, description, values: valuesOf(option) }] : [];
      }),
      argument: argumentValues(command, commands, names),
    };
  });
}
