/** The worker of the danger zone: the library's experiment, one seed and one start at a time. */
import { expose } from 'comlink';
import { runDanger } from 'unbraid/coupling';

/** One seed from one start, by condition in the order of `arms`. */
export interface DangerRun {
  /** p(wrong action in the rare state) before training and after every ten iterations. */
  readonly curves: readonly (readonly number[])[];
  /** Mean return after training over 480 episodes. */
  readonly returns: readonly number[];
}

export interface DangerJob {
  /** Similarity of the two states. */
  readonly rho: number;
  readonly start: number;
  readonly seed: number;
}

export interface DangerWorker {
  train(job: DangerJob): Promise<DangerRun>;
}

const api: DangerWorker = {
  async train({ rho, start, seed }) {
    const record = await runDanger({ rho, starts: [start], firstSeed: seed, seeds: 1, method: 'decouple' });
    return {
      curves: record.curves.map(({ points }) => points.map(([, p]) => p)),
      returns: record.rows.map((row) => row.return ?? 0),
    };
  },
};

expose(api);
