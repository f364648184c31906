import Table from 'cli-table3';
import { MIN_INTERVAL_SEEDS } from '../../statistics/statistics.ts';
import { escapeMarkup } from '../draw/escapeMarkup.ts';
import { htmlScroll } from '../draw/page.ts';
import { contrastOf } from './contrast.ts';
import { measureOf, randomScores, type Scores, scoresOf } from './scores.ts';
import { roleName } from './variantRole.ts';
import {
  baselineOf,
  type ComparedVariant,
  outOfDomainGain,
  resultMean,
  type SeedMean,
  seedMean,
  seedMeanTexts,
} from './variants.ts';

/**
 * Widths of the terminal table in characters: of the first column, and of the columns of success and gain. Longer cells
 * wrap, so that the table fits 120 characters.
 */
const NAME_WIDTH = 24;
const SUCCESS_WIDTH = 14;
const GAIN_WIDTH = 17;

/** A table with more columns does not fit a phone. */
const MANY = 3;

const columns = ['variant', 'seeds', 'train', 'in-domain', 'out-of-domain', 'gain'];

/** Notes shown below the table, in the terminal and on the page. */
export function tableNotes(variants: readonly ComparedVariant[]): string[] {
  const { name, axis } = measureOf(variants);
  const hasRandom = variants.some(({ runs }) => runs.some(({ result }) => result.random !== undefined));
  return [
    `train, in-domain, out-of-domain: ${axis}. gain: out-of-domain ${name} minus that of the first variant, by seed.`,
    ...(hasRandom ? ['random actions: uniformly random actions in the games of the evaluation.'] : []),
    ...otherNotes,
  ];
}

const otherNotes = [
  `Below ${MIN_INTERVAL_SEEDS} seeds: the value of each seed and their mean. From ${MIN_INTERVAL_SEEDS} seeds on: the mean and its 95% interval.`,
  'Each interval is of one comparison; none is corrected for the number of variants.',
  'cosine, positive: mean cosine of the gradients of log π of a good and a bad action, and share above 0, start → end.',
  'contrast: mean cosine of pairs with equal labels minus that of good-bad pairs. Cosines can all fall or rise together.',
  'The two actions of such a pair have equal words, in two games that training did not play. All pairs weigh alike.',
  "Good and bad are the expert's labels, without an expert an experience graph's. Compare cosines at equal success.",
  'steps: environment steps per run. An upper bound uses privileged knowledge; a control tests another explanation.',
];

/** The row of random actions over all runs that have this baseline; none without one. */
function randomRow(variants: readonly ComparedVariant[]): string[][][] {
  const scores = variants.flatMap(({ runs }) => runs.map(({ result }) => randomScores(result)));
  const means = (['train', 'inDomain', 'outOfDomain'] as const).map((split: keyof Scores) =>
    seedMean(scores.map((of) => of[split])),
  );
  if (means.every((found) => found === undefined)) return [];
  const runs = Math.max(...means.map((found) => found?.seeds ?? 0));
  const cells = means.map((found) => (found === undefined ? ['–'] : [seedMeanTexts(found)[0]]));
  return [[['random actions'], [String(runs)], ...cells, ['–'], ['–'], ['–'], ['–'], ['–']]];
}

/** The lines of each cell of a row: first the `columns`, then cosine, contrast, positive and steps. */
function cellsOf(variant: ComparedVariant, baseline: ComparedVariant | undefined): string[][] {
  const spread = (found: SeedMean | undefined, sign = false): string[] => {
    if (found === undefined) return ['–'];
    const [centre, around] = seedMeanTexts(found, sign);
    if (around === '') return [centre];
    return found.interval === undefined ? [around, `mean ${centre}`] : [centre, around];
  };
  const of = (pick: Parameters<typeof resultMean>[1]): SeedMean | undefined => resultMean(variant, pick);
  const plain = (pick: Parameters<typeof resultMean>[1]): string => {
    const found = of(pick);
    return found === undefined ? '–' : seedMeanTexts(found)[0];
  };
  const steps = of((result) => result.envSteps)?.mean ?? 0;
  return [
    [roleName(variant)],
    [String(variant.runs.length)],
    spread(of((result) => scoresOf(result).train)),
    spread(of((result) => scoresOf(result).inDomain)),
    spread(of((result) => scoresOf(result).outOfDomain)),
    spread(baseline === undefined || variant === baseline ? undefined : outOfDomainGain(variant, baseline), true),
    [
      `${plain(({ coupling }) => coupling.start.goodBadCosine)} → ${plain(({ coupling }) => coupling.end.goodBadCosine)}`,
    ],
    [`${plain(({ coupling }) => contrastOf(coupling.start))} → ${plain(({ coupling }) => contrastOf(coupling.end))}`],
    [
      `${plain(({ coupling }) => coupling.start.goodBadPositiveFraction)} → ${plain(({ coupling }) => coupling.end.goodBadPositiveFraction)}`,
    ],
    [steps >= 1000 ? `${Math.round(steps / 1000)}k` : String(Math.round(steps))],
  ];
}

/**
 * The closing table for a terminal, without colour codes. Cosine, contrast and positive share a column, so that the
 * table fits its width.
 */
export function closingTableText(variants: readonly ComparedVariant[]): string {
  const baseline = baselineOf(variants);
  const head = [...columns, 'cosine\ncontrast\npositive\nstart → end', 'steps'];
  const table = new Table({
    head,
    colWidths: [NAME_WIDTH, null, SUCCESS_WIDTH, SUCCESS_WIDTH, SUCCESS_WIDTH, GAIN_WIDTH],
    wordWrap: true,
    colAligns: head.map((_, i) => (i === 0 ? 'left' : 'right')),
    chars: {
      ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '' },
      ...{ bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' },
      ...{ left: '', right: '', middle: '  ' },
      ...{ mid: '─', 'mid-mid': '──', 'left-mid': '', 'right-mid': '' },
    },
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 0 },
  });
  const rows = [...randomRow(variants), ...variants.map((variant) => cellsOf(variant, baseline))].map((cells) => {
    const [[cosine], [contrast], [positive], steps] = cells.slice(columns.length);
    return [...cells.slice(0, columns.length), [cosine, contrast, positive], steps].map((lines) => lines.join('\n'));
  });
  table.push(...rows);
  return `${table.toString()}\n${tableNotes(variants).join('\n')}\n`;
}

/** An HTML table. The first cell of each row is its heading. Cells are escaped, and line breaks in them are kept. */
export function htmlTable(caption: string, head: readonly string[], body: readonly (readonly string[])[]): string {
  const cells = (tag: string, scope: string, texts: readonly string[]): string =>
    texts.map((text) => `<${tag}${scope}>${escapeMarkup(text).replaceAll('\n', '<br/>')}</${tag}>`).join('');
  const lines = body.map(
    ([first, ...rest]) => `<tr>${cells('th', ' scope="row"', [first])}${cells('td', '', rest)}</tr>`,
  );
  const table = `<table><caption><span>${escapeMarkup(caption)}</span></caption>
<thead><tr>${cells('th', ' scope="col"', head)}</tr></thead>
<tbody>
${lines.join('\n')}
</tbody></table>`;
  return htmlScroll(caption, table, head.length > MANY ? ' many' : '');
}

/** The closing table as HTML. */
export function closingTableHtml(variants: readonly ComparedVariant[]): string {
  const baseline = baselineOf(variants);
  return htmlTable(
    'Success and coupling of every variant',
    [...columns, 'cosine start → end', 'contrast start → end', 'positive start → end', 'steps'],
    [...randomRow(variants), ...variants.map((variant) => cellsOf(variant, baseline))].map((cells) =>
      cells.map((lines) => lines.join('\n')),
    ),
  );
}
