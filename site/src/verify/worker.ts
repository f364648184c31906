/** The worker that replays a run and compares it with its receipt or files. */
import { expose } from 'comlink';
import { type Progress, type Verdict, verify } from 'unbraid';
import { openCrew, spawnWorker } from 'unbraid/workers';
import { type Claim, claimOf } from './claim.ts';
import { limits, megabytes, type Subject, subjectOfFile, subjectOfFolder } from './intake.ts';

/** Files of one item: a single file has the path ''. */
export type ItemFiles = readonly (readonly [path: string, file: Blob])[];

/** A verdict as plain data. */
export type PlainVerdict = Omit<Verdict, 'notChecked'> & {
  readonly notChecked: readonly (readonly [string, string])[];
};

export interface VerifyWorker {
  /** Reads an item; the next `check` replays it. */
  read(files: ItemFiles, threads: number): Promise<Claim>;
  check(threads: number, onProgress: (progress: Progress) => void): Promise<PlainVerdict>;
}

let current: Subject | null = null;

async function subjectOf(files: ItemFiles): Promise<Subject> {
  const [[path, file]] = files;
  if (path !== '') return subjectOfFolder(files);
  if (file.size > limits.packed) {
    throw new Error(
      `it is larger than ${megabytes(limits.packed)}; use receipt.json alone, which is enough to replay a run`,
    );
  }
  return subjectOfFile(new Uint8Array(await file.arrayBuffer()));
}

const api: VerifyWorker = {
  async read(files, threads) {
    current = null;
    const subject = await subjectOf(files);
    const claim = claimOf(subject, threads);
    current = subject;
    return claim;
  },
  async check(threads, onProgress) {
    if (!current) throw new Error('check: read a file first');
    const subject = current.kind === 'run' ? current.files : current.text;
    const crew = await openCrew(spawnWorker, threads);
    try {
      const verdict = await verify(subject, { crew, onProgress });
      return { ...verdict, notChecked: [...verdict.notChecked] };
    } finally {
      crew.close();
    }
  },
};

expose(api);
