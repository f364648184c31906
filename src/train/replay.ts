/** Repeats a run without a folder, in any runtime. `unbraid verify` compares the result with the files of the run. */
import { checkOptions, shown } from '../check/values.ts';
import { type Config, recordedConfig, resolveConfig } from '../config/config.ts';
import { jsonSha256, type Link } from '../record/chain.ts';
import type { Checkpoint } from '../record/checkpoint.ts';
import { type JsonRecord, jsonLine } from '../record/json.ts';
import { createReceipt, type Receipt } from '../record/receipt.ts';
import { encodeSafetensors } from '../record/safetensors.ts';
import { unbraidVersion } from '../version.ts';
import { couplingFields } from './run.ts';
import type { TrainHooks } from './runLog.ts';
import { runBounded, type TrainOptions, trainOptionTypes } from './trainer.ts';

/** Options of `replay`: those of `train` without what a replay makes itself. */
export interface ReplayOptions
  extends Omit<TrainOptions, 'onMetrics' | 'onCheckpoint' | 'onCoupling' | 'onActionProbabilities' | 'checkpoint'> {
  /** Last iteration to train; the receipt then has no outcome. Default: all iterations. */
  readonly until?: number;
}

/** A checkpoint of the replay, as hashes and texts. */
export interface ReplayedCheckpoint {
  readonly iteration: number;
  /** The chain up to this checkpoint. Its own link comes last, even if the config asks for no checkpoint here. */
  readonly links: readonly Link[];
  /** Lines of metrics.jsonl since the last checkpoint that the config asks for; empty where it asks for one here. */
  readonly open: readonly string[];
  readonly blueprint: string | null;
  /** The vocabulary of a text environment. */
  readonly tokenizer: JsonRecord | null;
  /** The parameters as a safetensors file in base64, if they were requested. */
  readonly parameters?: string;
}

/** The SHA-256 of the canonical JSON of each field of a coupling record. */
export type FieldHashes = Readonly<Record<string, string>>;

/** Everything that a run writes, in a form that JSON can carry: a replay in another runtime returns it as text. */
export interface ReplayedRecords {
  readonly receipt: Receipt;
  /** Lines of metrics.jsonl, newlines included; line i is iteration i. */
  readonly metrics: readonly string[];
  /** Fields of coupling-start.json and coupling-end.json; a run without pairs of good and bad actions has neither. */
  readonly couplings: Readonly<Partial<Record<'coupling-start' | 'coupling-end', FieldHashes>>>;
  /** Mean returns by split at the end of the run; null where the replay ends before. */
  readonly return: JsonRecord | null;
  /** The requested checkpoints. */
  readonly checkpoints: readonly ReplayedCheckpoint[];
}

/** Options of `replayRecords`. */
export interface ReplayRecordsOptions extends ReplayOptions {
  /** Iterations whose checkpoints are compared; those after `until` are left out. */
  readonly checkpointsAt?: readonly number[];
  /** The one among them whose parameters are returned; null for none. */
  readonly parametersAt?: number | null;
}

export function fieldHashes(record: JsonRecord): FieldHashes {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, jsonSha256({ value })]));
}

/** Bytes as base64, in runtimes with and without Node's Buffer. */
function base64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 0x8000)
    text += String.fromCharCode(...bytes.subarray(at, Math.min(bytes.length, at + 0x8000)));
  return btoa(text);
}

function replayedCheckpoint(checkpoint: Checkpoint, withParameters: boolean): ReplayedCheckpoint {
  const { iteration, parameters, chain, blueprint = null, tokenizer = null } = checkpoint;
  return {
    iteration,
    ...{ links: chain.links, open: chain.open, blueprint, tokenizer },
    ...(withParameters && { parameters: base64(encodeSafetensors(parameters)) }),
  };
}
const {
  onMetrics: _metrics,
  onCheckpoint: _onCheckpoint,
  onCoupling: _coupling,
  onActionProbabilities: _actionProbabilities,
  checkpoint: _checkpoint,
  ...sharedTypes
} = trainOptionTypes;
const optionTypes = { ...sharedTypes, until: 'number' } as const satisfies Record<keyof ReplayOptions, string>;
const recordsOptionTypes = {
  ...optionTypes,
  checkpointsAt: 'object',
  parametersAt: 'number',
} as const satisfies Record<keyof ReplayRecordsOptions, string>;

/**
 * Trains by the config and returns everything that the run writes.
 *
 * @param given that of a receipt or a file leaves out some keys that have their default
 * @throws if the config has an unknown key or a value out of range, and as `runTraining` does
 */
export async function replayRecords(
  given: Partial<Config>,
  options: ReplayRecordsOptions = {},
): Promise<ReplayedRecords> {
  const { parametersAt = null, ...others } = options;
  checkOptions('replay', { ...others, ...(parametersAt !== null && { parametersAt }) }, recordsOptionTypes);
  const config = resolveConfig(given);
  const { until = config.iterations, checkpointsAt = [], ...rest } = others;
  if (!Number.isSafeInteger(until) || until < 0) {
    throw new Error(`replay: until must be an integer >= 0, got ${shown(until)}; give the iteration of a checkpoint`);
  }
  const wanted = new Set(checkpointsAt);
  const metrics: string[] = [];
  const checkpoints: ReplayedCheckpoint[] = [];
  const couplings: Partial<Record<'coupling-start' | 'coupling-end', FieldHashes>> = {};
  const hooks: TrainHooks = {
    onMetrics: (iteration, line) => metrics.push(jsonLine({ iteration, ...line })),
    onCheckpoint(checkpoint) {
      const { iteration } = checkpoint;
      if (wanted.has(iteration)) checkpoints.push(replayedCheckpoint(checkpoint, iteration === parametersAt));
    },
    onCoupling(name, iteration, measured) {
      couplings[name] = fieldHashes(couplingFields(iteration, measured) as unknown as JsonRecord);
    },
  };
  const bound = { until, extraCheckpoints: wanted };
  const { chain, outcome } = await runBounded(config, { ...rest, ...hooks }, bound);
  const receipt = createReceipt(unbraidVersion, recordedConfig(config), chain, outcome);
  const returns = outcome && (outcome.return as unknown as JsonRecord);
  return { receipt, metrics, couplings, return: returns, checkpoints };
}

/**
 * Trains by `config` and returns the receipt, up to `until` if that is less than the whole run. The config of a receipt
 * can be passed as it is: keys that it leaves out have their defaults.
 *
 * @throws if the config or an option is not what it should be, and as `runTraining` does
 */
export async function replay(config: Partial<Config>, options: ReplayOptions = {}): Promise<Receipt> {
  checkOptions('replay', options, optionTypes);
  return (await replayRecords(config, options)).receipt;
}
