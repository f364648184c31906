import Table from 'cli-table3';
import { escapeMarkup } from './chart.ts';
import { baselineOf, formatEstimate, outOfDomainGain, resultEstimate, roleName, type Variant } from './variants.ts';

/** Width of the terminal table's first column: long names wrap, so the table fits 120 characters. */
const NAME_WIDTH = 24;

const columns = [
  'variant',
  'seeds',
  'train',
  'in-domain',
  'out-of-domain',
  'gain',
  'cosine start → end',
  'positive start → end',
  'steps',
];

/** What stands below the table wherever it is shown. */
export const tableNotes = [
  'train, in-domain, out-of-domain: success rate, mean over seeds ± half of the 95% t interval.',
  'gain: out-of-domain success minus that of the first variant, paired by seed.',
  'cosine, positive: good-bad pairs of samples, mean cosine of their gradients and the fraction above zero.',
  'steps: environment steps per run. An upper bound uses privileged knowledge; a control tests another explanation.',
];

function rows(variants: readonly Variant[]): string[][] {
  const baseline = baselineOf(variants);
  return variants.map((variant) => {
    const show = (...[pick]: [Parameters<typeof resultEstimate>[1]]): string =>
      formatEstimate(resultEstimate(variant, pick));
    const short = (pick: Parameters<typeof resultEstimate>[1]): string =>
      formatEstimate(resultEstimate(variant, pick)).split(' ')[0];
    const gain = baseline === undefined || variant === baseline ? undefined : outOfDomainGain(variant, baseline);
    const steps = resultEstimate(variant, (result) => result.envSteps)?.mean ?? 0;
    return [
      roleName(variant),
      String(variant.runs.length),
      show((result) => result.success.train),
      show((result) => result.success.inDomain),
      show((result) => result.success.outOfDomain),
      formatEstimate(gain, true),
      `${short((result) => result.coupling.start.goodBadCosine)} → ${short((result) => result.coupling.end.goodBadCosine)}`,
      `${short((result) => result.coupling.start.goodBadPositiveFraction)} → ${short((result) => result.coupling.end.goodBadPositiveFraction)}`,
      steps >= 1000 ? `${Math.round(steps / 1000)}k` : String(Math.round(steps)),
    ];
  });
}

/** The closing table as text without colour codes, for a terminal. */
export function closingTableText(variants: readonly Variant[]): string {
  const table = new Table({
    head: columns.map((column) => column.replace(/ (?=start)/, '\n')),
    colWidths: [NAME_WIDTH],
    wordWrap: true,
    colAligns: columns.map((_, i) => (i === 0 ? 'left' : 'right')),
    chars: {
      ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '' },
      ...{ bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' },
      ...{ left: '', right: '', middle: '  ' },
      ...{ mid: '─', 'mid-mid': '──', 'left-mid': '', 'right-mid': '' },
    },
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 0 },
  });
  table.push(...rows(variants));
  return `${table.toString()}\n${tableNotes.join('\n')}\n`;
}

/** An HTML table; the first cell of each row is its heading. Cells are escaped. */
export function htmlTable(caption: string, head: readonly string[], body: readonly (readonly string[])[]): string {
  const cells = (tag: string, scope: string, texts: readonly string[]): string =>
    texts.map((text) => `<${tag}${scope}>${escapeMarkup(text)}</${tag}>`).join('');
  const lines = body.map(
    ([first, ...rest]) => `<tr>${cells('th', ' scope="row"', [first])}${cells('td', '', rest)}</tr>`,
  );
  return `<div class="scroll"><table><caption>${escapeMarkup(caption)}</caption>
<thead><tr>${cells('th', ' scope="col"', head)}</tr></thead>
<tbody>
${lines.join('\n')}
</tbody></table></div>`;
}

/** The closing table as HTML. */
export function closingTableHtml(variants: readonly Variant[]): string {
  return htmlTable('Success and coupling of every variant', columns, rows(variants));
}
