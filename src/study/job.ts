/**
 * The unit of work of a study: JSON input, JSON output, bitwise identical on every machine. The result of a finished
 * job is therefore reused.
 */

import type { Config } from '../config/config.ts';
import type { OpenBridge } from '../env/outside.ts';
import { canonicalJson, type JsonRecord } from '../record/json.ts';
import { textSha256 } from '../record/sha256.ts';
import { numericsVersion, unbraidVersion } from '../version.ts';

/** Functions of the runtime that a job may use. */
export interface JobTools {
  /** Opens the bridge to an environment in another program. */
  readonly openBridge: OpenBridge;
  /** The module of the kernels; by default the narrow build beside the code. All builds compute the same bits. */
  readonly module?: WebAssembly.Module;
  /**
   * Trains a run in a folder and returns its files in base64 by their path; absent where there is no file system.
   */
  readonly trainFiles?: (config: Config) => Promise<Readonly<Record<string, string>>>;
}

/**
 * A kind of job. Its result may depend only on its input. It uses one thread, because a study runs one job per core.
 */
export interface JobKind<Input extends JsonRecord, Output extends JsonRecord> {
  readonly name: string;
  run(input: Input, tools: JobTools): Promise<Output>;
}

export interface Job {
  readonly kind: string;
  readonly input: JsonRecord;
  /** Approximate duration in seconds on one current core. Used only to estimate the duration of a study. */
  readonly seconds: number;
}

export function jobOf<Input extends JsonRecord>(kind: JobKind<Input, JsonRecord>, input: Input, seconds: number): Job {
  return { kind: kind.name, input, seconds };
}

/** The stored record of a finished job. */
export interface FinishedJob {
  readonly job: { readonly kind: string; readonly input: JsonRecord };
  readonly unbraid: string;
  readonly numerics: number;
  readonly result: JsonRecord;
}

export function finishedJob({ kind, input }: Job, result: JsonRecord): FinishedJob {
  return { job: { kind, input }, unbraid: unbraidVersion, numerics: numericsVersion, result };
}

/** Hash that names the result of a job: equal for equal input (in any order of keys), different for each version. */
export function jobHash({ kind, input }: Pick<Job, 'kind' | 'input'>): string {
  return textSha256(canonicalJson({ kind, input, unbraid: unbraidVersion, numerics: numericsVersion }));
}

/** Results of the finished jobs, without failed ones. */
export interface JobResults {
  of<Input extends JsonRecord, Output extends JsonRecord>(kind: JobKind<Input, Output>, input: Input): Output | null;
  ofJob(job: Job): JsonRecord | null;
}

/** @param byHash results by `jobHash` */
export function jobResults(byHash: ReadonlyMap<string, JsonRecord>): JobResults {
  return {
    of: <Input extends JsonRecord, Output extends JsonRecord>(kind: JobKind<Input, Output>, input: Input) =>
      (byHash.get(jobHash({ kind: kind.name, input })) ?? null) as Output | null,
    ofJob: (job) => byHash.get(jobHash(job)) ?? null,
  };
}
