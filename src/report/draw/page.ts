import { escapeMarkup } from './escapeMarkup.ts';
import { type Medium, page, phone } from './layout.ts';
import { pageStyle } from './pageStyle.ts';

/** A self-contained page without scripts and external resources. `body` is markup, `title` is text. */
export function htmlPage(title: string, body: readonly string[]): string {
  const content = body.join('\n');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeMarkup(title)}</title>
<style>${pageStyle(content)}</style>
</head>
<body>
<main>
${content}
</main>
</body>
</html>
`;
}

/**
 * A figure with its caption, drawn for wide windows and for phones; the style shows one of them.
 *
 * @param draw returns SVG
 * @param caption text
 */
export function htmlFigure(draw: (medium: Medium) => string, caption: string): string {
  const drawings = `<div class="wide">\n${draw(page)}\n</div>\n<div class="phone">\n${draw(phone)}\n</div>`;
  return `<figure>\n${drawings}\n<figcaption>${escapeMarkup(caption)}</figcaption>\n</figure>`;
}

/** A part that scrolls sideways where the window is narrower than it, by keyboard too. `label` is text. */
export function htmlScroll(label: string, content: string, kind = ''): string {
  return `<div class="scroll${kind}" tabindex="0" role="region" aria-label="${escapeMarkup(label)}">${content}</div>`;
}

/** A section; without content, its heading and one line that names the missing records. */
export function htmlSection(heading: string, content: string | undefined, missing: string): string {
  return `<section>\n<h2>${escapeMarkup(heading)}</h2>\n${content ?? `<p class="quiet">Left out: ${escapeMarkup(missing)}</p>`}\n</section>`;
}

export function htmlList(texts: readonly string[]): string {
  return `<ul>\n${texts.map((text) => `<li>${escapeMarkup(text)}</li>`).join('\n')}\n</ul>`;
}
