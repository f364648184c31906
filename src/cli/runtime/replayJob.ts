/** The job of `unbraid verify --runtime`: a replay on threads of the runtime. */

import type { Config } from '../../config/config.ts';
import type { Crew } from '../../parallel/crew.ts';
import type { ReplayedRecords } from '../../train/replay.ts';
import type { JobFunction } from './job.ts';

export interface ReplayInput {
  readonly config: Config;
  readonly until: number;
  readonly checkpointsAt: readonly number[];
  readonly parametersAt: number | null;
  /** Number of threads. */
  readonly workers: number;
}

export interface ReplayResult {
  readonly records: ReplayedRecords;
  readonly workers: { readonly count: number } & Pick<Crew, 'memory' | 'reason'>;
}

const replayJob: JobFunction = async ({ unbraid, spawnWorker }, input, onProgress): Promise<ReplayResult> => {
  const { config, workers, ...bound } = input as ReplayInput;
  const crew = await unbraid.openCrew(spawnWorker, workers);
  try {
    const records = await unbraid.replayRecords(config, { ...bound, crew, onProgress });
    const { size: count, memory, reason } = crew;
    return { records, workers: { count, memory, reason } };
  } finally {
    crew.close();
  }
};

export default replayJob;
