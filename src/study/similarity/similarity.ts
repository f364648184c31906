/** Coupling and out-of-domain success by similarity of states, in the bandit. */

import { estimateText } from '../../report/studyTables.ts';
import { bySeed, estimateOf, pairedEstimate } from '../estimates.ts';
import { differencesText } from '../findings.ts';
import { type Job, type JobResults, jobOf } from '../job.ts';
import { type Study, type StudyReport, type StudyScale, seedsOf } from '../study.ts';
import type { TrainInput } from '../trained/trainJob.ts';
import { type BanditResult, banditKind } from './banditJob.ts';
import { type SimilarityCurve, similarityStudyFigure } from './similarityStudyFigure.ts';

/** Sizes and rates of the study that found the effect. Its initial weights differ, see docs/results/similarity.md. */
const shared: TrainInput = {
  iterations: 300,
  groupsPerIteration: 6,
  minibatches: 1,
  maxGradNorm: 1e6,
  entropyCoef: 0.03,
  coldStart: 0,
  hidden: 32,
  embedding: 16,
  tokenWidth: 8,
  checkpointEvery: 300,
};

interface BanditCondition {
  readonly name: string;
  readonly changes: TrainInput;
}

const both = { method: 'classifier+cloning' } as const;

const conditions: readonly BanditCondition[] = [
  { name: 'GRPO', changes: {} },
  { name: 'GRPO, entropy 0.1', changes: { entropyCoef: 0.1 } },
  { name: 'classifier + cloning, graph labels', changes: { ...both, labels: 'graph' } },
  { name: 'classifier + cloning, advantage labels', changes: { ...both, labels: 'advantage' } },
  { name: 'classifier + cloning, oracle labels', changes: { ...both, labels: 'oracle' } },
  { name: 'classifier + cloning, shuffled labels', changes: { ...both, labels: 'shuffled' } },
];

function extent({ size }: StudyScale): { similarities: readonly number[]; seeds: number } {
  return size === 'full'
    ? { similarities: [0, 0.3, 0.6, 0.8, 0.9, 0.95], seeds: 8 }
    : { similarities: [0.3, 0.8, 0.95], seeds: 3 };
}

const inputOf = (condition: BanditCondition, similarity: number, seed: number): TrainInput => ({
  ...shared,
  ...condition.changes,
  similarity,
  seed,
});

function plan(scale: StudyScale): readonly Job[] {
  const { similarities, seeds } = extent(scale);
  return seedsOf(scale, seeds).flatMap((seed) =>
    similarities.flatMap((similarity) =>
      conditions.map((condition) => jobOf(banditKind, inputOf(condition, similarity, seed), 6)),
    ),
  );
}

const measures: readonly { readonly column: string; of(result: BanditResult): number }[] = [
  { column: 'train success', of: ({ success }) => success.train },
  { column: 'in-domain success', of: ({ success }) => success.inDomain },
  { column: 'out-of-domain success', of: ({ success }) => success.outOfDomain },
  { column: 'good-bad cosine at the start', of: ({ cosine }) => cosine.start },
  { column: 'good-bad cosine at the end', of: ({ cosine }) => cosine.end },
];

const outOfDomain = measures[2];

function report(results: JobResults, scale: StudyScale, command: string): StudyReport {
  const { similarities, seeds: wanted } = extent(scale);
  const seeds = seedsOf(scale, wanted);
  const valuesOf = (condition: BanditCondition, similarity: number, of: (result: BanditResult) => number) =>
    bySeed(seeds, (seed) => {
      const result = results.of(banditKind, inputOf(condition, similarity, seed));
      return result && of(result);
    });
  const estimateAt = (condition: BanditCondition, similarity: number, { of }: (typeof measures)[number]) =>
    estimateOf(valuesOf(condition, similarity, of), 'mean');
  const gainOf = (condition: BanditCondition, similarity: number) =>
    pairedEstimate(
      valuesOf(condition, similarity, outOfDomain.of),
      valuesOf(conditions[0], similarity, outOfDomain.of),
      'mean',
    );
  const curves: SimilarityCurve[] = measures.slice(2).flatMap((measure) =>
    conditions.map((condition) => ({
      condition: condition.name,
      measure: measure.column,
      points: similarities.flatMap((similarity) => {
        const found = estimateAt(condition, similarity, measure);
        return found === null ? [] : [{ similarity, mean: found.value, low: found.low, high: found.high }];
      }),
    })),
  );
  const shown = similarities.filter((similarity) => estimateAt(conditions[0], similarity, outOfDomain) !== null);
  const grpo = shown.map((similarity) => ({
    similarity,
    outOfDomain: estimateAt(conditions[0], similarity, outOfDomain)?.value ?? 0,
    cosineStart: estimateAt(conditions[0], similarity, measures[3])?.value ?? 0,
  }));
  return {
    summary: shown.map((similarity) => {
      const plain = estimateText(estimateAt(conditions[0], similarity, outOfDomain));
      const differences = conditions.slice(1).flatMap((condition) => {
        const difference = gainOf(condition, similarity);
        return difference === null ? [] : [{ name: condition.name, difference }];
      });
      return `Similarity ${similarity}: GRPO succeeds in ${plain} of the out-of-domain games. ${differencesText({ above: 'Gain', below: 'Lose' }, differences)}`;
    }),
    tables: shown.map((similarity) => ({
      id: `similarity-${similarity}`,
      title: `Similarity ${similarity}`,
      rowHead: 'trained with',
      columns: [...measures.map(({ column }) => column), 'out-of-domain success minus that of GRPO'],
      rows: conditions.map((condition, i) => ({
        name: condition.name,
        cells: [
          ...measures.map((measure) => estimateAt(condition, similarity, measure)),
          i === 0 ? null : gainOf(condition, similarity),
        ],
        command,
      })),
    })),
    figures:
      shown.length === 0
        ? []
        : [
            {
              id: 'similarity',
              draw: (medium) => similarityStudyFigure(curves, medium),
              caption:
                'Means over seeds, each with its own problem; bars: 95% bootstrap interval over seeds. The cosine compares a good action with the same action in another state of the same scenario, where it is bad.',
            },
          ],
    notes: [
      'Oracle labels use the need, which an agent cannot observe. There are two controls: shuffled labels (a permutation of the graph labels, without information) and a larger entropy bonus.',
      'Rewards are random here: the experience graph weights the outcomes of an action by their frequency.',
    ],
    key: { grpo },
  };
}

export const similarity: Study = {
  name: 'similarity',
  question: 'how do coupling and out-of-domain success depend on the similarity of states, and what helps?',
  plan,
  report,
};
