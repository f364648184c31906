/** `unbraid coupling --factors`: measures the gradient coupling of a model from a bank of another program. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { BankCoupling } from '../../factors/measureBank.ts';
import { ensureWritableDirectory, onPath, requireWritableDirectory, writeFileAtomic } from '../../record/files.node.ts';
import { encodeJson } from '../../record/json.ts';
import { usage } from '../shared/arguments.ts';
import type { CommandShell } from '../shared/commandShell.ts';
import { count, signedTwo, table, two } from '../shared/print.ts';

/** What the command prints with --json and writes to coupling.json. docs/factors.md describes the fields. */
export interface FactorsRecord extends BankCoupling {
  readonly command: 'coupling';
  /** The file or folder of `--factors`. */
  readonly factors: string;
  readonly model: string;
  readonly logProb: string;
  readonly notes: readonly string[];
}

export interface FactorsEngine {
  readonly measureFactors: (
    path: string,
    options: {
      onLayer: (done: number, total: number) => void;
      shell: Pick<CommandShell, 'kernels' | 'signal'>;
    },
  ) => Promise<FactorsRecord>;
}

/** Number of parameters that the summary on the terminal lists, those with the largest share. */
const SHOWN_LAYERS = 20;

const groupNames = [
  ['equal actions, other state', 'classes'],
  ['any actions, other state', 'anyAction'],
  ['same state', 'sameState'],
] as const;

const classNames = [
  ['good-bad', 'goodBad'],
  ['good-good', 'goodGood'],
  ['bad-bad', 'badBad'],
] as const;

function factorsSummary(record: FactorsRecord): string {
  const pairs = table(
    ['Pairs', 'class', 'number', 'mean cosine', 'cosine > 0'],
    groupNames.flatMap(([group, key]) =>
      classNames.map(([name, of]) => {
        const { pairs: number, meanCosine, positiveFraction } = record[key][of];
        return [group, name, count(number), two(meanCosine), two(positiveFraction)];
      }),
    ),
  );
  const largest = [...record.layers].sort((a, b) => b.share - a.share).slice(0, SHOWN_LAYERS);
  const layers = table(
    ['Parameter', 'share', 'good-bad', 'good-good', 'bad-bad', 'contrast', 'alignment'],
    largest.map((layer) => [
      layer.parameter,
      two(layer.share),
      two(layer.goodBadCosine),
      two(layer.goodGoodCosine),
      two(layer.badBadCosine),
      signedTwo(layer.contrast),
      two(layer.kernelTargetAlignment),
    ]),
  );
  const similarity = table(
    ['Similarity of the states', 'good-bad pairs', 'mean cosine', 'cosine > 0'],
    record.similarity.map(({ lower, upper, pairs: number, goodBadCosine, positiveFraction }) => [
      `${lower.toFixed(1)} to ${upper.toFixed(1)}`,
      count(number),
      two(goodBadCosine),
      two(positiveFraction),
    ]),
  );
  const steps = table(
    ['Step size', 'predicted', 'measured', 'error'],
    record.steps.map(({ stepSize, predicted, actual, relativeError }) => [
      stepSize.toPrecision(3),
      predicted.toPrecision(3),
      actual.toPrecision(3),
      `${(100 * relativeError).toFixed(1)}%`,
    ]),
  );
  const { advantages } = record;
  return [
    `Coupling of ${record.model || record.factors}: ${count(record.samples)} samples, ${count(record.labelled)} with a label, ${count(record.layers.length)} parameters`,
    ...record.notes.map((note) => `note       ${note}`),
    pairs,
    `Contrast (mean cosine of pairs with equal labels minus that of good-bad pairs, ${record.pairs}): ${signedTwo(record.contrast)}`,
    `Alignment of the Gram matrix with the labels (0 none, 1 full): ${two(record.kernelTargetAlignment)}`,
    `Effective rank of the Gram matrix: ${record.effectiveRank.toFixed(1)} of ${count(record.distinctSamples)} samples; the largest eigenvalue has ${Math.round(100 * record.topShare)}% of the sum of all`,
    ...(record.layers.length > SHOWN_LAYERS ? [`The ${SHOWN_LAYERS} parameters with the largest share:`] : []),
    layers,
    ...(record.similarity.length > 0 ? [similarity] : []),
    ...(record.steps.length > 0 ? ['Mean change of log π of the bad samples by the recorded steps:', steps] : []),
    ...(advantages
      ? [
          `A step along the advantages makes, to first order, ${two(advantages.negativeRising)} of the ${count(advantages.negative)} samples with a negative advantage likelier, and ${two(advantages.positiveFalling)} of the ${count(advantages.positive)} with a positive one less likely`,
        ]
      : []),
  ].join('\n');
}

/** The folder for the results: the name of the bank without its ending, and `-coupling`. */
const defaultFolder = (path: string): string => `${path.replace(/[/\\]+$/, '').replace(/\.safetensors$/, '')}-coupling`;

export async function factorsAction(
  shell: CommandShell,
  load: () => Promise<FactorsEngine>,
  path: string,
  out: string | undefined,
): Promise<void> {
  usage(() => onPath('open', path, () => statSync(path)));
  const folder = out ?? defaultFolder(path);
  const [recordPath, pagePath] = [join(folder, 'coupling.json'), join(folder, 'coupling.html')];
  usage(() => requireWritableDirectory(folder));
  const { measureFactors } = await load();
  const record = await shell.progress(path, (onProgress) =>
    measureFactors(path, {
      shell,
      onLayer: (done, total) => onProgress({ phase: 'parameters', done, total, envSteps: 0, success: null }),
    }),
  );
  ensureWritableDirectory(folder);
  writeFileAtomic(recordPath, `${encodeJson(record, 'coupling.json')}\n`);
  const { renderBankPage } = await import('../../report/factors/bankPage.ts');
  writeFileAtomic(pagePath, renderBankPage(record));
  shell.finish(record, `${factorsSummary(record)}\npage       ${pagePath}`);
}
