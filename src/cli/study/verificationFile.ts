/** verification.json of a study: which results other workers computed again, and where they differed. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, writeFileAtomic } from '../../record/files.node.ts';
import { encodeJson, isJsonObject } from '../../record/json.ts';
import type { Verified } from './executor.ts';

const name = 'verification.json';

/** What earlier commands verified; null if there is none. A damaged file counts as none: it holds no result. */
export function readVerified(directory: string): Verified | null {
  const path = join(directory, name);
  if (!existsSync(path)) return null;
  try {
    const content = readJson(path);
    const fits =
      isJsonObject(content) &&
      [content.fraction, content.elsewhere, content.here].every((value) => typeof value === 'number') &&
      Array.isArray(content.disputes);
    return fits ? (content as unknown as Verified) : null;
  } catch {
    return null;
  }
}

/** The counts and disputes of earlier commands and of this one. */
export function bothVerified(earlier: Verified | null, now: Verified | null): Verified | null {
  if (earlier === null || now === null) return now ?? earlier;
  return {
    fraction: now.fraction,
    elsewhere: earlier.elsewhere + now.elsewhere,
    here: earlier.here + now.here,
    disputes: [...earlier.disputes, ...now.disputes],
  };
}

export function writeVerified(directory: string, verified: Verified): void {
  writeFileAtomic(join(directory, name), `${encodeJson({ ...verified }, name, 1)}\n`);
}

/** Numbers of wrong results for which the report states how likely they are found. */
const wrongResults = [1, 10, 50];

/** The verification in sentences, for the report. */
export function verifiedTexts({ fraction, elsewhere, here, disputes }: Verified): readonly string[] {
  // Integer powers as products, which every machine computes alike.
  const missed = (k: number): number => Array.from({ length: k }).reduce<number>((all) => all * (1 - fraction), 1);
  const rates = wrongResults.map((k) => `${(1 - missed(k)).toFixed(3)} for ${k}`);
  return [
    `${elsewhere} results were computed again by another worker, and ${here} on the machine that ran the command.`,
    `With a share f of the results, a worker that returns k wrong ones is found with probability 1 − (1 − f)^k. With f = ${fraction} this is ${rates.join(', ')}.`,
    ...disputes.map(({ job, claims, decided, wrong }) => {
      const stated = claims.map(({ worker, sha256 }) => `${worker} ${sha256.slice(0, 12)}`).join(', ');
      return `Job ${job.slice(0, 12)}: ${stated}. Computed here: ${decided.slice(0, 12)}. All results of ${wrong.join(' and ')} were computed again.`;
    }),
  ];
}
