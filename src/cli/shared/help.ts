/**
 * What `--help` teaches below the list of options: examples that work, defaults with units, exit codes, what to do
 * next.
 */
import { configTable } from '../../config/config.ts';

const exitCodesHelp = `Exit codes:
  0    done
  1    the run failed: environment, a number that is not finite, disk; verify: not equal
  2    wrong usage or config
  130  interrupted by SIGINT (Ctrl-C); what is finished is kept, and a second signal ends at once
  143  the same by SIGTERM
  129  the same by SIGHUP

With --json the last line of stdout is one JSON object and everything else goes to stderr. A command that fails
prints nothing on stdout; an interrupted compare prints what is finished, verify what differs.
Set UNBRAID_DEBUG=1 to see where an error comes from, NO_COLOR=1 for plain progress.`;

/** Help text after a command's options. Lines of `examples` are commands; `next` says what to do with the outcome. */
export function teach(sections: { examples: readonly string[]; details?: string; next: string }): string {
  const examples = sections.examples.map((line) => `  ${line}`).join('\n');
  const details = sections.details === undefined ? '' : `\n\n${sections.details}`;
  const noun = sections.examples.length === 1 ? 'Example' : 'Examples';
  return `\n${noun}:\n${examples}${details}\n\nNext:\n  ${sections.next}\n\n${exitCodesHelp}`;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

/** The config keys as an aligned list: key, default with its unit, meaning. */
export function configHelp(): string {
  const rows = configTable.map(({ key, default: value, unit, meaning }) => ({
    key,
    value: unit === '' || value === null ? String(value) : `${value} ${unit}`,
    meaning,
  }));
  const keyWidth = Math.max(...rows.map((row) => row.key.length));
  const valueWidth = Math.max(...rows.map((row) => row.value.length));
  const indent = 2 + keyWidth + 2 + valueWidth + 2;
  const lines = rows.map((row) => {
    const [first, ...rest] = wrap(row.meaning, 118 - indent);
    const head = `  ${row.key.padEnd(keyWidth)}  ${row.value.padEnd(valueWidth)}  ${first}`;
    return [head, ...rest.map((line) => ' '.repeat(indent) + line)].join('\n');
  });
  return `Config keys (for --set and --config) with their defaults:\n${lines.join('\n')}`;
}
