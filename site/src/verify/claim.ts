/** What a receipt or run states, and whether this page can replay it. Nothing is trained. */
import { estimateSeconds, numericsVersion, resolveConfig } from 'unbraid';
import { parseReceipt, type Receipt } from 'unbraid/record';
import type { Subject } from './intake.ts';
import { shownText } from './shownText.ts';

/** What a page shows of a subject before anything is replayed. */
export interface Claim {
  readonly kind: Subject['kind'];
  /** Keys of the config that differ from the defaults. */
  readonly settings: readonly (readonly [key: string, value: string])[];
  readonly iterations: number;
  readonly checkpoints: number;
  /** Estimate of the replay. */
  readonly seconds: number;
  /** Success by split as the receipt states it; null where it states none. */
  readonly success: readonly (readonly [split: string, value: number | null])[] | null;
  readonly hash: string;
  /** Version of unbraid that made it. */
  readonly version: string;
}

/** Environments that run in the page. */
const environments: readonly string[] = ['household', 'crafting', 'look-alike', 'bandit'];

function receiptOf(subject: Subject): Receipt {
  let { text } = subject as { text: string };
  if (subject.kind === 'run') {
    const bytes = subject.files.get('receipt.json');
    if (!bytes)
      throw new Error('the run has no receipt.json, so it has not ended; resume it with unbraid train --resume');
    text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  }
  const found = parseReceipt(text);
  if ('flaw' in found)
    throw new Error(`its receipt ${shownText(found.flaw)}; it was changed or damaged; do not use its numbers`);
  return found.receipt;
}

/** Throws where the page cannot replay the run, with what to do instead. */
function requireReplayable({ numerics, arithmetic, custom, config, unbraid }: Receipt): void {
  if (custom) {
    throw new Error(
      'it was trained with code of its author (an environment, a policy or a label source), which is not in the file; ' +
        'replay it in a program with verify() and those modules: see the page on custom parts in the documentation',
    );
  }
  const env = String(config.env);
  if (!environments.includes(env)) {
    throw new Error(
      `its environment ${shownText(env)} is another program, which a page cannot start; replay it on a computer that has ` +
        'the program: unbraid verify FOLDER',
    );
  }
  if (arithmetic) {
    throw new Error(
      'it was trained with --arithmetic relaxed, whose bits depend on the processor; no replay can check it',
    );
  }
  if (numerics !== numericsVersion) {
    throw new Error(
      `it has numerics version ${numerics} and this page has ${numericsVersion}, so their bits differ; replay it with ` +
        `unbraid ${shownText(unbraid)}, which made it: unbraid verify receipt.json`,
    );
  }
}

/** @throws Error in words that follow the file's name */
export function claimOf(subject: Subject, threads: number): Claim {
  const receipt = receiptOf(subject);
  requireReplayable(receipt);
  const config = resolveConfig(receipt.config);
  const standard = resolveConfig({}) as Readonly<Record<string, unknown>>;
  const { success } = (receipt.outcome ?? {}) as { success?: Record<string, number | null> };
  const isNumber = (value: unknown): value is number => typeof value === 'number';
  return {
    kind: subject.kind,
    settings: Object.entries(config)
      .filter(([key, value]) => value !== standard[key])
      .map(([key, value]) => [key, shownText(String(value))] as const),
    iterations: config.iterations,
    checkpoints: receipt.links.length,
    seconds: estimateSeconds(config, config.iterations, threads),
    success: success
      ? Object.entries(success).map(([split, value]) => [shownText(split), isNumber(value) ? value : null] as const)
      : null,
    hash: receipt.hash,
    version: receipt.unbraid,
  };
}
