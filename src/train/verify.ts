/**
 * Verifies a run in any runtime: trains it again and compares what its receipt, or all of its files, state with the
 * replay.
 */
import { hasRepeatedKey, parseJson } from '../check/parseJson.ts';
import { checkOptions, refuse } from '../check/values.ts';
import { resolveConfig } from '../config/config.ts';
import { brokenCheckpoint } from '../record/chain.ts';
import { type Checkpoint, type CheckpointFiles, packCheckpoint, unpackCheckpoint } from '../record/checkpoint.ts';
import { canonicalJson, isJsonObject, type JsonRecord } from '../record/json.ts';
import {
  actionProbabilitiesName,
  actionProbabilitiesUnchecked,
  checkpointsName,
  configName,
  couplingEndName,
  couplingStartName,
  latestName,
  latestText,
  metricsName,
  receiptName,
  resultName,
} from '../record/names.ts';
import { firstDifference, type Receipt, type ReceiptDifference } from '../record/receipt.ts';
import { checkCommand, encodeReceipt, parseReceipt, type ReceiptFile } from '../record/receiptFile.ts';
import { sha256Hex } from '../record/sha256.ts';
import { fieldHashes, type ReplayedRecords, replayRecords } from './replay.ts';
import type { RunFiles } from './runFiles.ts';
import { requireReproducible } from './start.ts';
import { type TrainOptions, trainOptionTypes } from './trainer.ts';

/** Options of `verify`: threads, module, progress, an abort, and the parts of a run with parts of the user's own. */
export type VerifyOptions = Pick<
  TrainOptions,
  'crew' | 'module' | 'onProgress' | 'signal' | 'environment' | 'policy' | 'labelSource'
>;

/** A file, or a key of one, that contradicts the other files or the replay. */
export interface FileDifference {
  /** Path from the run's folder, or `PATH#KEY`. */
  readonly file: string;
  readonly message: string;
}

/** What `verify` found. */
export interface Verdict {
  /** Whether all that was compared is equal to the replay. */
  readonly equal: boolean;
  /** The first difference; null if there is none. */
  readonly first: FileDifference | ReceiptDifference | null;
  /** Paths of the files that were compared. */
  readonly checked: readonly string[];
  /** `PATH` or `PATH#KEY` of what no replay can check, with the reason. */
  readonly notChecked: ReadonlyMap<string, string>;
  /** Hash of the receipt: the last link and the outcome. */
  readonly hash: string;
}

const { crew, module, onProgress, signal, environment, policy, labelSource } = trainOptionTypes;
const optionTypes = { crew, module, onProgress, signal, environment, policy, labelSource } satisfies Record<
  keyof VerifyOptions,
  string
>;

/** Thrown at the first difference between the files; `verify` returns it in its verdict. */
class Found extends Error {
  readonly difference: FileDifference;
  constructor(file: string, message: string) {
    super(message);
    this.difference = { file, message };
  }
}

const found = (file: string, message: string): never => {
  throw new Found(file, message);
};

const textOf = (bytes: Uint8Array): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);

const sameBytes = (a: Uint8Array | undefined, b: Uint8Array): boolean =>
  a?.length === b.length && a.every((byte, i) => byte === b[i]);

const inCheckpoint = /^checkpoints\/(\d{6,15})\/([a-z]+\.(?:json|safetensors))$/;

const single: readonly string[] = [configName, metricsName, latestName, couplingStartName, couplingEndName, resultName];

/** Keys of files that no replay can check. */
const freeKeys: Readonly<Record<string, readonly string[]>> = {
  [configName]: ['versions'],
  [couplingStartName]: ['run'],
  [couplingEndName]: ['run'],
  [resultName]: ['wallMs', 'workers', 'kernels', 'repeatedResets'],
  [receiptName]: ['unbraid', 'check'],
};

/** Compares every file with its hash in the receipt, and finds files that the receipt does not list. */
function checkList(files: RunFiles, listed: ReceiptFile['files'], notChecked: Map<string, string>): string[] {
  for (const [path, hash] of Object.entries(listed)) {
    const bytes = files.get(path) ?? found(path, `${path} is missing, but ${receiptName} lists it`);
    if (sha256Hex(bytes) !== hash) found(path, `${path} does not match its hash in ${receiptName}`);
  }
  for (const path of files.keys()) {
    if (path === receiptName || Object.hasOwn(listed, path)) continue;
    if (single.includes(path) || path.startsWith(`${checkpointsName}/`))
      found(path, `${receiptName} must list ${path}`);
    const ofDiagnostics = path === actionProbabilitiesName;
    notChecked.set(path, ofDiagnostics ? actionProbabilitiesUnchecked : 'a file that the run has not written');
  }
  for (const name of [configName, metricsName, latestName, resultName]) {
    if (!Object.hasOwn(listed, name)) found(receiptName, `${receiptName} must list ${name}`);
  }
  return [...Object.keys(listed), receiptName];
}

/** The checkpoints among the files, by the name of their folder. */
function readCheckpoints(files: RunFiles): Map<string, Checkpoint> {
  const byFolder = new Map<string, Map<string, Uint8Array>>();
  for (const [path, bytes] of files) {
    if (!path.startsWith(`${checkpointsName}/`)) continue;
    const [, folder, name] = inCheckpoint.exec(path) ?? found(path, `${path} is no file of a checkpoint`);
    byFolder.set(folder, (byFolder.get(folder) ?? new Map<string, Uint8Array>()).set(name, bytes));
  }
  const checkpoints = new Map<string, Checkpoint>();
  for (const folder of [...byFolder.keys()].sort()) {
    const path = `${checkpointsName}/${folder}`;
    const packed = byFolder.get(folder) as CheckpointFiles;
    let checkpoint: Checkpoint;
    try {
      checkpoint = unpackCheckpoint(packed, folder, 'restore it from a copy');
    } catch (error) {
      return found(path, (error as Error).message);
    }
    if (checkpoint.iteration !== Number(folder)) found(path, `${path} states iteration ${checkpoint.iteration}`);
    const broken = brokenCheckpoint(checkpoint);
    if (broken !== null) found(path, `${path}: its ${broken} does not match its own link in the chain of hashes`);
    for (const [name, bytes] of packCheckpoint(checkpoint)) {
      if (!sameBytes(packed.get(name), bytes))
        found(`${path}/${name}`, `${path}/${name} is not written as a run writes it`);
    }
    checkpoints.set(path, checkpoint);
  }
  return checkpoints;
}

/** The object in a JSON file. */
function readObject(files: RunFiles, name: string): JsonRecord {
  const text = textOf(files.get(name) as Uint8Array);
  let record: unknown;
  try {
    record = parseJson(text);
  } catch {
    found(name, `${name} is not JSON`);
  }
  // A key that comes twice has one value for a program and another one for a reader.
  if (!isJsonObject(record) || hasRepeatedKey(text, record)) {
    found(name, `${name} must be an object that states each key once`);
  }
  return record as JsonRecord;
}

/** Compares the keys of a JSON file with those that the replay gives, except those in `freeKeys`. */
function compareRecord(files: RunFiles, name: string, expected: JsonRecord): void {
  const record = readObject(files, name);
  for (const key of new Set([...Object.keys(expected), ...Object.keys(record)])) {
    if (freeKeys[name].includes(key)) continue;
    const [stated, made] = [record, expected].map((of) =>
      canonicalJson(Object.hasOwn(of, key) ? { value: of[key] } : {}),
    );
    if (stated !== made) found(`${name}#${key}`, `${key} in ${name} is not that of the replay`);
  }
}

function compareCheckpoints(checkpoints: ReadonlyMap<string, Checkpoint>, records: ReplayedRecords): void {
  for (const [path, { iteration, chain, blueprint = null, tokenizer = null }] of checkpoints) {
    const made = records.checkpoints.find((other) => other.iteration === iteration);
    const parts = ({ links, open }: Pick<Checkpoint['chain'], 'links' | 'open'>, other: object): string =>
      canonicalJson({
        links: links.map(({ link: _, ...fields }) => fields),
        open: [...open],
        ...other,
      });
    if (
      made === undefined ||
      parts(chain, { blueprint, tokenizer }) !== parts(made, { blueprint: made.blueprint, tokenizer: made.tokenizer })
    ) {
      found(path, `${path} is not the checkpoint of the replay`);
    }
  }
}

/** Compares the files of a run, whose receipt is equal to that of the replay, with the other records of the replay. */
function compareFiles(
  files: RunFiles,
  checkpoints: ReadonlyMap<string, Checkpoint>,
  receipt: Receipt,
  records: ReplayedRecords,
): void {
  compareRecord(files, configName, { config: receipt.config });
  if (textOf(files.get(metricsName) as Uint8Array) !== records.metrics.join('')) {
    found(metricsName, `${metricsName} is not that of the replay`);
  }
  compareCheckpoints(checkpoints, records);
  const last = [...checkpoints.values()].at(-1);
  const manifest = files.get(`${[...checkpoints.keys()].at(-1)}/manifest.json`);
  if (
    !last ||
    !manifest ||
    textOf(files.get(latestName) as Uint8Array) !== latestText(last.iteration, sha256Hex(manifest))
  ) {
    found(latestName, `${latestName} must name the newest checkpoint`);
  }
  for (const [name, measured] of [
    [couplingStartName, records.couplings['coupling-start']],
    [couplingEndName, records.couplings['coupling-end']],
  ] as const) {
    const bytes = files.get(name);
    if ((bytes === undefined) !== (measured === undefined))
      found(name, `${name} must be there if the run has pairs to measure`);
    if (bytes === undefined || measured === undefined) continue;
    const { command, run, ...fields } = readObject(files, name);
    if (command !== 'coupling' || typeof run !== 'string') found(name, `${name} must name its command and its run`);
    const stated = fieldHashes(fields);
    for (const key of new Set([...Object.keys(stated), ...Object.keys(measured)])) {
      if (stated[key] !== measured[key]) found(`${name}#${key}`, `${key} in ${name} is not what the replay measures`);
    }
  }
  const outcome = { ...(records.receipt.outcome ?? {}) };
  // Runs of earlier versions do not state returns.
  const states = Object.hasOwn(readObject(files, resultName), 'return');
  const returns = states && records.return ? { return: records.return } : {};
  compareRecord(files, resultName, { command: 'train', config: receipt.config, ...outcome, ...returns });
}

/** The receipt in what `verify` was given, the files that it lists, and the files themselves. */
function opened(run: unknown): { receipt: Receipt; listed: ReceiptFile['files']; files: RunFiles | null } {
  if (run instanceof Map) {
    const bytes = run.get(receiptName);
    if (!(bytes instanceof Uint8Array)) {
      refuse('verify', receiptName, 'among the files', bytes ?? null, 'give the files of a run that has ended');
    }
    const read = parseReceipt(textOf(bytes));
    if ('flaw' in read) return found(receiptName, `${receiptName} ${read.flaw}`);
    return { receipt: read.receipt, listed: read.files, files: run as RunFiles };
  }
  if (typeof run === 'string') {
    const read = parseReceipt(run);
    return 'flaw' in read ? found(receiptName, `${receiptName} ${read.flaw}`) : { ...read, listed: {}, files: null };
  }
  if (!isJsonObject(run)) refuse('verify', 'run', 'a receipt, its text or the files of a run', run, 'give one of them');
  const receipt = run as unknown as Receipt;
  // As a file it is checked field by field.
  const read = parseReceipt(encodeReceipt({ receipt, check: checkCommand('.'), files: {} }));
  return 'flaw' in read ? found(receiptName, `${receiptName} ${read.flaw}`) : { ...read, listed: {}, files: null };
}

/**
 * Trains a run again and compares it with what the run states. It takes as long as the training did. It starts no
 * program: the environment must be a built-in one, or be passed in the options like the other custom parts of the run.
 *
 * @param run the receipt of a run, the text of receipt.json, or the files of a finished run by their paths
 *   (`recordRun`). Of files every statement is compared but those in `notChecked`
 * @throws Error or RangeError if an argument is of another type, or the run has another numerics version or relaxed
 *   arithmetic; as `train` does; the signal's reason on abort
 */
export async function verify(run: Receipt | string | RunFiles, options: VerifyOptions = {}): Promise<Verdict> {
  checkOptions('verify', options, optionTypes);
  const notChecked = new Map<string, string>();
  let checked: string[] = [];
  let hash = '';
  const verdict = (first: Verdict['first']): Verdict => ({ equal: first === null, first, checked, notChecked, hash });
  try {
    const { receipt, listed, files } = opened(run);
    hash = receipt.hash;
    requireReproducible(receipt, receipt.unbraid, 'relaxedCrew');
    const checkpoints = files ? readCheckpoints(files) : new Map<string, Checkpoint>();
    const compared = files ? checkList(files, listed, notChecked) : [receiptName];
    const config = resolveConfig(receipt.config);
    const last = receipt.outcome === null ? (receipt.links.at(-1)?.iteration ?? 0) : config.iterations;
    const checkpointsAt = [...checkpoints.values()].map(({ iteration }) => iteration);
    const records = await replayRecords(config, { ...options, until: last, checkpointsAt });
    checked = compared;
    for (const [name, keys] of Object.entries(freeKeys)) {
      if (!checked.includes(name)) continue;
      for (const key of keys) {
        if (key === 'repeatedResets' && files && !Object.hasOwn(readObject(files, name), key)) continue;
        notChecked.set(`${name}#${key}`, 'the result does not depend on it');
      }
    }
    const difference = firstDifference(receipt, records.receipt, last);
    if (difference) return verdict(difference);
    if (files) compareFiles(files, checkpoints, receipt, records);
    return verdict(null);
  } catch (error) {
    if (error instanceof Found) return verdict(error.difference);
    throw error;
  }
}
