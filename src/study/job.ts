/** A study's unit of work: JSON in, JSON out, the same bits on every machine, so that a finished one is never done again. */

import type { OpenBridge } from '../env/registry.ts';
import { canonicalJson, type JsonRecord } from '../record/json.ts';
import { textSha256 } from '../record/sha256.ts';
import { numericsVersion, unbraidVersion } from '../version.ts';

/** What a job may use of its host. */
export interface JobTools {
  /** Opens the bridge to an environment in another program. */
  readonly openBridge: OpenBridge;
}

/** A sort of job. Its result may depend on the input alone; it works on one thread, since a study fills the cores with jobs. */
export interface JobKind<Input extends JsonRecord, Output extends JsonRecord> {
  readonly name: string;
  run(input: Input, tools: JobTools): Promise<Output>;
}

export interface Job {
  readonly kind: string;
  readonly input: JsonRecord;
  /** About how long it takes on one core of a present-day machine: for the estimate of a study's time, nothing else. */
  readonly seconds: number;
}

export function jobOf<Input extends JsonRecord>(kind: JobKind<Input, JsonRecord>, input: Input, seconds: number): Job {
  return { kind: kind.name, input, seconds };
}

/** What is kept of a finished job. */
export interface FinishedJob {
  readonly job: { readonly kind: string; readonly input: JsonRecord };
  readonly unbraid: string;
  readonly numerics: number;
  readonly result: JsonRecord;
}

export function finishedJob({ kind, input }: Job, result: JsonRecord): FinishedJob {
  return { job: { kind, input }, unbraid: unbraidVersion, numerics: numericsVersion, result };
}

/** Names the result of a job: equal for equal input, whatever the order of its keys, and another one for each version. */
export function jobHash({ kind, input }: Pick<Job, 'kind' | 'input'>): string {
  return textSha256(canonicalJson({ kind, input, unbraid: unbraidVersion, numerics: numericsVersion }));
}

/** Results of the jobs that are finished, failed ones left out. */
export interface JobResults {
  of<Input extends JsonRecord, Output extends JsonRecord>(kind: JobKind<Input, Output>, input: Input): Output | null;
}

/** @param byHash results by `jobHash` */
export function jobResults(byHash: ReadonlyMap<string, JsonRecord>): JobResults {
  return {
    of: <Input extends JsonRecord, Output extends JsonRecord>(kind: JobKind<Input, Output>, input: Input) =>
      (byHash.get(jobHash({ kind: kind.name, input })) ?? null) as Output | null,
  };
}
