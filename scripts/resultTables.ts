/**
 * The tables of docs/results that come from studies: the stored files of each study, their columns, and which unbraid
 * checks its receipts.
 */
import { between, markdownTable } from '../bench/markdown.ts';
import { roleName } from '../src/report/compare/variantRole.ts';
import { exploringVariants, mainVariants, otherVariants } from '../src/study/trained/variants.ts';
import { numericsVersion } from '../src/version.ts';
import { methodPages } from './methodPages.ts';
import {
  exact,
  holm,
  kept,
  number,
  type PageColumn,
  type PageTable,
  plain,
  type ResultPage,
  type Stored,
  type StoredTable,
  signed,
  steps,
  success,
  tableOf,
  thousandths,
  threeDigits,
} from './pageTables.ts';

const gain = signed('out-of-domain gain over GRPO', 'gain over GRPO');

const inSetting: readonly PageColumn[] = [
  ...[success, gain, signed('out-of-domain gain over cloning, graph labels', 'gain over cloning')],
  plain('probability of improvement over GRPO', 'P(above GRPO)'),
  ...[plain('good-bad cosine', 'cosine'), steps],
];

/** Highest and last mean probability from each start, and the mean return where it is stored. */
function peaksAndEnds(rho: number): PageTable {
  return {
    name: `starts-rho-${rho}`,
    markdown(stored) {
      const [highest, last, returns] = ['highest', 'last', 'return'].map((id) => stored(`${id}-rho-${rho}`));
      if (highest === null || last === null) return null;
      const columns = [...([...highest.values()][0]?.keys() ?? [])];
      const rows = [...highest.keys()].map((row) => [
        row,
        ...columns.map((column) => {
          const of = (table: StoredTable | null): string => plain(column).text(table?.get(row) ?? new Map(), highest);
          return `${of(highest)} → ${of(last)}${returns === null ? '' : `, ${of(returns)}`}`;
        }),
      ]);
      return markdownTable(['Trained with', ...columns], rows);
    },
  };
}

/** One column of several CSVs, side by side. */
function sideBySide(name: string, column: string, csvs: readonly (readonly [head: string, csv: string])[]): PageTable {
  return {
    name,
    markdown(stored) {
      const found = csvs.flatMap(([head, csv]) => {
        const table = stored(csv);
        return table === null ? [] : [{ head, table }];
      });
      if (found.length === 0) return null;
      const rows = [...found[0].table.keys()].map((row) => [
        row,
        ...found.map(({ table }) => number(column).text(table.get(row) ?? new Map(), table)),
      ]);
      return markdownTable(['Trained with', ...found.map(({ head }) => head)], rows);
    },
  };
}

const names = (variants: typeof mainVariants): string[] => variants.map(roleName);

const settings = ['household', 'household-no-cold-start', 'crafting', 'coin'];
const rhos = [0.8, 0.3, 0.95];
const similarities = [0, 0.3, 0.6, 0.8, 0.9, 0.95].map((rho) => [`ρ ${rho}`, `similarity-${rho}`] as const);

const decoupled = ['household', 'crafting', 'bandit-0.3', 'bandit-0.9', 'babyai'];

const pValues: readonly PageColumn[] = [
  exact('p of the gain, by permutation', 'p'),
  exact("p with Holm's correction for the comparisons of all tables", 'p, Holm'),
];

export const resultPages: readonly ResultPage[] = [
  {
    study: 'generalisation',
    page: 'generalisation.md',
    files: [...settings.flatMap((id) => [`${id}.csv`, `${id}-success.svg`, `${id}-others.svg`]), 'receipts.jsonl'].map(
      (file) => [file, `results/generalisation/${file}`] as const,
    ),
    tables: [
      ...settings.map((id) => tableOf(id, id, inSetting, { rows: names(mainVariants) })),
      ...['household', 'household-no-cold-start', 'crafting'].map((id) =>
        tableOf(`${id}-others`, id, [success, gain, steps], {
          rows: names([...otherVariants, ...exploringVariants]),
          sortBy: 'out-of-domain gain over GRPO',
        }),
      ),
    ],
  },
  {
    study: 'matched-success',
    page: 'matched-success.md',
    files: kept('matched-success', ['matched-success.csv', 'matched-success.svg', 'receipts.jsonl']),
    tables: [
      tableOf('matched-success', 'matched-success', [
        number('in-domain success at the end'),
        number('cosine at the end'),
        thousandths('cosine minus that of GRPO at equal success'),
        exact('p of the difference, by permutation', 'p'),
        holm('p of the difference, by permutation', 'p, Holm'),
      ]),
    ],
  },
  {
    study: 'labels',
    page: 'labels.md',
    files: kept('labels', ['labels.csv', 'label-accuracy.svg', 'label-training.svg', 'receipts.jsonl']),
    tables: [
      tableOf('labels', 'labels', [
        ...[plain('accuracy'), plain('true-positive rate'), plain('false-positive rate')],
        plain('share of actions labelled', 'labelled'),
        ...[success, gain],
      ]),
    ],
  },
  {
    study: 'similarity',
    page: 'similarity.md',
    files: kept('similarity', [...similarities.map(([, csv]) => `${csv}.csv`), 'similarity.svg']),
    tables: [
      sideBySide('success', 'out-of-domain success', similarities),
      sideBySide('cosine-end', 'good-bad cosine at the end', similarities),
    ],
  },
  {
    study: 'decoupling',
    page: 'decoupling.md',
    files: kept('decoupling', [
      ...decoupled.flatMap((id) => [`${id}.csv`, `${id}-gain.svg`]),
      ...['danger-zone.csv', 'spillover.csv', 'spillover-equal-kl.csv', 'grid.csv', 'receipts.jsonl', 'jobs.jsonl.gz'],
    ]),
    tables: [
      ...decoupled.map((id) =>
        tableOf(id, id, [
          ...[exact('lambda', 'λ'), success, gain, ...pValues],
          number('movement of held-out samples, ratio to GRPO', 'movement, ratio'),
          number('movement with steps of equal KL, ratio to GRPO', 'at equal KL'),
        ]),
      ),
      tableOf(
        'danger-zone',
        'danger-zone',
        [
          number('last probability of the bad action', 'last'),
          number('rise of that probability: highest minus first', 'rise'),
          signed('rise minus that of GRPO'),
          number('return'),
          signed('gain in return over GRPO'),
          ...pValues,
        ],
        { rowHead: 'Pairs' },
      ),
      ...['spillover', 'spillover-equal-kl'].map((id) =>
        tableOf(id, id, [
          threeDigits('root mean square change of log π of held-out samples, per measured iteration', 'movement'),
          number('ratio to GRPO of the same seed', 'ratio to GRPO'),
          threeDigits('mean change of bad samples', 'bad samples'),
          threeDigits('mean change of good samples', 'good samples'),
          ...[success, signed('gain over GRPO')],
        ]),
      ),
    ],
  },
  ...methodPages,
  {
    study: 'theory',
    page: 'theory.md',
    files: kept(
      'theory',
      ['risky-action', 'group-sign', 'squeezing', 'step-error'].flatMap((id) => [
        `theory-${id}.csv`,
        `theory-${id}.svg`,
      ]),
    ),
    tables: [
      tableOf(
        'group-sign',
        'theory-group-sign',
        [
          thousandths('a risky sample, measured at q = 0.5', 'a sample'),
          threeDigits('a risky sample, closed form at q = 0.5', 'closed form'),
          thousandths('risky samples of a group together, measured at q = 0.5', 'all samples of a group'),
          threeDigits('risky samples of a group together, closed form at q = 0.5', 'closed form'),
        ],
        { rowHead: 'Case' },
      ),
      tableOf(
        'step-error',
        'theory-step-error',
        [
          thousandths('relative error of a step of 0.00390625 nats', 'error at 1/256 nats'),
          thousandths('relative error of a step of 0.0625 nats', 'error at 1/16 nats'),
          number('error of a step over that of one a quarter as large (second order: 16)', 'error ratio'),
        ],
        { rowHead: 'Policy' },
      ),
    ],
  },
  {
    study: 'danger-zone',
    page: 'danger-zone.md',
    files: rhos.flatMap((rho): [string, string][] => [
      ...['methods', 'highest', 'last', 'return'].map((id): [string, string] => [
        `${id}-rho-${rho}.csv`,
        `results/danger-zone/${id}-rho-${rho}.csv`,
      ]),
      [
        `danger-zone-rho-${rho}.svg`,
        rho === 0.8 ? 'figures/danger-zone.svg' : `results/danger-zone/danger-zone-rho-${rho}.svg`,
      ],
    ]),
    tables: rhos.flatMap((rho) => [
      tableOf(
        `methods-rho-${rho}`,
        `methods-rho-${rho}`,
        [
          number('last'),
          signed('last minus that of GRPO'),
          number('highest'),
          signed('highest minus that of GRPO'),
          number('return'),
          signed('return minus that of GRPO'),
        ],
        { partial: true },
      ),
      peaksAndEnds(rho),
    ]),
  },
];

/** The last commit of each earlier numerics version: its unbraid reproduces the runs of that version. */
const lastCommits: Readonly<Record<number, string>> = { 1: '4d7697ae18ff6fe4ccd535c0e3ed9b7263b5b28f' };

/**
 * The sentence of a page about its receipts.
 *
 * @param receipts the stored receipts.jsonl
 */
export function receiptsNote(receipts: string): string {
  const lines = receipts.split('\n').filter((line) => line !== '');
  const versions = new Set(lines.map((line) => (JSON.parse(line) as { numerics?: number }).numerics));
  const [numerics] = versions;
  if (versions.size !== 1 || numerics === undefined)
    throw new Error(
      `receiptsNote: all lines must have one numerics version, got ${[...versions].join(' and ')}; run the study again`,
    );
  if (numerics === numericsVersion) return `Receipts of this page have numerics version ${numerics}.`;
  const commit = lastCommits[numerics];
  if (commit === undefined)
    throw new Error(
      `receiptsNote: numerics version ${numerics} must have a last commit, got none; add it to lastCommits`,
    );
  return `Receipts of this page have numerics version ${numerics}; check them with the unbraid of commit\n\`${commit}\`.`;
}

/**
 * Fills the tables of a page from the stored CSVs, and its sentence about receipts. A table without a stored CSV
 * contains `Not run.`
 *
 * @param receipts the stored receipts.jsonl; null if the study has none
 */
export function fillPage(text: string, { tables }: ResultPage, stored: Stored, receipts: string | null): string {
  const filled = tables.reduce((page, { name, markdown }) => between(page, name, markdown(stored) ?? 'Not run.'), text);
  return receipts === null ? filled : between(filled, 'receipts', receiptsNote(receipts));
}
