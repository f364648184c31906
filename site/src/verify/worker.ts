/** The worker that replays a run and compares it with its receipt or files. */
import { expose } from 'comlink';
import { estimateSeconds, type Progress, resolveConfig, type Verdict, verify } from 'unbraid';
import { parseReceipt, type ReceiptFile } from 'unbraid/record';
import { openCrew, spawnWorker } from 'unbraid/workers';
import { type Subject, subjectOf } from './intake.ts';

/** What a page shows of a subject before anything is replayed. */
export interface Claim {
  readonly kind: Subject['kind'];
  /** Keys of the config that differ from the defaults. */
  readonly settings: readonly (readonly [key: string, value: string])[];
  readonly iterations: number;
  readonly seconds: number;
  /** Success by split as the receipt states it; null where it states none. */
  readonly success: Readonly<Record<string, number | null>> | null;
  readonly hash: string;
}

/** A verdict as plain data. */
export type PlainVerdict = Omit<Verdict, 'notChecked'> & { readonly notChecked: readonly (readonly [string, string])[] };

export interface VerifyWorker {
  /** Reads a dropped file; the next `check` replays it. */
  read(bytes: Uint8Array, threads: number): Claim;
  check(threads: number, onProgress: (progress: Progress) => void): Promise<PlainVerdict>;
}

let current: Subject | null = null;

function receiptOf(subject: Subject): ReceiptFile {
  const bytes = subject.kind === 'run' ? subject.files.get('receipt.json') : null;
  if (bytes === undefined) throw new Error('the run has no receipt.json: it has not ended, or was recorded without one');
  const found = parseReceipt(subject.kind === 'run' ? new TextDecoder().decode(bytes as Uint8Array) : subject.text);
  if ('flaw' in found) throw new Error(`its receipt ${found.flaw}`);
  return found;
}

const api: VerifyWorker = {
  read(bytes, threads) {
    current = null;
    const subject = subjectOf(bytes);
    const { receipt } = receiptOf(subject);
    const config = resolveConfig(receipt.config);
    if (config.env.includes(':') || config.env.includes('/')) {
      throw new Error(
        `its environment ${config.env} is another program, which a page cannot start; check it with unbraid verify`,
      );
    }
    current = subject;
    const standard = resolveConfig({}) as Readonly<Record<string, unknown>>;
    const settings = Object.entries(config).filter(([key, value]) => value !== standard[key]);
    const outcome = receipt.outcome as { success?: Record<string, number | null> } | null;
    return {
      kind: subject.kind,
      settings: settings.map(([key, value]) => [key, String(value)] as const),
      iterations: config.iterations,
      seconds: estimateSeconds(config, config.iterations, threads),
      success: outcome?.success ?? null,
      hash: receipt.hash,
    };
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
