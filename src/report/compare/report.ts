import type { ActionProbabilities } from '../../record/actionProbabilities.ts';
import type { DangerRecord } from '../../record/dangerRecord.ts';
import type { CouplingRecord, MetricsLine, ReportRecords } from '../../record/schemas.ts';
import { MIN_INTERVAL_SEEDS } from '../../statistics/statistics.ts';
import { seriesStyle } from '../draw/chart.ts';
import { escapeMarkup } from '../draw/escapeMarkup.ts';
import { type HeatMapPanel, heatMapFigure } from '../draw/heatMap.ts';
import type { SeriesStyle } from '../draw/layout.ts';
import { type Medium, page } from '../draw/layout.ts';
import { htmlFigure, htmlList, htmlPage, htmlSection } from '../draw/page.ts';
import { couplingAgainstSuccess } from './checkpointFigure.ts';
import { closingTableHtml, htmlTable, tableNotes } from './closingTable.ts';
import { contrastIn } from './contrast.ts';
import { couplingCurves, stepCurves } from './couplingCurves.ts';
import { layerFigure, type NamedCoupling, similarityFigure, spilloverFigure } from './couplingFigures.ts';
import { dangerFigure } from './dangerFigure.ts';
import { type MetricFigure, runPanels, variantPanels } from './metricPanels.ts';
import { probabilityCaption, probabilityFigure, probabilitySection } from './probabilityFigure.ts';
import { measureOf } from './scores.ts';
import { curveOf, learningCurves, successBySplit } from './successFigures.ts';
import { heading, summary } from './summary.ts';
import { roleName, roleStyle } from './variantRole.ts';
import { baselineOf, type ComparedVariant, formatSeedMean, joinVariants, leaderOf, seedMean } from './variants.ts';

const NO_COUPLING = 'no run has coupling records of its last checkpoint.';

/**
 * Renders a comparison as one self-contained HTML page. A section without records contains one line that names the
 * missing records.
 */
export function renderReport(records: ReportRecords): string {
  const { verification = [] } = records;
  const variants = joinVariants(records.compare, records.runs);
  const shown = [baselineOf(variants), leaderOf(variants)].flatMap((variant) => coupledRun(variant, variants));
  return htmlPage(`unbraid: ${heading(variants)}`, [
    `<header>\n<h1>${escapeMarkup(heading(variants))}</h1>`,
    `<p class="summary">${escapeMarkup(summary(variants))}</p>`,
    `<p class="quiet">Preset ${escapeMarkup(records.compare.preset)}. ${escapeMarkup(records.compare.note)}</p>\n</header>`,
    htmlSection('Results', results(variants), ''),
    htmlSection('Danger zone', dangerSection(records.danger), 'the run folder has no danger.json; run danger.'),
    htmlSection('Learning curves', learningSection(variants), 'no run has success measured during training.'),
    htmlSection(
      'Coupling during training',
      figureIfMeasured((medium) => variantPanels(couplingCurves, variants, medium), curvesCaption),
      'no run measured coupling between start and end; set couplingEvery.',
    ),
    htmlSection('Coupling before and after training', heatSection(shown), NO_COUPLING),
    htmlSection('Coupling by parameter', layerSection(shown), NO_COUPLING),
    htmlSection(
      'Coupling and success',
      figureIfMeasured((medium) => couplingAgainstSuccess(variants, medium), checkpointCaption),
      'no checkpoint has both coupling and success.',
    ),
    htmlSection('Does the coupling matrix predict spillover?', spilloverSection(shown), NO_COUPLING),
    htmlSection(
      'Spillover of the steps of training',
      figureIfMeasured((medium) => variantPanels(stepCurves, variants, medium), stepsCaption),
      'no run measured it; set diagnostics and couplingEvery.',
    ),
    htmlSection('Coupling and similarity of states', similaritySection(variants), NO_COUPLING),
    ...probabilitySection([baselineOf(variants), leaderOf(variants)]),
    htmlSection('Label quality', labelTable(variants), 'no run has label quality in its metrics.'),
    htmlSection('What these numbers mean, and what they do not', meaning, ''),
    ...(verification.length === 0 ? [] : [htmlSection('Verification', htmlList(verification), '')]),
    htmlSection('Make this report again', reproduction(records), ''),
  ]);
}

/**
 * Renders the coupling of one checkpoint as one self-contained HTML page.
 *
 * @param metrics lines of metrics of the run, default none; if it measured coupling during training, the page shows
 *   that too
 * @param probabilities of the run, if it recorded them
 */
export function renderCouplingPage(
  coupling: CouplingRecord,
  metrics: readonly MetricsLine[] = [],
  probabilities: ActionProbabilities | null = null,
): string {
  const { classes, embeddingCosine } = coupling;
  const panels = (figure: MetricFigure, caption: string): string =>
    figureIfMeasured((medium) => runPanels(figure, { metrics }, seriesStyle(1), medium), caption) ?? '';
  const name = `${coupling.run}, iteration ${coupling.iteration}`;
  const named: NamedCoupling<CouplingRecord> = { name, record: coupling, style: seriesStyle(1) };
  const kinds = [
    ['good-good', 'goodGood'],
    ['good-bad', 'goodBad'],
    ['bad-bad', 'badBad'],
  ] as const;
  return htmlPage(`unbraid: coupling of ${named.name}`, [
    `<h1>${escapeMarkup(`Gradient coupling of ${named.name}`)}</h1>`,
    `<p class="summary">${escapeMarkup(couplingSentence(coupling))}</p>`,
    `<p class="quiet">${coupling.samples} samples, ${escapeMarkup(coupling.split)} games. ${escapeMarkup(pairsSentence)}</p>`,
    htmlTable(
      'Pairs of samples in different states',
      ['pair', 'pairs', 'mean cosine', 'mean dot product', 'positive fraction', 'cosine of embeddings'],
      kinds.map(([name, key]) => [
        name,
        String(classes[key].pairs),
        cosineText(classes[key].meanCosine),
        cosineText(classes[key].meanDot),
        cosineText(classes[key].positiveFraction),
        cosineText(embeddingCosine?.[key] ?? null),
      ]),
    ),
    separationTable(coupling),
    htmlFigure((medium) => heatMapFigure([{ name, matrix: coupling.matrix }], medium), heatCaption),
    htmlFigure((medium) => layerFigure([{ name: named.name, end: coupling }], medium), layerCaption),
    panels(couplingCurves, `${curvesCaption} Right samples: games of the in-domain split.`),
    htmlFigure((medium) => spilloverFigure([named], medium), spilloverCaption),
    panels(stepCurves, `${stepsCaption} Games of the train and the in-domain split.`),
    coupling.similarity.length === 0
      ? ''
      : htmlFigure((medium) => similarityFigure([named], medium), similarityCaption),
    ...(probabilities
      ? [htmlFigure((medium) => probabilityFigure(probabilities, '', 'probabilities', medium), probabilityCaption)]
      : []),
  ]);
}

/** A figure that a function draws if its numbers were measured. */
function figureIfMeasured(draw: (medium: Medium) => string | undefined, caption: string): string | undefined {
  return draw(page) === undefined ? undefined : htmlFigure((medium) => draw(medium) ?? '', caption);
}

function dangerSection(danger: DangerRecord | undefined): string | undefined {
  if (danger === undefined) return undefined;
  return htmlFigure((medium) => dangerFigure(danger, 'danger', undefined, medium), dangerCaption);
}

function cosineText(value: number | null): string {
  return value === null ? '–' : value.toFixed(3).replace('-', '−');
}

function couplingSentence({ classes }: CouplingRecord): string {
  const { pairs, meanCosine, positiveFraction } = classes.goodBad;
  if (positiveFraction === null)
    return 'The samples contain no good-bad pair, so good-bad coupling could not be measured.';
  const percent = Math.round(positiveFraction * 100);
  return `The gradients of good and bad samples have a mean cosine of ${cosineText(meanCosine)}; the contrast to pairs with equal labels is ${cosineText(contrastIn({ classes }))}. In ${percent}% of ${pairs} pairs it is positive: to first order, a step that makes the good action likelier makes the bad one likelier, too.`;
}

/** Contrast, alignments and spectrum with their meaning; '' for a record without them. */
function separationTable({ embeddingCosine, ...record }: CouplingRecord): string {
  if (embeddingCosine === undefined) return '';
  const whole = (value: number | undefined): string => value?.toFixed(1) ?? '–';
  const of = (value: number | undefined): string => cosineText(value ?? null);
  return htmlTable(
    'How far the labels, the gradients and the embeddings agree',
    ['quantity', 'value', 'meaning'],
    [
      ['contrast of the gradients', of(record.contrast), 'mean cosine of pairs with equal labels minus good-bad pairs'],
      ['contrast of the embeddings', of(embeddingCosine.contrast), 'the same of the embeddings e(s, a)'],
      [
        'alignment with the labels',
        of(record.kernelTargetAlignment),
        '0: none; 1: gradients are alike where labels are',
      ],
      ['alignment with the embeddings (CKA)', of(embeddingCosine.cka), '1: gradients are alike where embeddings are'],
      [
        'effective rank',
        whole(record.effectiveRank),
        `directions that the gradients of ${record.distinctSamples} samples span, weighted by length`,
      ],
      ['share of the largest eigenvalue', of(record.topShare), '1: all gradients have one direction'],
    ],
  );
}

interface CoupledRun {
  readonly name: string;
  /** `name` in two parts, as the heading of a panel. */
  readonly title: readonly [variant: string, seed: string];
  readonly start: CouplingRecord | undefined;
  readonly end: CouplingRecord;
  readonly style: SeriesStyle;
}

/**
 * The first run of a variant that has coupling records. Figures of single samples show one run, because samples differ
 * between seeds.
 */
function coupledRun(variant: ComparedVariant | undefined, variants: readonly ComparedVariant[]): CoupledRun[] {
  const run = variant?.runs.find(({ couplingEnd }) => couplingEnd !== undefined);
  if (variant === undefined || run?.couplingEnd === undefined) return [];
  return [
    {
      name: `${variant.name}, seed ${run.result.config.seed}`,
      title: [variant.name, `seed ${run.result.config.seed}`],
      start: run.couplingStart,
      end: run.couplingEnd,
      style: roleStyle(variants, variant),
    },
  ];
}

/** Describes the labels and pairs on which the cosines are based. */
const pairsSentence =
  "The two samples of a pair have equal action words and come from two games that are not used for training. Good and bad are the labels of the expert or, in an environment without an expert, of an experience graph of the policy's own episodes. All pairs have equal weight, independent of the policy's probability and the advantage.";

const dangerCaption =
  'Each panel shows another start probability of the bad action. With the other state’s data removed, training uses only samples of the state itself. This shows where a rise comes from but is not a training method: the last panel shows that its policy learns almost nothing of the task. Decoupled advantages keep all samples and take away, to first order, what they do to each other. “Likelier than at its start” means that the mean over seeds rises by more than 0.05.';
const curvesCaption =
  'If all three cosines fall or rise together, the contrast stays: the gradients of all samples became less or more alike, without regard to the labels.';
const stepsCaption =
  'Above 0: the updates of the iteration made these actions likelier in games that training does not play. A correlation near 1 means that first-order coupling explains which actions became likelier.';
const heatCaption =
  'Red: the gradients of the two samples have a positive cosine, so to first order a step that makes one action likelier also makes the other one likelier. For a good and a bad sample, this effect is harmful; the figure does not show how much it reduces the success of training. The diagonal is 1 by definition. One run is shown.';
const layerCaption = 'Each cosine compares the parts of two gradients that belong to one parameter. One run is shown.';
const checkpointCaption =
  'If coupling falls while success rises in every variant, a lower cosine at the end does not prove that a method is better.';
const spilloverCaption =
  'Check of the first-order prediction from the coupling matrix: log π of each sample is measured after one step, and the step is then undone. One run is shown.';
const similarityCaption =
  'Coupling between good and bad actions, grouped by the similarity of the two observations. One run is shown.';

function results(variants: readonly ComparedVariant[]): string {
  const notes = tableNotes(variants)
    .map((note) => `<li>${escapeMarkup(note)}</li>`)
    .join('\n');
  return [
    closingTableHtml(variants),
    `<ul class="notes">\n${notes}\n</ul>`,
    htmlFigure(
      (medium) => successBySplit(variants, medium),
      'In-domain: new layouts of combinations seen in training. Out-of-domain: combinations never seen in training.',
    ),
  ].join('\n');
}

function learningSection(variants: readonly ComparedVariant[]): string | undefined {
  const { metric } = measureOf(variants);
  const measured = variants.some(
    (variant) => curveOf(variant, `${metric}/train`).length + curveOf(variant, `${metric}/out_of_domain`).length > 0,
  );
  if (!measured) return undefined;
  return htmlFigure(
    (medium) => learningCurves(variants, medium),
    'Solid: methods; dashed: controls; dotted: upper bounds.',
  );
}

function heatSection(runs: readonly CoupledRun[]): string | undefined {
  if (runs.length === 0) return undefined;
  const panels = runs.flatMap(({ title, start, end }) => [
    ...(start === undefined ? [] : [heatPanel(title, 'start', start)]),
    heatPanel(title, 'end', end),
  ]);
  return htmlFigure((medium) => heatMapFigure(panels, medium), heatCaption);
}

function heatPanel(
  [variant, seed]: CoupledRun['title'],
  when: string,
  { classes, matrix }: CouplingRecord,
): HeatMapPanel {
  const numbers = `good-bad ${cosineText(classes.goodBad.meanCosine)}, contrast ${cosineText(contrastIn({ classes }))}`;
  return { name: `${variant}\n${seed}, ${when}: ${numbers}`, matrix };
}

function layerSection(runs: readonly CoupledRun[]): string | undefined {
  return runs.length === 0
    ? undefined
    : htmlFigure(
        (medium) =>
          layerFigure(
            runs.map(({ title: [variant, seed], start, end }) => {
              const name = `${variant.replace(', ', ',\n')}, ${seed}`;
              return start === undefined ? { name, end } : { name, start, end };
            }),
            medium,
          ),
        layerCaption,
      );
}

function spilloverSection(runs: readonly CoupledRun[]): string | undefined {
  if (runs.length === 0) return undefined;
  return htmlFigure(
    (medium) =>
      spilloverFigure(
        runs.map(({ name, end, style }) => ({ name: `${name}: end`, record: end, style })),
        medium,
      ),
    spilloverCaption,
  );
}

function similaritySection(variants: readonly ComparedVariant[]): string | undefined {
  const policies = variants.flatMap((variant) =>
    coupledRun(variant, variants)
      .filter(({ end }) => end.similarity.length > 0)
      .map(({ end, style }): NamedCoupling<CouplingRecord> => ({ name: roleName(variant), record: end, style })),
  );
  return policies.length === 0
    ? undefined
    : htmlFigure((medium) => similarityFigure(policies, medium), similarityCaption);
}

const labelKeys = ['labels/coverage', 'labels/accuracy', 'labels/true_positive_rate', 'labels/false_positive_rate'];

/** Mean of each label metric over all iterations of a run, then over runs; `undefined` if no run has any. */
function labelTable(variants: readonly ComparedVariant[]): string | undefined {
  const rows = variants.flatMap((variant) => {
    const cells = labelKeys.map((key) =>
      seedMean(variant.runs.map((run) => seedMean(run.metrics.map((line) => line[key]))?.mean)),
    );
    return cells.every((cell) => cell === undefined)
      ? []
      : [[roleName(variant), variant.labels, ...cells.map((cell) => formatSeedMean(cell))]];
  });
  if (rows.length === 0) return undefined;
  const table = htmlTable(
    `Labels compared with the expert: mean over training and seeds, with the value of each seed or, from ${MIN_INTERVAL_SEEDS} seeds on, a 95% interval`,
    ['variant', 'labels', 'coverage', 'accuracy', 'true-positive rate', 'false-positive rate'],
    rows,
  );
  return `${table}\n<p class="quiet">Coverage: fraction of candidate actions with a label. A true positive is a good action that is labelled good. A false positive is a bad action that is labelled good. Random labels have equal rates of both.</p>`;
}

const meaning = `<ul>
<li><strong>Coupling follows success.</strong> The good-bad cosine often falls while a policy improves, with any method. “Coupling and success” shows the correlation in these runs. Compare cosines at equal success.</li>
<li><strong>Lower coupling does not prove better generalisation.</strong> This report measures both; it does not show that one causes the other.</li>
<li><strong>Seeds are few.</strong> An interval covers the uncertainty of the mean over seeds. It does not cover other environments, sizes or settings. The intervals are not corrected for the number of comparisons: among several, the chance that at least one excludes zero without a real difference is above 5%.</li>
<li><strong>The oracle is an upper bound.</strong> Its labels come from an expert that uses the rules of the task; an agent does not have these labels.</li>
<li><strong>Shuffled labels and cloning are controls.</strong> If a method only matches its control with shuffled labels, the runs do not show that the content of the labels helps. If it only matches cloning on the same labels, they do not show that the classifier helps.</li>
</ul>`;

function reproduction(records: ReportRecords): string {
  const versions = Object.entries(records.versions).map(([name, version]) => `${name} ${version}`);
  return `<pre><code>${escapeMarkup(records.command)}</code></pre>
<p class="quiet">${escapeMarkup(versions.join(' · '))}</p>`;
}
