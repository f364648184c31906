import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { namedBridges } from '../../src/cli/shared/bridges.ts';
import { trainIn } from '../../src/cli/train/trainRun.ts';
import { type Config, type ConfigKey, configTable, resolveConfig } from '../../src/config/config.ts';
import { soloCrew } from '../../src/parallel/crew.ts';
import { type RecordedRun, recordedRun, small } from './recordedRun.ts';

type Changes = Partial<Config>;

/** What must differ: the parameters; or, at equal parameters, another part of what a run leaves. */
type Differs = 'parameters' | 'success' | 'coupling' | 'metrics' | 'checkpoints' | 'folder' | 'processes';

/** In this context, each of these values gives another result than the context alone does. */
interface Case {
  readonly context: Changes;
  readonly values: readonly Config[ConfigKey][];
  readonly differs: Differs;
}

// Most runs are of the task that is quickest to play and gives rewards from the first episode on.
const states: Changes = { env: 'look-alike', policy: 'mlp' };
const far: Changes = { ...states, learningRate: 0.05 };
const classifier: Changes = { ...states, method: 'classifier' };
// Until the critic knows something its labels weigh nothing.
const critic: Changes = { ...classifier, labels: 'critic', iterations: 5 };
const contrastive: Changes = { ...states, method: 'contrastive' };
// Episodes that depend on the actions, and tokens.
const household: Changes = { iterations: 1, evalEpisodes: 2 };
const ppo: Changes = { ...states, method: 'ppo' };
const decouple: Changes = { ...states, method: 'decouple' };
const gigpo: Changes = { ...states, method: 'gigpo' };
// Episodes of several lengths, in minibatches of unequal sizes.
const lengths: Changes = { ...household, policy: 'mlp', coldStart: 60, coldStartUpdates: 60, coldStartBatch: 256 };
// Enough success in the first iteration for advantages of both signs in equal states.
const winning: Changes = {
  ...{ env: 'crafting', coldStart: 60, coldStartUpdates: 100, coldStartBatch: 256, iterations: 1 },
  ...{ numGenerations: 8, groupsPerIteration: 4, evalEpisodes: 2 },
};
const program = fileURLToPath(new URL('../env/bridge/fixtures/version2.mjs', import.meta.url));
const bridge: Changes = { env: `exec:${process.execPath} ${program} vector`, policy: 'mlp', coldStart: 0 };
const text: Changes = { ...household, observation: 'text' };

function parameters(values: Case['values'], context: Changes = states): Case {
  return { context, values, differs: 'parameters' };
}

const cases: Readonly<Record<ConfigKey, Case>> = {
  env: parameters(['household'], states),
  policy: parameters(['mlp'], household),
  method: parameters([
    'classifier',
    'contrastive',
    'cloning',
    'classifier+cloning',
    'graph-advantages',
    'label-advantages',
    'gigpo',
    'decouple',
    'pcgrad',
    'gradvac',
    'upgrad',
    'heads',
    'ppo',
  ]),
  labels: parameters(
    ['advantage', 'anchor', 'critic', 'counterfactual', 'oracle', 'demonstrations', 'shuffled'],
    classifier,
  ),
  shuffledSource: parameters(['oracle', 'advantage'], { ...classifier, labels: 'shuffled' }),
  labelNoise: parameters([0.5], classifier),
  observation: parameters(['text'], household),
  seed: parameters([2]),
  iterations: parameters([2]),
  maxSteps: parameters([5], household),
  bridgeProcesses: { context: bridge, values: [2, 3], differs: 'processes' },
  similarity: parameters([0.3, 0.95], { ...states, env: 'bandit' }),
  trainGames: parameters([3]),
  numGenerations: parameters([5]),
  groupsPerIteration: parameters([3]),
  numIterations: parameters([1]),
  minibatches: parameters([2]),
  temperature: parameters([0.5]),
  optimizer: parameters(['muon']),
  learningRate: parameters([1e-3]),
  muonLearningRate: parameters([0.02], { ...states, optimizer: 'muon' }),
  muonMomentum: parameters([0.5], { ...states, optimizer: 'muon' }),
  lrSchedule: parameters(['linear', 'cosine']),
  warmupUpdates: parameters([5]),
  adamBeta1: parameters([0.5]),
  adamBeta2: parameters([0.9]),
  adamEpsilon: parameters([1e-3]),
  weightDecay: parameters([0.1]),
  maxGradNorm: parameters([1e-3]),
  epsilon: parameters([0.01], far),
  epsilonHigh: parameters([0.01], far),
  updateKl: parameters([1e-3, 2e-3]),
  beta: parameters([0.5]),
  entropyCoef: parameters([0]),
  // Some states must be equal to none of two minibatches.
  churnCoef: parameters([1], household),
  scaleRewards: parameters(['batch', 'none']),
  lossType: parameters(['grpo', 'dr_grpo', 'bnpo'], lengths),
  coldStart: parameters([0, 20]),
  coldStartUpdates: parameters([5]),
  coldStartBatch: parameters([32]),
  coldStartLearningRate: parameters([1e-3]),
  demonstrationNoise: parameters([0.6], household),
  coldStartClassifier: parameters([true]),
  classifierCoef: parameters([0.1], classifier),
  classifierScope: parameters(['taken'], { ...classifier, labels: 'oracle' }),
  cloningCoef: parameters([0.5], { ...states, method: 'cloning' }),
  contrastiveCoef: parameters([0.5], contrastive),
  contrastiveTemperature: parameters([0.5], contrastive),
  contrastiveSamples: parameters([4], contrastive),
  gigpoCoef: parameters([0.2], gigpo),
  gigpoDiscount: parameters([0.5], gigpo),
  graphAdvantagesCoef: parameters([0.2], { ...states, method: 'graph-advantages' }),
  graphAdvantagesOver: parameters(['steps'], { ...states, method: 'graph-advantages' }),
  explorationBonus: parameters([0.5]),
  returns: parameters(['to-go'], { ...states, discount: 0.5 }),
  discount: parameters([0.5], { ...states, returns: 'to-go' }),
  gaeDiscount: parameters([0.5], ppo),
  gaeLambda: parameters([0.5], ppo),
  valueCoef: parameters([0.1], ppo),
  valueClip: parameters([0.001], ppo),
  valueNetwork: parameters(['separate'], ppo),
  // Episodes that reach the step limit.
  bootstrapTruncated: parameters([true], { ...lengths, method: 'ppo', maxSteps: 6 }),
  normalizeRewards: parameters([true], ppo),
  normalizeObservations: parameters([true]),
  hint: parameters(['classifier', 'random'], { ...household, method: 'classifier' }),
  hintThreshold: parameters([0.05], { ...household, method: 'classifier', hint: 'classifier' }),
  conflictTasks: parameters(['sign'], { ...household, method: 'ppo+pcgrad' }),
  decoupleLambda: parameters([30], decouple),
  decouplePairs: parameters(['other-state', 'opposite', 'opposite-words', 'labelled', 'permuted', 'same-label'], {
    ...winning,
    method: 'decouple',
    labels: 'oracle',
  }),
  decoupleChunk: parameters([3], decouple),
  gradvacBeta: parameters([0.5], { ...household, method: 'ppo+gradvac' }),
  labelAdvantages: parameters(['instead'], { ...states, method: 'label-advantages', labels: 'oracle' }),
  labelWarmup: parameters([2], classifier),
  labelSchedule: parameters(['linear', 'cosine'], classifier),
  labelMargin: parameters([0.5], { ...classifier, labels: 'anchor' }),
  anchorIterations: parameters([2], { ...classifier, labels: 'anchor', trainGames: 2 }),
  // With rewards only at the end the discount counts where it makes values too small to tell apart.
  graphDiscount: parameters([1e-5], classifier),
  graphMaxEdges: parameters([1], { ...classifier, trainGames: 3, iterations: 6, numGenerations: 2 }),
  graphMinSuccesses: parameters([40], classifier),
  graphMinVisits: parameters([3], classifier),
  // Enough episodes for one that achieves another goal.
  hindsight: parameters([true], { ...household, method: 'classifier', coldStart: 0, groupsPerIteration: 6 }),
  criticSteps: parameters([5], critic),
  criticUpdates: parameters([2], critic),
  criticBatch: parameters([16], critic),
  criticLearningRate: parameters([0.03], critic),
  counterfactualStates: parameters([2], { ...classifier, labels: 'counterfactual' }),
  counterfactualRollouts: parameters([5], { ...classifier, labels: 'counterfactual' }),
  tokenWidth: parameters([6]),
  matchWidth: parameters([8], household),
  hidden: parameters([32]),
  embedding: parameters([16]),
  layerNorm: parameters([true]),
  blocks: parameters([1], household),
  heads: parameters([3], { ...household, blocks: 1 }),
  vocabularySize: parameters([40], text),
  vocabularyEpisodes: parameters([1], text),
  maxStateTokens: parameters([32], text),
  maxActionTokens: parameters([12], text),
  history: parameters([1, 3], text),
  evalEpisodes: { context: states, values: [30], differs: 'success' },
  evalEvery: { context: states, values: [1], differs: 'metrics' },
  evalSplits: { context: states, values: ['out-of-domain', 'in-domain+train'], differs: 'success' },
  evalAtStart: { context: states, values: [false], differs: 'metrics' },
  randomEpisodes: { context: states, values: [3], differs: 'metrics' },
  couplingPairs: { context: states, values: [5, 0], differs: 'coupling' },
  couplingEvery: { context: states, values: [1], differs: 'metrics' },
  diagnostics: { context: states, values: [true], differs: 'metrics' },
  checkpointEvery: { context: states, values: [1], differs: 'checkpoints' },
  keepCheckpoints: { context: { ...states, checkpointEvery: 1 }, values: [1], differs: 'folder' },
};

const runs = new Map<string, Promise<RecordedRun>>();

function cachedRun(config: Changes): Promise<RecordedRun> {
  const key = JSON.stringify(config);
  const run = runs.get(key) ?? recordedRun(config, { openBridge: namedBridges('any') });
  runs.set(key, run);
  return run;
}

async function checkpointFolders(config: Changes): Promise<string[]> {
  const directory = mkdtempSync(join(tmpdir(), 'unbraid-options-'));
  try {
    const signal = new AbortController().signal;
    const full = resolveConfig({ ...small, ...config });
    await trainIn('test')(full, { directory, resume: false, crew: soloCrew(), onProgress: () => {}, signal });
    return readdirSync(join(directory, 'checkpoints')).sort();
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The number of processes of the environment's program that a run starts. */
async function processesOf(config: Changes): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'unbraid-processes-'));
  const log = join(directory, 'log');
  vi.stubEnv('UNBRAID_TEST_LOG', log);
  try {
    await recordedRun({ ...config, iterations: 0 }, { openBridge: namedBridges('any') });
    return readFileSync(log, 'utf8')
      .split('\n')
      .filter((line) => line.includes('"op":"hello"')).length;
  } finally {
    vi.unstubAllEnvs();
    rmSync(directory, { recursive: true });
  }
}

async function leaves(config: Changes, differs: Differs): Promise<unknown> {
  if (differs === 'folder') return checkpointFolders(config);
  if (differs === 'processes') return processesOf(config);
  const { outcome, metrics, checkpoints } = await cachedRun(config);
  if (differs === 'parameters') return outcome.parametersSha256;
  const parts = {
    success: outcome.success,
    coupling: outcome.coupling,
    metrics: metrics.map((line) => Object.keys(line)),
    checkpoints: [...checkpoints.keys()],
  };
  return parts[differs];
}

test('no key of the config is without a case', () => {
  expect(Object.keys(cases)).toEqual(configTable.map(({ key }) => key));
});

test.each(configTable.map(({ key }) => key))('%s changes the result', async (key) => {
  const { context, values, differs } = cases[key];
  const without = await leaves(context, differs);
  for (const value of values) {
    const changed = { ...context, [key]: value } as Changes;
    expect(await leaves(changed, differs), `${key} ${value}`).not.toEqual(without);
    if (differs !== 'parameters' && differs !== 'folder') {
      expect(await leaves(changed, 'parameters')).toBe(await leaves(context, 'parameters'));
    }
  }
});
