/** The job of `unbraid verify --runtime`: a replay on threads of the runtime it is done in. */
import type { Crew } from '../../parallel/crew.ts';
import type { Receipt } from '../../record/receipt.ts';
import type { Config } from '../../train/config.ts';
import type { JobFunction } from './job.ts';

export interface ReplayInput {
  readonly config: Config;
  readonly until: number;
  /** Threads. */
  readonly workers: number;
}

export interface ReplayResult {
  readonly receipt: Receipt;
  readonly workers: { readonly count: number } & Pick<Crew, 'memory' | 'reason'>;
}

const replayJob: JobFunction = async ({ unbraid, spawnWorker }, input, onProgress): Promise<ReplayResult> => {
  const { config, until, workers } = input as ReplayInput;
  const crew = await unbraid.openCrew(spawnWorker, workers);
  try {
    const receipt = await unbraid.replay(config, { until, crew, onProgress });
    const { size: count, memory, reason } = crew;
    return { receipt, workers: { count, memory, reason } };
  } finally {
    crew.close();
  }
};

export default replayJob;
