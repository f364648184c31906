import { describe, expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { openChain } from '../../src/record/chain.ts';
import { type CheckpointFiles, packCheckpoint, unpackCheckpoint } from '../../src/record/checkpoint.ts';
import type { Progress } from '../../src/train/run.ts';
import { train } from '../../src/train/trainer.ts';
import { recordedRun, resumedRun, small } from './recordedRun.ts';

describe('same bits', () => {
  const runs: [string, Partial<Config>][] = [
    ['household, attention over tokens', {}],
    ['household, attention over text', { observation: 'text', maxSteps: 8, iterations: 2, evalEpisodes: 2 }],
    ['household, attention with a block', { blocks: 1, iterations: 2 }],
    ['household, mlp over vectors', { policy: 'mlp' }],
    ['look-alike states, mlp', { env: 'look-alike', policy: 'mlp' }],
    ['bandit, mlp', { env: 'bandit', policy: 'mlp' }],
    ['all terms of the objective', { method: 'classifier+contrastive+cloning', beta: 0.1 }],
  ];

  test.each(runs)('%s: a run repeated has the same outcome, records and checkpoints', async (_, config) => {
    const first = await recordedRun(config);
    expect(await recordedRun(config)).toEqual(first);
    const other = await train({ ...small, ...config, seed: 2 });
    expect(other.parametersSha256).not.toBe(first.outcome.parametersSha256);
  });
});

describe('resume', () => {
  const graph = { labels: 'graph' } as const;
  const all = 'classifier+contrastive+cloning';
  const dense: Partial<Config> = {
    ...{ policy: 'mlp', method: 'ppo', maxSteps: 7, valueNetwork: 'separate' },
    ...{ bootstrapTruncated: true, normalizeRewards: true, normalizeObservations: true },
  };
  const runs: [string, Partial<Config>][] = [
    ['grpo alone', {}],
    ['classifier, graph labels', { ...graph, method: 'classifier' }],
    ['classifier, a graph that forgets games', { ...graph, method: 'classifier', graphMaxEdges: 40, iterations: 5 }],
    ['cloning, shuffled labels', { labels: 'shuffled', method: 'cloning' }],
    ['all terms, graph labels', { ...graph, method: all }],
    ['all terms, advantage labels', { labels: 'advantage', method: all }],
    ['all terms, oracle labels of taken actions', { labels: 'oracle', method: all, classifierScope: 'taken' }],
    ['all terms, demonstration labels', { labels: 'demonstrations', method: all }],
    ['step advantages and labels as advantages', { method: 'gigpo+label-advantages' }],
    ['surgery that remembers, label losses beside it', { ...graph, method: `ppo+${all}+gradvac` }],
    ['surgery by sign', { ...graph, method: 'ppo+upgrad', conflictTasks: 'sign' }],
    ['classifier, anchor labels', { labels: 'anchor', method: 'classifier', anchorIterations: 2, trainGames: 2 }],
    ['cloning, critic labels', { labels: 'critic', method: 'cloning', criticSteps: 150 }],
    ['classifier, counterfactual labels', { labels: 'counterfactual', method: 'classifier' }],
    ['graph advantages, graphs of their own', { method: 'graph-advantages', labels: 'oracle', explorationBonus: 0.3 }],
    ['graph advantages, graphs of the labels', { ...graph, method: 'graph-advantages+classifier', graphMaxEdges: 300 }],
    ['an exploration bonus, few games kept', { explorationBonus: 0.5, graphMaxEdges: 300, iterations: 5 }],
    ['hindsight', { ...graph, method: 'classifier+cloning', hindsight: true, coldStart: 0, groupsPerIteration: 4 }],
    ['noisy demonstrations', { labels: 'demonstrations', method: 'classifier', labelNoise: 0.3 }],
    [
      'shuffled labels of the critic, a warm-up and a schedule',
      { labels: 'shuffled', shuffledSource: 'critic', method: all, labelWarmup: 2, labelSchedule: 'linear' },
    ],
    ['values, heads per action, surgery and label losses', { ...graph, method: `ppo+${all}+pcgrad+heads` }],
    ['mlp with values and a head per action', { policy: 'mlp', method: 'ppo+heads', valueClip: 0.1 }],
    ['mlp with all that dense rewards need', dense],
    ['the same without values, with a reference', { ...dense, method: 'grpo', returns: 'to-go', beta: 0.1 }],
    ['text with heads per verb', { observation: 'text', maxSteps: 8, method: 'heads', iterations: 2, evalEpisodes: 2 }],
    ['decoupled advantages', { method: 'decouple', decoupleChunk: 30 }],
    [
      'decoupled pairs of labels, steps of equal KL',
      { ...graph, method: 'decouple', decouplePairs: 'labelled', updateKl: 0.002 },
    ],
    ['decoupled advantages, permuted', { method: 'decouple+cloning', decouplePairs: 'permuted' }],
    ['KL to a reference', { beta: 0.2 }],
    ['a churn penalty beside all terms', { ...graph, method: all, churnCoef: 1 }],
    ['layer norms, tokens', { layerNorm: true, method: all }],
    ['layer norms, mlp with values of its own', { ...dense, layerNorm: true }],
    ['muon, a schedule and weight decay', { optimizer: 'muon', lrSchedule: 'linear', weightDecay: 0.1 }],
    ['muon on mlp with a rate of its own', { ...dense, optimizer: 'muon', muonLearningRate: 0.01 }],
    ['a churn penalty beside surgery without other losses', { method: 'upgrad', entropyCoef: 0, churnCoef: 1 }],
    ['linear schedule with warm-up', { lrSchedule: 'linear', warmupUpdates: 9 }],
    ['cosine schedule and weight decay', { lrSchedule: 'cosine', weightDecay: 0.1 }],
    ['evaluations and coupling measurements between', { evalEvery: 1, couplingEvery: 1, method: all }],
    ['diagnostics', { couplingEvery: 1, diagnostics: true }],
    ['no cold start', { coldStart: 0 }],
    ['hints by the classifier', { ...graph, method: 'classifier', hint: 'classifier', coldStartClassifier: true }],
    ['random hints in vectors', { policy: 'mlp', hint: 'random', normalizeObservations: true }],
    ['mlp, cloning, a reference', { policy: 'mlp', method: 'cloning', beta: 0.1 }],
    ['look-alike states', { env: 'look-alike', policy: 'mlp', method: all }],
    ['text', { observation: 'text', maxSteps: 8, method: 'classifier', iterations: 2, evalEpisodes: 2 }],
  ];

  test.each(runs)('%s: from any checkpoint to the bits of an unbroken run', async (_, changes) => {
    const config = { checkpointEvery: 1, ...changes };
    const { iterations = small.iterations as number } = config;
    const unbroken = await recordedRun(config);
    expect([...unbroken.checkpoints.keys()]).toEqual(Array.from({ length: iterations + 1 }, (_, i) => i));
    for (const from of config.method === 'cloning' ? [0, 1, iterations] : [1]) {
      const resumed = await resumedRun(config, unbroken.checkpoints, from);
      expect(resumed.outcome).toEqual(unbroken.outcome);
      expect(resumed.metrics).toEqual(unbroken.metrics.slice(from + 1));
      expect(resumed.couplings).toEqual({
        [`coupling-end/${iterations}`]: unbroken.couplings[`coupling-end/${iterations}`],
      });
      expect(resumed.checkpoints).toEqual(new Map([...unbroken.checkpoints].filter(([i]) => i > from)));
    }
  });

  test('every number of the state counts: one changed moment changes the result', async () => {
    const unbroken = await recordedRun({ checkpointEvery: 1 });
    const checkpoint = unpackCheckpoint(unbroken.checkpoints.get(1) as CheckpointFiles, '1', 'none');
    const first = checkpoint.state.find(({ name }) => name === 'adam/first');
    (first?.values as Float32Array)[0] += 1e-3;
    // With the hashes that a run would have written: a checkpoint that its own link does not stand for is rejected.
    const { head, links } = checkpoint.chain;
    const writer = openChain({ head, links: links.slice(0, -1), open: [] });
    const { outcome } = await recordedRun(
      { checkpointEvery: 1 },
      { checkpoint: { ...checkpoint, chain: writer.addLink(checkpoint, true) } },
    );
    expect(outcome.parametersSha256).not.toBe(unbroken.outcome.parametersSha256);
  });

  test('the vocabulary of a text run comes from the checkpoint', async () => {
    const config: Partial<Config> = {
      observation: 'text',
      maxSteps: 8,
      iterations: 1,
      evalEpisodes: 2,
      vocabularySize: 30,
    };
    const { checkpoints, outcome } = await recordedRun(config);
    const { tokenizer } = unpackCheckpoint(checkpoints.get(0) as CheckpointFiles, '0', 'none');
    expect(tokenizer?.words).toHaveLength(30);
    // Collected anew it would have more words, and the weights would not fit.
    expect((await resumedRun(config, checkpoints, 0)).outcome).toEqual(outcome);
    const checkpoint = unpackCheckpoint(checkpoints.get(0) as CheckpointFiles, '0', 'none');
    const { words } = checkpoint.tokenizer as { words: string[] };
    const other = { ...checkpoint, tokenizer: { ...tokenizer, words: words.with(29, 'zzz') } };
    // Collected anew it would be the one the checkpoint was made with.
    await expect(train({ ...small, ...config }, { checkpoint: other })).rejects.toThrow(
      "train: the checkpoint was made with another vocabulary; resume with its run's own tokenizer",
    );
  });
});

describe('what a run records', () => {
  test('with diagnostics: further metrics where coupling is measured; all else is equal', async () => {
    const config = { couplingEvery: 2, checkpointEvery: 1 };
    const plain = await recordedRun(config);
    const found = await recordedRun({ ...config, diagnostics: true });
    expect(found.outcome.parametersSha256).toBe(plain.outcome.parametersSha256);
    expect(found.outcome.coupling).toEqual(plain.outcome.coupling);
    const ofStep = [
      ...['good_predicted', 'good_actual', 'bad_predicted', 'bad_actual', 'bad_positive_fraction', 'correlation'],
      ...['relative_error', 'rms_actual'],
    ].map((name) => `spillover/${name}`);
    const ofCoupling = ['contrast', 'kernel_target_alignment', 'effective_rank', 'top_share'].map(
      (name) => `coupling/${name}`,
    );
    const ofEmbedding = ['good_bad_cosine', 'good_good_cosine', 'bad_bad_cosine', 'contrast', 'cka'].map(
      (name) => `embedding/${name}`,
    );
    const measured = [...ofCoupling, ...ofEmbedding];
    const expected = [measured, [], [...ofStep, ...measured], [...ofStep, ...measured]];
    for (const [iteration, line] of found.metrics.entries()) {
      const was = plain.metrics[iteration];
      const further = Object.keys(line).filter((key) => !Object.hasOwn(was, key));
      expect(further.filter((key) => /^(coupling|embedding|spillover)/.test(key))).toEqual(expected[iteration]);
      for (const [key, value] of Object.entries(was)) expect(line[key]).toBe(value);
    }
    // A step of training: larger than the one of 0.01 in coupling-end.json, but near its first order.
    expect(found.metrics[3]['spillover/correlation']).toBeGreaterThan(0.8);
    expect(found.metrics[3]['spillover/relative_error']).toBeLessThan(0.6);
    expect(Math.abs(found.metrics[3]['spillover/bad_actual'])).toBeGreaterThan(1e-3);
  });

  test('with diagnostics and small steps the change is that of first order', async () => {
    const { metrics } = await recordedRun({ diagnostics: true, learningRate: 1e-4 });
    expect(metrics[3]['spillover/correlation']).toBeGreaterThan(0.999);
    expect(metrics[3]['spillover/relative_error']).toBeLessThan(0.05);
    const { metrics: none } = await recordedRun({ diagnostics: true, learningRate: 0 });
    expect(none[3]['spillover/good_actual']).toBe(0);
    expect(none[3]).not.toHaveProperty('spillover/correlation');
  });

  test('a line per iteration with success and coupling at both ends, and progress that reaches its total', async () => {
    const progress: Progress[] = [];
    const { metrics, outcome, couplings, checkpoints } = await recordedRun(
      { checkpointEvery: 2 },
      { onProgress: (p) => progress.push({ ...p }) },
    );
    expect(metrics.map(({ iteration }) => iteration)).toEqual([0, 1, 2, 3]);
    for (const [iteration, expected] of [
      [0, outcome.coupling.start],
      [3, outcome.coupling.end],
    ] as const) {
      expect(metrics[iteration]['coupling/good_bad_cosine']).toBe(expected.goodBadCosine);
      expect(metrics[iteration]['coupling/good_good_cosine']).toBe(expected.goodGoodCosine);
      expect(metrics[iteration]['coupling/bad_bad_cosine']).toBe(expected.badBadCosine);
    }
    expect(metrics[1]).not.toHaveProperty('eval/train');
    expect(metrics[3]['eval/train']).toBe(outcome.success.train);
    expect(metrics[3]['eval/in_domain']).toBe(outcome.success.inDomain);
    expect(metrics[3]['eval/out_of_domain']).toBe(outcome.success.outOfDomain);
    expect(metrics[3].envSteps).toBe(outcome.envSteps);
    // 3 iterations of 2 passes over 3 minibatches.
    expect([metrics[3].updates, outcome.updates]).toEqual([18, 18]);
    expect(Object.keys(couplings)).toEqual(['coupling-start/0', 'coupling-end/3']);
    // Every second iteration, the first and the last.
    expect([...checkpoints.keys()]).toEqual([0, 2, 3]);
    for (const phase of ['cold start', 'train', 'evaluate', 'coupling'] as const) {
      const last = progress.findLast((p) => p.phase === phase);
      expect([phase, last?.done]).toEqual([phase, last?.total]);
    }
  });

  test('steps spent on labels are those of the run, and demonstrations have a label quality too', async () => {
    const { metrics, outcome } = await recordedRun({ method: 'classifier', labels: 'counterfactual' });
    const total = metrics
      .slice(1)
      .reduce((sum, line) => sum + 8 * line['charts/episodic_length'] + line['labels/env_steps'], 0);
    expect([metrics[3].envSteps, outcome.envSteps]).toEqual([total, total]);
    expect(metrics[1]['labels/env_steps']).toBeGreaterThan(100);
    const shown = (await recordedRun({ method: 'classifier', labels: 'demonstrations' })).metrics[1];
    const noisy = (await recordedRun({ method: 'classifier', labels: 'demonstrations', labelNoise: 0.4 })).metrics[1];
    expect(shown['labels/coverage']).toBe(1);
    expect(shown['labels/accuracy']).toBeGreaterThan(0.8);
    expect(noisy['labels/accuracy']).toBeLessThan(0.7);
    expect(shown).not.toHaveProperty('labels/env_steps');
  });

  test('labels of half the weight teach as losses of half their weights do', async () => {
    const config: Partial<Config> = { method: 'classifier+cloning', labels: 'oracle', iterations: 2 };
    const halved = await recordedRun(config, {
      onParts({ labelSource }) {
        const { label } = labelSource;
        labelSource.label = async (...given) => ({ ...(await label(...given)), weight: 0.5 });
      },
    });
    const smaller = await recordedRun({ ...config, classifierCoef: 0.25, cloningCoef: 0.05 });
    expect(halved.outcome.parametersSha256).toBe(smaller.outcome.parametersSha256);
    expect(halved.metrics[1]['labels/weight']).toBe(0.5);
    expect(smaller.metrics[1]).not.toHaveProperty('labels/weight');
    expect(halved.outcome.parametersSha256).not.toBe((await recordedRun(config)).outcome.parametersSha256);
  });

  test('no iteration at all: the policy after the cold start, evaluated once more at the end', async () => {
    const { outcome, metrics } = await recordedRun({ iterations: 0 });
    expect(outcome.updates).toBe(0);
    expect(outcome.coupling.end).toEqual(outcome.coupling.start);
    expect(metrics.length).toBe(1);
  });
});

test('an abort stops the run with its reason, in training and in evaluation', async () => {
  for (const phase of ['train', 'evaluate'] as const) {
    const controller = new AbortController();
    const onProgress = (p: Progress): void => {
      if (p.phase === phase) controller.abort(new Error(`stopped in ${phase}`));
    };
    await expect(train(small, { signal: controller.signal, onProgress })).rejects.toThrow(`stopped in ${phase}`);
  }
});

/**
 * Trains until an abort that comes by the event loop, begun at the first report for which `when` holds; gives what was
 * recorded and reported.
 */
async function interrupted(
  config: Partial<Config>,
  when: (progress: Progress) => boolean,
): Promise<{ checkpoints: Map<number, CheckpointFiles>; last: Progress }> {
  const controller = new AbortController();
  const checkpoints = new Map<number, CheckpointFiles>();
  let last: Progress | null = null;
  let asked = false;
  const stopped = train(
    { ...small, ...config },
    {
      signal: controller.signal,
      onProgress(progress) {
        last = { ...progress };
        if (asked || !when(progress)) return;
        asked = true;
        setImmediate(() => controller.abort(new Error('stopped')));
      },
      onCheckpoint: (checkpoint) => checkpoints.set(checkpoint.iteration, packCheckpoint(checkpoint)),
    },
  );
  await expect(stopped).rejects.toThrow('stopped');
  return { checkpoints, last: last as unknown as Progress };
}

describe('an abort that comes by the event loop is heard on one thread', () => {
  test('in the cold start, before it is over; there is no checkpoint yet', async () => {
    const { checkpoints, last } = await interrupted({ coldStartUpdates: 60 }, ({ phase }) => phase === 'cold start');
    expect(last.phase).toBe('cold start');
    // 64 states in an update, the equal ones among them computed once: turns come every four updates or later.
    expect(last.done).toBeLessThan(30);
    expect(checkpoints.size).toBe(0);
  });

  test.each([
    ['evaluation', { evalEpisodes: 200 }, 'evaluate', 600],
    ['measurement of coupling', { couplingPairs: 40 }, 'coupling', 1],
  ] as const)('in the first %s', async (_, config, of, total) => {
    const { checkpoints, last } = await interrupted(config, ({ phase }) => phase === of);
    expect([last.phase, last.total, last.done < total]).toEqual([of, total, true]);
    expect(checkpoints.size).toBe(0);
  });

  test.each([
    ['evaluation', { evalEpisodes: 60, evalEvery: 3 }, 'evaluate', 3],
    ['measurement of coupling', { couplingPairs: 40, couplingEvery: 3 }, 'coupling', 3],
    ['last evaluation', { evalEpisodes: 60 }, 'evaluate', 4],
  ] as const)(
    'in a later %s: the iterations before are kept and go on to the same bits',
    async (_, changes, of, at) => {
      const config = { ...changes, method: 'classifier', labels: 'graph', iterations: 4, checkpointEvery: 20 } as const;
      const unbroken = await recordedRun(config);
      let iterations = 0;
      const { checkpoints, last } = await interrupted(config, ({ phase, done }) => {
        if (phase === 'train') iterations = done;
        return phase === of && iterations === at - 1;
      });
      expect([last.phase, last.done < last.total]).toEqual([of, true]);
      expect([...checkpoints.keys()]).toEqual([0, at - 1]);
      const resumed = await resumedRun(config, checkpoints, at - 1);
      expect(resumed.outcome).toEqual(unbroken.outcome);
      expect(resumed.metrics).toEqual(unbroken.metrics.slice(at));
    },
  );
});

test('what was learned before an interruption is kept, between checkpoints too, and goes on to the same bits', async () => {
  const config = { method: 'classifier', labels: 'graph', iterations: 4, checkpointEvery: 20 } as const;
  const unbroken = await recordedRun(config);
  const controller = new AbortController();
  const checkpoints = new Map<number, CheckpointFiles>();
  const stopped = train(
    { ...small, ...config },
    {
      signal: controller.signal,
      onProgress: ({ phase, done }) => {
        if (phase === 'train' && done === 2) controller.abort(new Error('stopped'));
      },
      onCheckpoint: (checkpoint) => checkpoints.set(checkpoint.iteration, packCheckpoint(checkpoint)),
    },
  );
  await expect(stopped).rejects.toThrow('stopped');
  expect([...checkpoints.keys()]).toEqual([0, 2]);
  expect((await resumedRun(config, checkpoints, 2)).outcome).toEqual(unbroken.outcome);
});
