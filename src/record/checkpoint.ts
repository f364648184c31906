/**
 * A checkpoint as files: the complete state that a resumed run needs to be bitwise identical to an uninterrupted one,
 * and the SHA-256 of each file, so that damage is detected on load. Pure functions over bytes; `run.node.ts` reads and
 * writes the files.
 */
import * as v from 'valibot';
import { parseJson } from '../check/parseJson.ts';
import type { Chain } from './chain.ts';
import { chainSchema, count } from './chainSchema.ts';
import { encodeJson, isJsonObject, type JsonRecord } from './json.ts';
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from './safetensors.ts';
import { sha256Hex } from './sha256.ts';

/** Everything that a run needs to continue with the same bits. */
export interface Checkpoint {
  /** Iterations completed; 0 is the policy after behaviour-cloning pretraining (`coldStart`). */
  readonly iteration: number;
  readonly parameters: readonly NamedTensor[];
  /** Optimiser moments, the reference policy, and all other tensors of the trainer's state. */
  readonly state: readonly NamedTensor[];
  /** The part of the trainer's state that is stored as JSON, such as counters. */
  readonly counters: JsonRecord;
  /** The hash chain of the run up to and including this checkpoint. */
  readonly chain: Chain;
  /** The vocabulary, for a text environment. */
  readonly tokenizer?: JsonRecord;
  /**
   * Description from which the policy's network is built. It is stored in the header of parameters.safetensors, so that
   * this file alone is a complete policy.
   */
  readonly blueprint?: string;
}

/** Content by file name. */
export type CheckpointFiles = ReadonlyMap<string, Uint8Array>;

export const manifestName = 'manifest.json';
const parametersName = 'parameters.safetensors';
const stateName = 'state.safetensors';
const countersName = 'state.json';
const tokenizerName = 'tokenizer.json';

/** Names of all files that a checkpoint can contain. */
export const checkpointFileNames: ReadonlySet<string> = new Set([
  parametersName,
  stateName,
  countersName,
  tokenizerName,
  manifestName,
]);

const formatVersion = 1;

/** Schema of state.json. */
const stateSchema = v.strictObject({
  iteration: count,
  counters: v.custom<JsonRecord>(isJsonObject),
  chain: chainSchema,
});

function jsonBytes(value: unknown, name: string): Uint8Array {
  return new TextEncoder().encode(`${encodeJson(value, name, 2)}\n`);
}

function manifestBytes(hashes: Readonly<Record<string, string>>): Uint8Array {
  return jsonBytes({ version: formatVersion, sha256: hashes }, manifestName);
}

/** The folder name of a checkpoint: its iteration in six digits. */
export function checkpointName(iteration: number): string {
  return String(iteration).padStart(6, '0');
}

/** The files of a checkpoint, the manifest with their hashes last. */
export function packCheckpoint(checkpoint: Checkpoint): CheckpointFiles {
  const { iteration, parameters, state, counters, chain, tokenizer, blueprint } = checkpoint;
  if (!Number.isSafeInteger(iteration) || iteration < 0) {
    throw new Error(`packCheckpoint: iteration must be an integer >= 0, got ${iteration}`);
  }
  const files = new Map<string, Uint8Array>();
  files.set(
    parametersName,
    encodeSafetensors(parameters, { iteration: String(iteration), ...(blueprint !== undefined && { blueprint }) }),
  );
  files.set(stateName, encodeSafetensors(state));
  files.set(countersName, jsonBytes({ iteration, counters, chain }, countersName));
  if (tokenizer) files.set(tokenizerName, jsonBytes(tokenizer, tokenizerName));
  const hashes: Record<string, string> = {};
  for (const [name, bytes] of files) hashes[name] = sha256Hex(bytes);
  return files.set(manifestName, manifestBytes(hashes));
}

function jsonIn(bytes: Uint8Array): unknown {
  try {
    return parseJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function manifestHashes(bytes: Uint8Array): Record<string, string> | null {
  const manifest = jsonIn(bytes);
  if (!isJsonObject(manifest) || !isJsonObject(manifest.sha256)) return null;
  const hashes = manifest.sha256 as Record<string, string>;
  // Encoding the hashes again must return the same bytes. Otherwise a character of the manifest itself has changed.
  return sameBytes(manifestBytes(hashes), bytes) ? hashes : null;
}

/**
 * Compares each file with its hash and returns the checkpoint that `files` contain.
 *
 * @param name folder name, for errors
 * @param advice next step for errors: which earlier checkpoint to use
 * @throws Error that names the missing or damaged file
 */
export function unpackCheckpoint(files: CheckpointFiles, name: string, advice: string): Checkpoint {
  const file = (fileName: string): Uint8Array => {
    const bytes = files.get(fileName);
    if (!bytes) throw new Error(`checkpoint ${name}: ${fileName} is missing; ${advice}`);
    return bytes;
  };
  const hashes = manifestHashes(file(manifestName));
  if (!hashes) throw new Error(`checkpoint ${name}: ${manifestName} is damaged; ${advice}`);
  for (const [fileName, hash] of Object.entries(hashes)) {
    if (sha256Hex(file(fileName)) !== hash) {
      throw new Error(`checkpoint ${name}: ${fileName} does not match its hash; the file is damaged; ${advice}`);
    }
  }
  for (const fileName of [parametersName, stateName, countersName]) {
    if (!Object.hasOwn(hashes, fileName)) throw new Error(`checkpoint ${name}: ${fileName} has no hash; ${advice}`);
  }
  const stated = v.safeParse(stateSchema, jsonIn(file(countersName)));
  if (!stated.success) {
    const what = v.getDotPath(stated.issues[0]) ?? 'content';
    throw new Error(`checkpoint ${name}: ${countersName} has no good ${what}; the file is damaged; ${advice}`);
  }
  const { iteration, counters, chain } = stated.output;
  for (const fileName of files.keys()) {
    if (fileName === manifestName || Object.hasOwn(hashes, fileName)) continue;
    throw new Error(`checkpoint ${name}: ${fileName} is not in ${manifestName}; remove the file; ${advice}`);
  }
  const { tensors: parameters, metadata } = decodeSafetensors(file(parametersName), { finite: true });
  return {
    iteration,
    parameters,
    state: decodeSafetensors(file(stateName)).tensors,
    counters,
    chain,
    ...(Object.hasOwn(hashes, tokenizerName) && { tokenizer: jsonIn(file(tokenizerName)) as JsonRecord }),
    ...(metadata.blueprint !== undefined && { blueprint: metadata.blueprint }),
  };
}
