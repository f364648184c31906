/** The config keys in `train --help`, grouped by topic. Defaults, units and meanings come from the config table. */
import { type ConfigKey, configTable } from '../../config/config.ts';
import { labelTable } from '../../config/labelNames.ts';
import { methodTable } from '../../config/method.ts';
import { presetTable } from '../../config/presets.ts';
import { alignedRows, wordWrap } from '../shared/help.ts';

interface ConfigGroup {
  readonly title: string;
  readonly keys: readonly ConfigKey[];
  /** Rows below the keys: the names that are values of one of the keys, each with its meaning. */
  readonly names?: { readonly title: string; readonly table: readonly { name: string; meaning: string }[] };
}

/** Every config key, once. A test compares the groups with the config table. */
export const configGroups: readonly ConfigGroup[] = [
  { title: 'Environment', keys: ['env', 'observation', 'maxSteps', 'bridgeProcesses', 'similarity', 'trainGames'] },
  {
    title: 'Policy',
    keys: [
      ...(['policy', 'tokenWidth', 'matchWidth', 'hidden', 'embedding', 'layerNorm', 'blocks', 'heads'] as const),
      ...(['vocabularySize', 'vocabularyEpisodes', 'maxStateTokens', 'maxActionTokens', 'history'] as const),
    ],
  },
  {
    title: 'Method',
    keys: [
      ...(['method', 'epsilon', 'epsilonHigh', 'beta', 'entropyCoef', 'churnCoef'] as const),
      ...(['scaleRewards', 'lossType'] as const),
      ...(['classifierCoef', 'classifierScope', 'cloningCoef', 'hint', 'hintThreshold'] as const),
      ...(['contrastiveCoef', 'contrastiveTemperature', 'contrastiveSamples'] as const),
      ...(['returns', 'discount', 'gigpoCoef', 'gigpoDiscount', 'gaeDiscount', 'gaeLambda'] as const),
      ...(['graphAdvantagesCoef', 'graphAdvantagesOver', 'explorationBonus'] as const),
      ...(['valueCoef', 'valueClip', 'valueNetwork', 'bootstrapTruncated'] as const),
      ...(['normalizeRewards', 'normalizeObservations'] as const),
      ...(['decoupleLambda', 'decouplePairs', 'decoupleChunk', 'updateKl'] as const),
      ...(['conflictTasks', 'gradvacBeta'] as const),
    ],
    names: { title: 'Terms of --method', table: methodTable },
  },
  {
    title: 'Labels',
    keys: [
      ...(['labels', 'shuffledSource', 'labelNoise', 'labelAdvantages', 'labelWarmup', 'labelSchedule'] as const),
      ...(['labelMargin', 'anchorIterations', 'graphDiscount', 'graphMaxEdges', 'graphMinSuccesses'] as const),
      ...([
        'graphMinVisits',
        'hindsight',
        'criticSteps',
        'criticUpdates',
        'criticBatch',
        'criticLearningRate',
      ] as const),
      ...(['counterfactualStates', 'counterfactualRollouts'] as const),
    ],
    names: { title: 'Label sources of --labels', table: labelTable },
  },
  {
    title: 'Optimisation',
    keys: [
      ...(['numIterations', 'minibatches', 'optimizer', 'learningRate', 'lrSchedule', 'warmupUpdates'] as const),
      ...(['muonLearningRate', 'muonMomentum'] as const),
      ...(['adamBeta1', 'adamBeta2', 'adamEpsilon', 'weightDecay', 'maxGradNorm'] as const),
    ],
  },
  { title: 'Rollouts', keys: ['groupsPerIteration', 'numGenerations', 'temperature'] },
  {
    title: 'Cold start',
    keys: [
      'coldStart',
      'coldStartUpdates',
      'coldStartBatch',
      'coldStartLearningRate',
      'coldStartClassifier',
      'demonstrationNoise',
    ],
  },
  { title: 'Evaluation', keys: ['evalEpisodes', 'evalEvery', 'evalSplits', 'evalAtStart', 'randomEpisodes'] },
  { title: 'Coupling', keys: ['couplingPairs', 'couplingEvery', 'diagnostics'] },
  { title: 'Run', keys: ['seed', 'iterations', 'checkpointEvery', 'keepCheckpoints'] },
];

/** Characters in a line of help. */
const LINE_WIDTH = 118;

const rowOf = new Map(configTable.map((row) => [row.key, row]));

/** Key, default with its unit, meaning. */
function cellsOf(key: ConfigKey): [string, string, string] {
  const { default: value, unit, meaning } = rowOf.get(key) as (typeof configTable)[number];
  return [key, unit === '' ? String(value) : `${value} ${value === null ? `(${unit})` : unit}`, meaning];
}

/** The presets, each with its meaning and its keys. */
function presetHelp(): string {
  const width = Math.max(...presetTable.map(({ name }) => name.length));
  const rows = presetTable.map(({ name, meaning, keys }) => {
    const values = Object.entries(keys).map(([key, value]) => `${key}=${value}`);
    return [name, `${meaning}: ${values.join(', ')}`];
  });
  return `Presets of --preset:\n${alignedRows(rows, [width], LINE_WIDTH)}`;
}

/** The config keys of all groups with defaults, units and meanings, the terms of `--method` and the label sources. */
export function configHelp(): string {
  const all = configGroups.flatMap(({ keys }) => keys.map(cellsOf));
  const widths = [0, 1].map((column) => Math.max(...all.map((cells) => cells[column].length)));
  const groups = configGroups.map(({ title, keys, names }) => {
    const rows = alignedRows(keys.map(cellsOf), widths, LINE_WIDTH);
    if (names === undefined) return `${title}:\n${rows}`;
    const { table, title: namesTitle } = names;
    const entries = table.map(({ name, meaning }) => [name, meaning]);
    const width = Math.max(...table.map(({ name }) => name.length));
    return `${title}:\n${rows}\n\n${namesTitle}:\n${alignedRows(entries, [width], LINE_WIDTH)}`;
  });
  const introduction =
    'Config keys for --set KEY=VALUE and for the JSON file of --config, each with its default, the unit of its value and its meaning. A key with its own option, such as seed (--seed), can be set either way.';
  return [wordWrap(introduction, LINE_WIDTH).join('\n'), ...groups, presetHelp()].join('\n\n');
}
