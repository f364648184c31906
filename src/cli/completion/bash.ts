/** The completion script for bash. It uses no feature that bash 3.2, the version of macOS, lacks. */
import type { CompletedCommand, Values } from './completionTable.ts';

/** A bash string with one word per line. The names of this package contain no quotes. */
function linesOf(words: readonly string[]): string {
  return `$'${words.join('\\n')}'`;
}

function setting(values: Values): string {
  return 'words' in values ? `kind=${values.kind} words=${linesOf(values.words)}` : `kind=${values.kind}`;
}

/** Branches of a `case`: subjects with the same body share one. */
function branches(cases: readonly (readonly [string, string])[]): string {
  const subjects = new Map<string, string[]>();
  for (const [subject, body] of cases) subjects.set(body, [...(subjects.get(body) ?? []), `'${subject}'`]);
  return [...subjects].map(([body, all]) => `    ${all.join('|')}) ${body} ;;`).join('\n');
}

/** @param program the name of the command */
export function bashScript(program: string, commands: readonly CompletedCommand[]): string {
  const values = commands.flatMap(({ name, options }) =>
    options.flatMap(({ long, values }) => (values ? [[`${name} ${long}`, setting(values)] as const] : [])),
  );
  const options = commands.map(
    ({ name, options: all }) => [name, `words=${linesOf(all.map(({ long }) => long))}`] as const,
  );
  const args = commands.flatMap(({ name, argument }) => (argument ? [[name, setting(argument)] as const] : []));
  return `# Completion for bash. In ~/.bashrc: eval "$(${program} completion bash)"

# Sets kind and words to the values of option $2 of command $1; fails if the option takes no value.
_${program}_value() {
  words=
  case "$1 $2" in
${branches(values)}
    *) return 1 ;;
  esac
}

# Sets words to the options of command $1.
_${program}_options() {
  case "$1" in
${branches(options)}
  esac
}

# Sets kind and words to the values of the first argument of command $1; fails if it takes none.
_${program}_argument() {
  words=
  case "$1" in
${branches(args)}
    *) return 1 ;;
  esac
}

_${program}() {
  local IFS=$'\\n' kind=words words= prefix= command= given=0 skip=0 i word
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} last=$((COMP_CWORD - 1))
  COMPREPLY=()
  # bash splits --option=value into three words.
  if [[ $current == = ]]; then current=
  elif [[ $previous == = ]]; then previous=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  for ((i = 1; i <= last; i++)); do
    word=\${COMP_WORDS[i]}
    if ((skip)); then
      [[ $word == = ]] || skip=0
    elif [[ -z $command ]]; then
      [[ $word == -* ]] || command=$word
    elif [[ $word == -* ]]; then
      if _${program}_value "$command" "$word"; then skip=1; fi
    elif [[ $word != = ]]; then
      given=1
    fi
  done
  kind=words words=
  if [[ -z $command ]]; then
    words=${linesOf([...commands.map(({ name }) => name), '--help', '--version'])}
  elif _${program}_value "$command" "$previous"; then
    :
  elif [[ $current == -* ]]; then
    _${program}_options "$command"
  elif ((given)) || ! _${program}_argument "$command"; then
    kind=other
  fi
  case $kind in
    file) COMPREPLY=($(compgen -f -- "$current")); compopt -o filenames 2>/dev/null ;;
    folder) COMPREPLY=($(compgen -d -- "$current")); compopt -o filenames 2>/dev/null ;;
    words) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
    terms)
      [[ $current == *+* ]] && prefix=\${current%+*}+
      for word in $words; do
        [[ +$prefix == *+$word+* ]] || COMPREPLY+=($(compgen -W "$prefix$word" -- "$current"))
      done ;;
  esac
  # No space after key= and family/, because a value follows.
  if [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *[=/] ]]; then compopt -o nospace 2>/dev/null; fi
  return 0
}

complete -F _${program} ${program}`;
}
