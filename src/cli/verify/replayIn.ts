/** Options and result of a replay for `unbraid verify`, in this process or in another runtime. */
import type { Split } from '../../env/environment.ts';
import type { MemoryMode } from '../../parallel/memoryMode.ts';
import type { FieldHashes, ReplayedRecords } from '../../train/replay.ts';
import type { Progress } from '../../train/run.ts';
import type { Programs } from '../shared/bridges.ts';
import type { CommandShell } from '../shared/commandShell.ts';

export interface Replayed {
  readonly records: ReplayedRecords;
  /** A new measurement of the fields of coupling.json; null if it was not requested or found no pairs. */
  readonly measured: FieldHashes | null;
  /** Name and version: `node 24.21.0`. */
  readonly runtime: string;
  /** Number of threads, kind of their memory, and the reason. */
  readonly workers: { readonly count: number; readonly memory: MemoryMode; readonly reason: string };
}

export interface ReplayInOptions {
  readonly until: number;
  /** Iterations whose checkpoints are compared. */
  readonly checkpointsAt: readonly number[];
  /** Parameters of the measurement in coupling.json; null if the folder has no such file. */
  readonly measure: {
    readonly iteration: number;
    readonly split: Split;
    readonly samples: number;
    /** Whether the file has the further numbers of a measurement; those of earlier versions do not. */
    readonly diagnostics: boolean;
  } | null;
  /** Requested number of threads; undefined: one per core. */
  readonly workers: number | undefined;
  /** Programs that may be started for the environment; default: only those of this package. */
  readonly programs?: Programs;
  /** Opens a worker pool in this process; another runtime opens its own. */
  readonly withCrew: CommandShell['withCrew'];
  readonly onProgress: (progress: Progress) => void;
  readonly signal: AbortSignal;
}
