/** The page of the coupling of a bank: tables, heat map, and figures by parameter, similarity and step. */
import type { CouplingMatrix } from '../../record/schemas.ts';
import { htmlTable } from '../compare/closingTable.ts';
import {
  type LayerNumbers,
  layerFigure,
  type SimilarityNumbers,
  type SpilloverNumbers,
  similarityFigure,
  spilloverFigure,
} from '../compare/couplingFigures.ts';
import { seriesStyle } from '../draw/chart.ts';
import { escapeMarkup } from '../draw/escapeMarkup.ts';
import { heatMapFigure } from '../draw/heatMap.ts';
import { lineFigure } from '../draw/lineFigure.ts';
import { htmlFigure, htmlList, htmlPage } from '../draw/page.ts';

interface ClassNumbers {
  readonly pairs: number;
  readonly meanCosine: number | null;
  readonly meanDot: number | null;
  readonly positiveFraction: number | null;
}

type ClassTable = Readonly<Record<'goodGood' | 'goodBad' | 'badBad', ClassNumbers>>;

interface BankLayerNumbers extends LayerNumbers {
  readonly goodGoodCosine: number | null;
  readonly badBadCosine: number | null;
  readonly contrast: number | null;
  readonly kernelTargetAlignment: number | null;
  readonly sketch: boolean;
}

/** The numbers of a bank that the page shows. */
export interface BankNumbers extends SimilarityNumbers {
  readonly factors: string;
  readonly model: string;
  readonly logProb: string;
  readonly notes: readonly string[];
  readonly samples: number;
  readonly labelled: number;
  readonly pairs: string;
  readonly classes: ClassTable;
  readonly anyAction: ClassTable;
  readonly sameState: ClassTable;
  readonly contrast: number | null;
  readonly kernelTargetAlignment: number | null;
  readonly effectiveRank: number;
  readonly topShare: number;
  readonly layers: readonly BankLayerNumbers[];
  readonly steps: readonly SpilloverNumbers['spillover'][];
  readonly matrix: CouplingMatrix;
}

/** Largest number of parameters that are drawn as bars with their names; more are drawn as lines. */
const MOST_BARS = 40;

const three = (value: number | null): string => (value === null ? '–' : value.toFixed(3).replace('-', '−'));

const classNames = [
  ['good-bad', 'goodBad'],
  ['good-good', 'goodGood'],
  ['bad-bad', 'badBad'],
] as const;

function pairTable({ classes, anyAction, sameState }: BankNumbers): string {
  const groups = [
    ['equal actions, other state', classes],
    ['any actions, other state', anyAction],
    ['same state', sameState],
  ] as const;
  return htmlTable(
    'Pairs of samples',
    ['pairs', 'class', 'number', 'mean cosine', 'mean dot product', 'positive fraction'],
    groups.flatMap(([group, table]) =>
      classNames.map(([name, key]) => {
        const { pairs, meanCosine, meanDot, positiveFraction } = table[key];
        const dot = meanDot === null ? '–' : meanDot.toPrecision(3).replace('-', '−');
        return [group, name, String(pairs), three(meanCosine), dot, three(positiveFraction)];
      }),
    ),
  );
}

/** Cosines by parameter, in the order of the model. */
function byLayerFigure(layers: readonly BankLayerNumbers[]): Parameters<typeof htmlFigure>[0] {
  const keys = ['goodBadCosine', 'goodGoodCosine', 'badBadCosine'] as const;
  return (medium) =>
    lineFigure(
      {
        id: 'layers',
        title: 'Coupling by parameter',
        subtitle: 'Parameters in the order of the model; the table below has their names.',
        panels: [{ name: '', x: 'number of the parameter', y: 'mean cosine' }],
        lines: keys.map((key, i) => ({
          name: classNames[i][0],
          style: seriesStyle(i),
          panel: 0,
          points: layers.flatMap((layer, k) => {
            const value = layer[key];
            return value === null ? [] : [[k, value]];
          }),
        })),
      },
      medium,
    );
}

function layerTable(layers: readonly BankLayerNumbers[]): string {
  return htmlTable(
    'Parameters',
    ['parameter', 'number', 'share', 'good-bad', 'good-good', 'bad-bad', 'contrast', 'alignment'],
    layers.map((layer, k) => [
      `${layer.parameter}${layer.sketch ? ' (estimate)' : ''}`,
      String(k),
      three(layer.share),
      ...[layer.goodBadCosine, layer.goodGoodCosine, layer.badBadCosine, layer.contrast].map(three),
      three(layer.kernelTargetAlignment),
    ]),
  );
}

/** Renders the coupling of a bank as one self-contained HTML page. */
export function renderBankPage(record: BankNumbers): string {
  const { layers, matrix, steps, similarity } = record;
  const name = record.model === '' ? record.factors : record.model;
  const { meanCosine, pairs } = record.pairs === 'equal actions' ? record.classes.goodBad : record.anyAction.goodBad;
  const sentence =
    meanCosine === null
      ? 'The bank has no good-bad pair in different states, so good-bad coupling could not be measured.'
      : `The gradients of good and bad samples in different states have a mean cosine of ${three(meanCosine)} (${pairs} pairs, ${record.pairs}); the contrast to pairs with equal labels is ${three(record.contrast)}.`;
  const measured = layers.some(({ goodBadCosine }) => goodBadCosine !== null);
  const stepsShown = steps.map((spillover, i) => ({
    name: `step size ${spillover.stepSize.toPrecision(2)}`,
    record: { spillover },
    style: seriesStyle(i),
  }));
  return htmlPage(`unbraid: coupling of ${name}`, [
    `<h1>${escapeMarkup(`Gradient coupling of ${name}`)}</h1>`,
    `<p class="summary">${escapeMarkup(sentence)}</p>`,
    `<p class="quiet">${record.samples} samples, ${record.labelled} with a label. ${escapeMarkup(record.logProb === '' ? '' : `log π: ${record.logProb.replace(/\.$/, '')}.`)}</p>`,
    ...(record.notes.length > 0 ? [htmlList(record.notes)] : []),
    pairTable(record),
    htmlTable(
      'The Gram matrix',
      ['quantity', 'value'],
      [
        ['contrast', three(record.contrast)],
        ['alignment with the labels', three(record.kernelTargetAlignment)],
        ['effective rank', record.effectiveRank.toFixed(1)],
        ['share of the largest eigenvalue', three(record.topShare)],
      ],
    ),
    ...(matrix.samples.length > 0
      ? [
          htmlFigure(
            (medium) => heatMapFigure([{ name, matrix }], medium),
            'Red: the gradients of the two samples have a positive cosine, so to first order a step that makes one action likelier also makes the other one likelier. The first 80 samples with a label.',
          ),
        ]
      : []),
    ...(measured
      ? [
          htmlFigure(
            layers.length > MOST_BARS
              ? byLayerFigure(layers)
              : (medium) => layerFigure([{ name, end: { layers } }], medium),
            'Each cosine compares the parts of two gradients that belong to one parameter.',
          ),
        ]
      : []),
    layerTable(layers),
    ...(similarity.length > 0
      ? [
          htmlFigure(
            (medium) => similarityFigure([{ name, record, style: seriesStyle(1) }], medium),
            'Coupling between good and bad actions, grouped by the similarity of the two states.',
          ),
        ]
      : []),
    ...(stepsShown.length > 0
      ? [
          htmlFigure(
            (medium) => spilloverFigure(stepsShown, medium),
            'Predicted from the Gram matrix, and measured by the program that recorded the bank. One mark per bad sample.',
          ),
        ]
      : []),
  ]);
}
