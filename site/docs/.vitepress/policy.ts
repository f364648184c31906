/**
 * Output that the content security policy of the site allows: it has no inline scripts and styles, so those of the
 * generator become files and classes.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { transformerStyleToClass } from '@shikijs/transformers';
import type { MarkdownRenderer } from 'vitepress';

export const codeStyles = transformerStyleToClass({ classPrefix: 'code-' });
const scripts = new Map<string, string>();

type Rule = NonNullable<MarkdownRenderer['renderer']['rules'][string]>;

/** Columns are aligned by a class, and each table scrolls in a box of its own that keys can scroll, too. */
export function renderTables(md: MarkdownRenderer): void {
  const { rules } = md.renderer;
  const aligned: Rule = (tokens, i, options, _env, self) => {
    const style = tokens[i].attrGet('style');
    if (style) {
      tokens[i].attrs = (tokens[i].attrs ?? []).filter(([name]) => name !== 'style');
      tokens[i].attrJoin('class', style.replace('text-align:', 'to-').replace(';', ''));
    }
    return self.renderToken(tokens, i, options);
  };
  rules.td_open = aligned;
  rules.th_open = aligned;
  rules.table_open = (tokens, i) => {
    const end = tokens.findIndex(({ type }, j) => j > i && type === 'thead_close');
    const columns = tokens
      .slice(i, end)
      .flatMap(({ type, content }) => (type === 'inline' && content ? [content] : []));
    const label = md.utils.escapeHtml(`Table: ${columns.join(', ').replaceAll(/[`*]/g, '')}`);
    return `<div class="scroll" role="group" tabindex="0" aria-label="${label}" v-pre><table>`;
  };
  rules.table_close = () => '</table></div>';
}

/** The page without inline scripts and style attributes. */
export function withoutInline(html: string, base: string): string {
  return html
    .replaceAll(/<script id="([\w-]+)">([^<]*)<\/script>/g, (_, id: string, content: string) => {
      scripts.set(id, content);
      return `<script src="${base}${id}.js"></script>`;
    })
    .replaceAll(/ style="[^"]*"/g, '');
}

/** Writes the scripts and styles that pages refer to. */
export function writeExtracted(folder: string): void {
  for (const [id, content] of scripts) writeFileSync(join(folder, `${id}.js`), `${content}\n`);
  const sides = ['left', 'center', 'right'].map((side) => `.vp-doc .to-${side} { text-align: ${side}; }\n`).join('');
  writeFileSync(join(folder, 'code.css'), codeStyles.getCSS() + sides);
}
