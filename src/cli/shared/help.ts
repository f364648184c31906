/** What `--help` teaches below the list of options: examples that work, defaults with units, exit codes, what to do next. */

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
