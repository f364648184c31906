/** The completion script for zsh, from specifications of its function `_arguments`. */
import type { CompletedCommand, CompletedOption, Values } from './completionTable.ts';

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Text within a specification, in which `:`, `[` and `]` have a meaning. */
function escaped(text: string): string {
  return text.replaceAll(/[\\:[\]]/g, '\\$&');
}

/** The zsh action that completes a value. */
function action(values: Values): string {
  switch (values.kind) {
    case 'words': {
      const open = values.words.filter((word) => /[=/]$/.test(word));
      const whole = values.words.filter((word) => !open.includes(word));
      // No space after key= and family/, because a value follows.
      const parts = [
        ...(whole.length > 0 ? [`compadd -- ${whole.join(' ')}`] : []),
        ...(open.length > 0 ? [`compadd -S "" -- ${open.join(' ')}`] : []),
      ];
      return `{${parts.join('; ')}}`;
    }
    case 'terms':
      return `{_values -s + terms ${values.words.join(' ')}}`;
    case 'file':
      return '_files';
    case 'folder':
      return '_files -/';
    case 'other':
      return ' ';
  }
}

function optionSpecs({ long, short, description, values }: CompletedOption): string[] {
  const explained = `[${escaped(description)}]`;
  if (values === null) return [long, ...(short ? [short] : [])].map((flag) => quoted(`${flag}${explained}`));
  const repeats = long === '--set' ? '*' : '';
  return [quoted(`${repeats}${long}=${explained}:value:${action(values)}`)];
}

/** @param program the name of the command */
export function zshScript(program: string, commands: readonly CompletedCommand[]): string {
  const described = commands.map(({ name, summary }) => `    ${quoted(`${name}:${escaped(summary)}`)}`);
  const cases = commands.map(({ name, options, argument }) => {
    const specs = [...options.flatMap(optionSpecs), ...(argument ? [quoted(`1:argument:${action(argument)}`)] : [])];
    return `        ${name}) _arguments ${specs.join(' \\\n          ')} ;;`;
  });
  return `#compdef ${program}
# Completion for zsh. In ~/.zshrc, after compinit: eval "$(${program} completion zsh)"

_${program}() {
  local curcontext=$curcontext state line
  local -a commands
  commands=(
${described.join('\n')}
  )
  _arguments -C '--help[display help]' '--version[output the version number]' '1:command:->command' '*::argument:->argument'
  case $state in
    command) _describe command commands ;;
    argument)
      case $line[1] in
${cases.join('\n')}
      esac ;;
  esac
}

if [[ $funcstack[1] == _${program} ]]; then _${program} "$@"; else compdef _${program} ${program}; fi`;
}
