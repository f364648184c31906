/** The completion script for fish. */
import type { CompletedCommand, Values } from './completionTable.ts';

function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, '\\$&')}'`;
}

/** The flags of `complete` for a value. */
function valueFlags(program: string, values: Values): string {
  switch (values.kind) {
    case 'words':
      return `-x -a ${quoted(values.words.join(' '))}`;
    case 'terms':
      return `-x -a ${quoted(`(__${program}_terms ${values.words.join(' ')})`)}`;
    case 'file':
      return '-r -F';
    case 'folder':
      return `-x -a '(__fish_complete_directories)'`;
    case 'other':
      return '-x';
  }
}

/** @param program the name of the command */
export function fishScript(program: string, commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap(({ name, summary, options, argument }) => {
    const within = `complete -c ${program} -n '__fish_seen_subcommand_from ${name}'`;
    return [
      `complete -c ${program} -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`,
      ...options.map(({ long, short, description, values }) => {
        const flags = `-l ${long.slice(2)}${short ? ` -s ${short.slice(1)}` : ''}`;
        return `${within} ${flags}${values ? ` ${valueFlags(program, values)}` : ''} -d ${quoted(description)}`;
      }),
      // -x and -r declare that an option takes a value; they do not apply to an argument.
      ...(argument ? [`${within} ${valueFlags(program, argument).replace(/^-[xr] ?/, '')}`] : []),
    ];
  });
  return `# Completion for fish. In ~/.config/fish/config.fish: ${program} completion fish | source

# The current word with each term of a method that it does not contain yet.
function __${program}_terms
    set -l word (commandline -ct | string replace -r '^--[^=]*=' '')
    set -l prefix (string replace -r '[^+]*$' '' -- $word)
    for term in $argv
        contains -- $term (string split + -- $prefix); or echo $prefix$term
    end
end

complete -c ${program} -f
complete -c ${program} -n __fish_use_subcommand -l version -s V -d 'output the version number'
complete -c ${program} -n __fish_use_subcommand -l help -s h -d 'display help'
${lines.join('\n')}`;
}
