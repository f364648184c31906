/** Coupling and out-of-domain success by similarity of states, in the bandit. */

import { estimateText } from '../../report/studyTables.ts';
import { bySeed, estimateOf, pairedEstimate } from '../estimates.ts';
import { judgedText } from '../findings.ts';
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

interface BanditArm {
  readonly name: string;
  readonly changes: TrainInput;
}

const both = { method: 'classifier+cloning' } as const;

const arms: readonly BanditArm[] = [
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

const inputOf = (arm: BanditArm, similarity: number, seed: number): TrainInput => ({
  ...shared,
  ...arm.changes,
  similarity,
  seed,
});

function plan(scale: StudyScale): readonly Job[] {
  const { similarities, seeds } = extent(scale);
  return seedsOf(scale, seeds).flatMap((seed) =>
    similarities.flatMap((similarity) => arms.map((arm) => jobOf(banditKind, inputOf(arm, similarity, seed), 6))),
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
  const valuesOf = (arm: BanditArm, similarity: number, of: (result: BanditResult) => number) =>
    bySeed(seeds, (seed) => {
      const result = results.of(banditKind, inputOf(arm, similarity, seed));
      return result && of(result);
    });
  const quantityOf = (arm: BanditArm, similarity: number, { of }: (typeof measures)[number]) =>
    estimateOf(valuesOf(arm, similarity, of), 'mean');
  const gainOf = (arm: BanditArm, similarity: number) =>
    pairedEstimate(valuesOf(arm, similarity, outOfDomain.of), valuesOf(arms[0], similarity, outOfDomain.of), 'mean');
  const curves: SimilarityCurve[] = measures.slice(2).flatMap((measure) =>
    arms.map((arm) => ({
      arm: arm.name,
      measure: measure.column,
      points: similarities.flatMap((similarity) => {
        const found = quantityOf(arm, similarity, measure);
        return found === null ? [] : [{ similarity, mean: found.value, low: found.low, high: found.high }];
      }),
    })),
  );
  const shown = similarities.filter((similarity) => quantityOf(arms[0], similarity, outOfDomain) !== null);
  const grpo = shown.map((similarity) => ({
    similarity,
    outOfDomain: quantityOf(arms[0], similarity, outOfDomain)?.value ?? 0,
    cosineStart: quantityOf(arms[0], similarity, measures[3])?.value ?? 0,
  }));
  return {
    summary: shown.map((similarity) => {
      const plain = estimateText(quantityOf(arms[0], similarity, outOfDomain));
      const judged = arms.slice(1).flatMap((arm) => {
        const difference = gainOf(arm, similarity);
        return difference === null ? [] : [{ name: arm.name, difference }];
      });
      return `Similarity ${similarity}: GRPO succeeds in ${plain} of the out-of-domain games. ${judgedText({ above: 'Gain', below: 'Lose' }, judged)}`;
    }),
    tables: shown.map((similarity) => ({
      id: `similarity-${similarity}`,
      title: `Similarity ${similarity}`,
      rowHead: 'trained with',
      columns: [...measures.map(({ column }) => column), 'out-of-domain success minus that of GRPO'],
      rows: arms.map((arm, i) => ({
        name: arm.name,
        cells: [
          ...measures.map((measure) => quantityOf(arm, similarity, measure)),
          i === 0 ? null : gainOf(arm, similarity),
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
              svg: similarityStudyFigure(curves),
              caption:
                'Means over seeds, whose problems differ too; bars: 95% bootstrap interval over seeds. The cosine is that of good actions with the same action in states of the same scenario where it is bad.',
            },
          ],
    notes: [
      'Oracle labels know the need, which an agent does not. Shuffled labels are those of the graph without their meaning, and more entropy is the other control.',
      'Rewards are a matter of chance here: the experience graph weighs the outcomes of an action by how often each came.',
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
