/** What two machines that ran the same job must agree on. */
import { canonicalJson, type JsonRecord } from '../record/json.ts';
import { textSha256 } from '../record/sha256.ts';
import { type RunFiles, runIdentity, runKind } from './trained/runFolderJob.ts';

/**
 * SHA-256 of the part of a result that is equal on every machine: all of it, and of the folder of a run its files
 * without the elapsed time.
 *
 * @param kind of the job
 * @throws Error if the result is not of this kind
 */
export function resultSha(kind: string, result: JsonRecord): string {
  return textSha256(canonicalJson(kind === runKind.name ? runIdentity(result as RunFiles) : result));
}
