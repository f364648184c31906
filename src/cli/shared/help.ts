/** The part of `--help` below the options: examples, details, the next step and exit codes. */

const exitCodesHelp = `Exit codes:
  0    done
  1    the run failed (environment, a number that is not finite, disk), or verify found a difference
  2    wrong usage or config
  130  interrupted by SIGINT (Ctrl-C); finished work is saved, and a second signal ends the process at once
  143  interrupted by SIGTERM; otherwise as 130
  129  interrupted by SIGHUP; otherwise as 130

With --json the last line of stdout is one JSON object and everything else goes to stderr. A command that fails prints
nothing on stdout, with two exceptions: an interrupted compare prints the finished runs, verify prints the difference.
Set UNBRAID_DEBUG=1 to print the stack of an error, NO_COLOR=1 for progress without colours, UNBRAID_WIDE=0 or 1 for
--wide off or on in all commands.`;

/**
 * The help text below the options of a command. Each line of `examples` is a command; `next` is the next step for the
 * user.
 */
export function helpSections(sections: { examples: readonly string[]; details?: string; next: string }): string {
  const examples = sections.examples.map((line) => `  ${line}`).join('\n');
  const details = sections.details === undefined ? '' : `\n\n${sections.details}`;
  const noun = sections.examples.length === 1 ? 'Example' : 'Examples';
  return `\n${noun}:\n${examples}${details}\n\nNext:\n  ${sections.next}\n\n${exitCodesHelp}`;
}

/** Lines of at most `width` characters, broken at spaces; a longer word has a line of its own. */
export function wordWrap(text: string, width: number): string[] {
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

/**
 * Rows of cells as aligned, indented columns; the last cell is wrapped.
 *
 * @param widths of all columns but the last, in characters
 * @param lineWidth most characters in a line
 */
export function alignedRows(
  rows: readonly (readonly string[])[],
  widths: readonly number[],
  lineWidth: number,
): string {
  const indent = 2 + widths.reduce((sum, width) => sum + width + 2, 0);
  const lines = rows.flatMap((cells) => {
    const head = widths.map((width, i) => `${cells[i].padEnd(width)}  `).join('');
    const [first, ...rest] = wordWrap(cells[widths.length], lineWidth - indent);
    return [`  ${head}${first}`, ...rest.map((line) => ' '.repeat(indent) + line)];
  });
  return lines.join('\n');
}
