/** Style of report pages: the colours and the type of the website, dark mode, phones and paper. */
import { darkColors } from './colors.ts';

/** Below this width in CSS pixels a page shows the figures of phones. */
const PHONE = 640;

const base = `
:root { color-scheme: light; --paper: #ffffff; --ink: #1a1a1a; --quiet: #595959; --rule: #dddddd; --panel: #f5f5f3; --accent: #0b57c9; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 70rem; padding: 2.5rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 1.0625rem/1.55 system-ui, Helvetica, Arial, sans-serif; }
h1 { font-size: clamp(1.5rem, 5vw, 2.1rem); line-height: 1.15; margin: 0 0 .6rem; text-wrap: balance; letter-spacing: -.015em; }
h2 { font-size: 1.35rem; line-height: 1.2; margin: 2.8rem 0 .6rem; padding-top: 1.2rem; border-top: 1px solid var(--rule); text-wrap: balance;
  letter-spacing: -.01em; }
p, ul { max-width: 44rem; }
.summary { font-size: 1.15rem; margin: 0 0 .8rem; }
.quiet, figcaption, .notes { color: var(--quiet); font-size: .92rem; }
.notes { margin-top: .4rem; padding-left: 1.1rem; }
figure { margin: 1.2rem 0 2rem; min-width: 0; }
figure svg { display: block; width: 100%; height: auto; }
figcaption { margin-top: .4rem; max-width: 44rem; }
.wide { max-width: 56rem; }
.phone { display: none; max-width: 30rem; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
summary { cursor: pointer; }
.scroll { overflow-x: auto; background-color: var(--paper); background-image:
  linear-gradient(to right, var(--paper) 30%, transparent), linear-gradient(to left, var(--paper) 30%, transparent),
  radial-gradient(farthest-side at left, color-mix(in srgb, var(--ink) 32%, transparent), transparent),
  radial-gradient(farthest-side at right, color-mix(in srgb, var(--ink) 32%, transparent), transparent);
  background-position: left, right, left, right; background-size: 2.5rem 100%, 2.5rem 100%, 1rem 100%, 1rem 100%;
  background-repeat: no-repeat; background-attachment: local, local, scroll, scroll; }
.scroll + .scroll { margin-top: 1.2rem; }
table { border-collapse: collapse; font-size: .84rem; font-variant-numeric: tabular-nums; width: 100%; }
caption { text-align: left; font-weight: 600; padding-bottom: .4rem; }
th, td { padding: .38rem .42rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--rule); }
th:first-child { text-align: left; white-space: normal; min-width: 10rem; }
thead th { border-bottom: 2px solid var(--ink); font-weight: 600; vertical-align: bottom; white-space: normal; }
tbody th { font-weight: 500; }
tbody tr:hover { background: color-mix(in srgb, var(--ink) 6%, transparent); }
.study td, .words td { white-space: normal; }
pre { background: var(--panel); border-radius: 8px; padding: .8rem 1rem; font-size: .9rem; white-space: pre-wrap; overflow-wrap: anywhere; }
@media screen and (max-width: ${PHONE}px) { body { padding: 1.25rem .9rem 3rem; } .wide { display: none; } .phone { display: block; }
  th:first-child { min-width: 7rem; max-width: 9rem; overflow-wrap: anywhere; }
  .many th:first-child { position: sticky; left: 0; background: var(--paper); box-shadow: 1px 0 0 var(--rule), inset 0 -1px 0 var(--rule); }
  caption span { position: sticky; left: 0; display: inline-block; max-width: calc(100vw - 1.8rem); }
  .many caption span::after { content: " (scrolls sideways ↔)"; font-weight: 400; color: var(--quiet); } }
@media print { body { max-width: none; padding: 0; font-size: 10pt; } figure, table { break-inside: avoid; } h2 { break-after: avoid; }
  .scroll { overflow: visible; background: none; } table { font-size: 7.5pt; } }
`;

const dark =
  ':root { color-scheme: dark; --paper: #15171a; --ink: #ececea; --quiet: #a9abae; --rule: #34383e; --panel: #1e2125; --accent: #7db2ff; }';

/**
 * The style of a page. In dark mode, rules replace the colours of its figures, so that a figure is stored once. Paper
 * is always light.
 */
export function pageStyle(body: string): string {
  const used = new Set(
    [...body.matchAll(/ (fill|stroke)="(#\w+)"/g)].map(([, attribute, color]) => `${attribute} ${color}`),
  );
  const rules = [...used].sort().flatMap((use) => {
    const [attribute, color] = use.split(' ');
    const instead = darkColors.get(color);
    return instead === undefined ? [] : [`svg [${attribute}="${color}"] { ${attribute}: ${instead}; }`];
  });
  return `${base}@media screen and (prefers-color-scheme: dark) { ${dark}\n${rules.join('\n')}\n}\n`;
}
