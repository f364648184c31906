import { escapeMarkup } from './escapeMarkup.ts';

const css = `
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 70rem; padding: 2.5rem 1.25rem 4rem; background: #fff; color: #1a1a1a;
  font: 1.0625rem/1.55 system-ui, Helvetica, Arial, sans-serif; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .6rem; text-wrap: balance; }
h2 { font-size: 1.3rem; margin: 2.8rem 0 .6rem; padding-top: 1rem; border-top: 1px solid #ddd; }
.summary { font-size: 1.15rem; margin: 0 0 .8rem; }
p, ul { max-width: 44rem; }
.quiet, figcaption, .notes { color: #555; font-size: .92rem; }
.notes { margin-top: .4rem; padding-left: 1.1rem; }
figure { margin: 1.2rem 0 1.8rem; }
figure svg { display: block; width: 100%; height: auto; }
figcaption { margin-top: .3rem; max-width: 44rem; }
.scroll { overflow-x: auto; }
.scroll + .scroll { margin-top: 1.2rem; }
table { border-collapse: collapse; font-size: .84rem; font-variant-numeric: tabular-nums; width: 100%; }
caption { text-align: left; font-weight: 600; padding-bottom: .4rem; }
th, td { padding: .38rem .42rem; text-align: right; white-space: nowrap; border-bottom: 1px solid #e4e4e4; }
th:first-child { text-align: left; white-space: normal; min-width: 10rem; }
thead th { border-bottom: 2px solid #1a1a1a; font-weight: 600; vertical-align: bottom; white-space: normal; }
tbody th { font-weight: 500; }
.study td { white-space: normal; }
pre { background: #f5f5f5; padding: .8rem 1rem; overflow-x: auto; font-size: .9rem; }
@media (max-width: 640px) { body { padding: 1.25rem .9rem 3rem; } h1 { font-size: 1.5rem; } figure { overflow-x: auto; }
  figure svg { min-width: 620px; } }
@media print { body { max-width: none; padding: 0; font-size: 10pt; } figure, table { break-inside: avoid; } h2 { break-after: avoid; }
  table { font-size: 7.5pt; } pre { white-space: pre-wrap; } }
`;

/** A self-contained page without scripts and external resources. `body` is markup, `title` is text. */
export function htmlPage(title: string, body: readonly string[]): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeMarkup(title)}</title>
<style>${css}</style>
</head>
<body>
<main>
${body.join('\n')}
</main>
</body>
</html>
`;
}

/** A figure with its caption; `svg` is markup, `caption` is text. */
export function htmlFigure(svg: string, caption: string): string {
  return `<figure>\n${svg}\n<figcaption>${escapeMarkup(caption)}</figcaption>\n</figure>`;
}

/** A section; without content, its heading and one line that names the missing records. */
export function htmlSection(heading: string, content: string | undefined, missing: string): string {
  return `<section>\n<h2>${escapeMarkup(heading)}</h2>\n${content ?? `<p class="quiet">Left out: ${escapeMarkup(missing)}</p>`}\n</section>`;
}
