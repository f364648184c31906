/** What a study is: a plan of independent jobs, and a pure function from their results to a report. */

import type { JsonRecord } from '../record/json.ts';
import type { StudyFigure, StudyTable } from '../report/studyTables.ts';
import type { Job, JobResults } from './job.ts';

/** How much of a study is wanted. */
export interface StudyScale {
  /** `quick` takes minutes; `full` has the seeds that its conclusions need. */
  readonly size: 'quick' | 'full';
  /** Seeds of every row; null leaves it to the study. */
  readonly seeds: number | null;
  readonly firstSeed: number;
  /** Why games of other programs cannot be played here; null where they can. */
  noGames(): string | null;
}

export interface StudyReport {
  /** What the numbers say: sentences, the most important one first. */
  readonly summary: readonly string[];
  readonly tables: readonly StudyTable[];
  readonly figures: readonly StudyFigure[];
  /** What the numbers do not say, and what they rest on. */
  readonly notes: readonly string[];
  /** The numbers that `--json` prints. */
  readonly key: JsonRecord;
}

export interface Study {
  readonly name: string;
  /** The question it answers, in one line. */
  readonly question: string;
  /** Jobs in the order to begin them: seed by seed, so that an unfinished study compares like with like. */
  plan(scale: StudyScale): readonly Job[];
  /** @param command repeats the study, for the tables */
  report(results: JobResults, scale: StudyScale, command: string): StudyReport;
}

/** The seeds of a row that has `wanted` of them by default. */
export function seedsOf(scale: StudyScale, wanted: number): readonly number[] {
  return Array.from({ length: scale.seeds ?? wanted }, (_, i) => scale.firstSeed + i);
}

/** A part of a study with more than one question. */
export interface StudyPart extends Pick<Study, 'plan'> {
  /** null while nothing of it is finished. */
  report(...given: Parameters<Study['report']>): StudyReport | null;
}
