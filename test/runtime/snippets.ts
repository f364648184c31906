/** The programs in docs/hosts.md, so that tests run what readers copy. */
import { readFileSync } from 'node:fs';

const text = readFileSync(new URL('../../docs/hosts.md', import.meta.url), 'utf8');

/** The files shown under a heading, by the name in their first line, without that line. */
export function snippetFiles(heading: string): Record<string, string> {
  const start = text.indexOf(`\n## ${heading}\n`);
  if (start < 0) throw new Error(`docs/hosts.md has no section "${heading}"`);
  const end = text.indexOf('\n## ', start + 1);
  const files: Record<string, string> = {};
  for (const [, first, rest] of text
    .slice(start, end < 0 ? undefined : end)
    .matchAll(/^```(?:js|jsonc|html)\n(.*)\n([\s\S]*?)^```$/gm)) {
    const name = /[\w.]+\.\w+/.exec(first)?.[0];
    if (!name) throw new Error(`docs/hosts.md: a snippet's first line must name its file, got ${first}`);
    files[name] = rest;
  }
  return files;
}
