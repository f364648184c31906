/**
 * Cells of the tutorial: TypeScript that a page runs on a click. In a page of docs/ a comment names each one:
 *
 *     <!-- cell: one-update, about 1 s -->
 *     ```ts
 *     console.log('hello');
 *     ```
 *
 *     ```text
 *     hello
 *     ```
 *
 * The second block is the committed output, which tests compare with that of Node and of the browsers.
 */
export interface Cell {
  readonly name: string;
  /** Such as `about 1 s`. */
  readonly time: string;
  readonly code: string;
  readonly output: string;
}

const pattern = /^<!-- cell: ([\w-]+), (about [\d.]+ m?s) -->\n```ts\n([\s\S]*?)```\n\n```text\n([\s\S]*?)```$/gm;

/** @throws Error if a page has a cell without a time or without output */
export function cellsOf(page: string, markdown: string): Cell[] {
  const cells = [...markdown.matchAll(pattern)].map(([, name, time, code, output]) => {
    return { name, time, code, output } as Cell;
  });
  const written = markdown.match(/^<!-- cell:/gm)?.length ?? 0;
  if (cells.length !== written) {
    throw new Error(
      `cellsOf: ${page} must have a time and a block of output after each cell, got ${written} cells of which ${cells.length} do; see site/docs/.vitepress/cells.ts`,
    );
  }
  return cells;
}

/** The page with a component around each cell, which runs it. */
export function withCells(markdown: string): string {
  return markdown.replaceAll(pattern, (_, name: string, time: string, code: string, output: string) =>
    [
      `<DocCell name="${name}" time="${time}">`,
      `\`\`\`ts\n${code}\`\`\``,
      '<template #expected>',
      `\`\`\`text\n${output}\`\`\``,
      '</template>',
      '</DocCell>',
    ].join('\n\n'),
  );
}
