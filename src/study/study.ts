/** A study: a plan of independent jobs, and a pure function from their results to a report. */

import type { JsonRecord } from '../record/json.ts';
import type { StudyFigure, StudyTable } from '../report/studyTables.ts';
import type { Job, JobResults } from './job.ts';

/** Size of a study, as requested by the user. */
export interface StudyScale {
  /** `quick` takes minutes; `full` uses the number of seeds that the conclusions need. */
  readonly size: 'quick' | 'full';
  /** Number of seeds of every row; null for the default of the study. */
  readonly seeds: number | null;
  readonly firstSeed: number;
  /** The reason why an environment in another program, named by the parameter, is unavailable; null if it is not. */
  noGames(name: string): string | null;
}

export interface StudyReport {
  /** The findings in sentences, the most important one first. */
  readonly summary: readonly string[];
  readonly tables: readonly StudyTable[];
  readonly figures: readonly StudyFigure[];
  /** Assumptions and limitations of the numbers. */
  readonly notes: readonly string[];
  /** The numbers that `--json` prints. */
  readonly key: JsonRecord;
}

export interface StudyStages {
  /**
   * All jobs that follow from the results so far, such as runs with settings that earlier runs chose. It is called when
   * all jobs are finished, until it names no new one.
   */
  next(results: JobResults, scale: StudyScale): readonly Job[];
  /** Approximate seconds on one core of the jobs of all stages. */
  seconds(scale: StudyScale): number;
}

export interface Study {
  readonly name: string;
  /** The question that the study answers, in one line. */
  readonly question: string;
  /**
   * Jobs in the order of their start: seed by seed, so that an unfinished study has the same seeds for all variants.
   */
  plan(scale: StudyScale): readonly Job[];
  /** Of a study whose plan names only the first jobs, because the others follow from their results. */
  readonly stages?: StudyStages;
  /** @param command the command that repeats the study, for the tables */
  report(results: JobResults, scale: StudyScale, command: string): StudyReport;
}

/** The seeds of a row with `wanted` seeds by default. */
export function seedsOf(scale: StudyScale, wanted: number): readonly number[] {
  return Array.from({ length: scale.seeds ?? wanted }, (_, i) => scale.firstSeed + i);
}

/** One part of a study that answers several questions. */
export interface StudyPart extends Pick<Study, 'plan'> {
  /** null if none of its jobs is finished. */
  report(...given: Parameters<Study['report']>): StudyReport | null;
}
