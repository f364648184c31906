/**
 * Reads the statements that the files of a run make about it and compares them with each other, before a replay. The
 * check stops at the first file that is damaged, contradicts another file, or differs from the way a run writes it (for
 * example, an object with a repeated key).
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { brokenMetrics, type Chain, chainRoot, jsonSha256 } from './chain.ts';
import { type Checkpoint, checkpointName, packCheckpoint } from './checkpoint.ts';
import { readBytes } from './files.node.ts';
import { type FolderEntry, folderEntries } from './folder.node.ts';
import { attempt, type Damage, readRunReceipt, readWrittenJson, runFiles } from './integrity.node.ts';
import { canonicalJson, isJsonObject, type JsonRecord, lineEnds } from './json.ts';
import { listCheckpoints, readLatest } from './layout.node.ts';
import {
  configName,
  couplingEndName,
  couplingName,
  couplingStartName,
  latestName,
  metricsName,
  receiptName,
  resultName,
} from './names.ts';
import { computationKeys, extraOutcomeKeys, outcomeKeys, outcomeOf, type Receipt } from './receipt.ts';
import { versionPattern } from './receiptFile.ts';
import { readCheckpoint } from './run.node.ts';

/** The statements of a checkpoint without its tensors, which are covered by its own link of the hash chain. */
export interface ClaimedCheckpoint extends Pick<Checkpoint, 'iteration' | 'chain' | 'blueprint' | 'tokenizer'> {
  /** Path of its folder, relative to the run's folder. */
  readonly path: string;
}

/** The statements of all files of a run's folder. They do not contradict each other. */
export interface FolderClaim {
  readonly config: JsonRecord;
  /** null if receipt.json is missing. */
  readonly receipt: Receipt | null;
  /** The chain of the receipt or, without a receipt, of the latest checkpoint; null before the first checkpoint. */
  readonly chain: Chain | null;
  readonly entries: readonly FolderEntry[];
  /** Complete lines of metrics.jsonl, including newlines. */
  readonly metrics: readonly string[];
  /** The text after the last newline, left by a crash. */
  readonly tornLine: string;
  readonly checkpoints: readonly ClaimedCheckpoint[];
  /** By file name: coupling-start.json, coupling-end.json and, if `unbraid coupling` wrote it, coupling.json. */
  readonly couplings: ReadonlyMap<string, JsonRecord>;
  readonly result: JsonRecord | null;
}

/** Thrown at the first damage or contradiction. `readFolderClaim` catches it and returns its damage. */
class Found extends Error {
  readonly damage: Damage;
  constructor(damage: Damage) {
    super(damage.message);
    this.damage = damage;
  }
}

function found(file: string, message: string): never {
  throw new Found({ file, message });
}

/** Returns the value of `read`, or throws `Found` if `read` fails. */
function take<T>(file: string, read: () => T): T {
  const outcome = attempt(file, read);
  if ('damage' in outcome) throw new Found(outcome.damage);
  return outcome.value;
}

/** Reads a JSON object that the run wrote with an indent of 2 (coupling.json: without indent). */
function readRecord(directory: string, name: string): JsonRecord {
  return take(name, () => readWrittenJson(join(directory, name), name, name === couplingName ? 0 : 2));
}

function requireKeys(name: string, record: JsonRecord, keys: readonly string[]): void {
  for (const key of Object.keys(record)) {
    if (!keys.includes(key))
      found(`${name}#${key}`, `${name} must have the keys ${keys.join(', ')}, got ${JSON.stringify(key)}`);
  }
}

function readConfig(directory: string, receipt: Receipt | null): JsonRecord {
  const file = readRecord(directory, configName);
  requireKeys(configName, file, ['config', 'versions']);
  const { config, versions } = file;
  if (!isJsonObject(config)) found(`${configName}#config`, `${configName} must have an object as config`);
  const isVersions =
    isJsonObject(versions) &&
    Object.entries(versions).every(([key, v]) => key === 'unbraid' && typeof v === 'string' && versionPattern.test(v));
  if (!isVersions) found(`${configName}#versions`, `${configName} must have {"unbraid": VERSION} as versions`);
  if (receipt && (versions as JsonRecord).unbraid !== receipt.unbraid) {
    found(`${configName}#versions`, `${configName} states a version of unbraid that differs from ${receiptName}`);
  }
  return config as JsonRecord;
}

/** Whether `value` describes the threads of a run. They change the elapsed time, not the result. */
function isWorkers(value: unknown): boolean {
  if (!isJsonObject(value)) return false;
  const { count, memory, reason, ...rest } = value;
  return (
    Number.isSafeInteger(count) &&
    (count as number) >= 1 &&
    ['own', 'shared', 'copied'].includes(memory as string) &&
    typeof reason === 'string' &&
    Object.keys(rest).length === 0
  );
}

/** Whether `value` states which build of the kernels ran, why, and the times of both builds if there are any. */
function isKernels(value: unknown): boolean {
  if (!isJsonObject(value)) return false;
  const { build, buildReason, narrowMs = 0, wideMs = 0, ...rest } = value;
  return (
    (build === 'narrow' || build === 'wide') &&
    typeof buildReason === 'string' &&
    [narrowMs, wideMs].every((ms) => Number.isFinite(ms) && (ms as number) >= 0) &&
    Object.keys(rest).length === 0
  );
}

function readResult(directory: string, config: JsonRecord, chain: Chain | null): JsonRecord {
  const result = readRecord(directory, resultName);
  const keys = ['command', 'config', ...outcomeKeys, ...extraOutcomeKeys, ...computationKeys];
  requireKeys(resultName, result, keys);
  for (const key of outcomeKeys) if (result[key] === undefined) found(resultName, `${resultName} has no ${key}`);
  if (result.command !== 'train') found(`${resultName}#command`, `${resultName} must have the command train`);
  if (!isJsonObject(result.config) || canonicalJson(result.config as JsonRecord) !== canonicalJson(config)) {
    found(`${resultName}#config`, `${resultName} states a config that differs from ${configName}`);
  }
  if (!(Number.isFinite(result.wallMs) && (result.wallMs as number) >= 0)) {
    found(`${resultName}#wallMs`, `${resultName} must have a number >= 0 as wallMs`);
  }
  if (result.workers !== undefined && !isWorkers(result.workers)) {
    found(`${resultName}#workers`, `${resultName} must have count, memory and reason as workers`);
  }
  if (result.kernels !== undefined && !isKernels(result.kernels)) {
    found(`${resultName}#kernels`, `${resultName} must have build, buildReason and times as kernels`);
  }
  const { repeatedResets = 1 } = result;
  if (!(Number.isSafeInteger(repeatedResets) && (repeatedResets as number) >= 1)) {
    found(`${resultName}#repeatedResets`, `${resultName} must have an integer >= 1 as repeatedResets`);
  }
  if ((result.arithmetic ?? null) !== (chain?.head.arithmetic ?? null)) {
    found(`${resultName}#arithmetic`, `${resultName} states an arithmetic that differs from the hash chain`);
  }
  return result;
}

function readCheckpoints(directory: string, config: JsonRecord): ClaimedCheckpoint[] {
  return listCheckpoints(directory).map((iteration) => {
    const path = `checkpoints/${checkpointName(iteration)}`;
    const { checkpoint, files } = take(path, () => readCheckpoint(directory, iteration, config));
    for (const [name, bytes] of packCheckpoint(checkpoint)) {
      const read = files.get(name);
      const isSame = read?.length === bytes.length && bytes.every((byte, i) => byte === read[i]);
      if (!isSame) found(`${path}/${name}`, `${join(directory, path, name)} is not written as a run writes it`);
    }
    const { chain, blueprint, tokenizer } = checkpoint;
    return { path, iteration, chain, ...(blueprint && { blueprint }), ...(tokenizer && { tokenizer }) };
  });
}

/**
 * Checks that the receipt and all checkpoints have the same version, config, environment and vocabulary at the start.
 */
function requireOneStart(receipt: Receipt | null, checkpoints: readonly ClaimedCheckpoint[]): void {
  const first = receipt ?? checkpoints.at(-1)?.chain.head;
  for (const { path, chain } of checkpoints) {
    if (first && chainRoot(chain.head) !== chainRoot(first))
      found(path, `${path}: its chain has another start than the run`);
  }
}

/** Checks that latest.json names the right checkpoint. */
function checkLatest(directory: string, checkpoints: readonly ClaimedCheckpoint[], ended: boolean): void {
  const kept = checkpoints.map(({ iteration }) => iteration);
  if (!existsSync(join(directory, latestName))) {
    // A crash between the first checkpoint and the first latest.json leaves one checkpoint.
    if (ended || kept.length > 1) found(latestName, `${join(directory, latestName)} is missing`);
    return;
  }
  const latest = take(latestName, () => readLatest(directory));
  if (latest === null || !kept.includes(latest.iteration)) {
    const named = latest === null ? 'no checkpoint' : `checkpoint ${checkpointName(latest.iteration)}`;
    found(latestName, `${latestName} must name a checkpoint in ${directory}, got ${named}`);
  }
  const later = kept.filter((iteration) => iteration > latest.iteration).length;
  // A crash between a checkpoint and its latest.json leaves one later checkpoint.
  if (later > (ended ? 0 : 1)) found(latestName, `${latestName} does not name the latest checkpoint`);
}

function readMetrics(directory: string, chain: Chain | null): Pick<FolderClaim, 'metrics' | 'tornLine'> {
  const path = join(directory, metricsName);
  if (!existsSync(path)) {
    if (chain !== null) found(metricsName, `${path} is missing`);
    return { metrics: [], tornLine: '' };
  }
  const bytes = take(metricsName, () => readBytes(path));
  const broken = chain && brokenMetrics(chain.links, bytes);
  if (broken) found(metricsName, `${path} does not match checkpoint ${broken.iteration}`);
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let start = 0;
  const metrics = lineEnds(bytes).map((end) => {
    const line = decoder.decode(bytes.subarray(start, end));
    start = end;
    return line;
  });
  return { metrics, tornLine: decoder.decode(bytes.subarray(start)) };
}

function checkFileList(entries: readonly FolderEntry[], directory: string, listed: readonly string[]): void {
  const present = runFiles(directory);
  const more = present.find((path) => !listed.includes(path));
  if (more !== undefined)
    found(`${receiptName}#files`, `${receiptName} does not list ${more}, which the folder contains`);
  const unknown = listed.find((path) => !entries.some((entry) => entry.path === path && entry.kind === 'run'));
  if (unknown !== undefined)
    found(`${receiptName}#files`, `${receiptName} lists ${unknown}, which is not a file of a run`);
}

function readFolder(directory: string): FolderClaim {
  const entries = folderEntries(directory);
  for (const { path, kind } of entries) {
    if (typeof kind === 'object' && 'foreign' in kind) found(path, `${join(directory, path)}: ${kind.foreign}`);
  }
  const stored = take(receiptName, () => readRunReceipt(directory));
  if (stored && 'damage' in stored) throw new Found(stored.damage);
  const receipt = stored?.receipt ?? null;
  if (stored) checkFileList(entries, directory, Object.keys(stored.files));
  const config = readConfig(directory, receipt);
  if (receipt && canonicalJson(receipt.config) !== canonicalJson(config)) {
    found(`${receiptName}#config`, `${receiptName} states a config that differs from ${configName}`);
  }
  const checkpoints = readCheckpoints(directory, config);
  requireOneStart(receipt, checkpoints);
  const chain = receipt ? { head: receipt, links: receipt.links, open: [] } : (checkpoints.at(-1)?.chain ?? null);
  if (chain && chain.head.configSha256 !== jsonSha256(config)) {
    found(configName, `${configName} differs from the config at the start of the hash chain`);
  }
  const has = (name: string): boolean => existsSync(join(directory, name));
  const result = has(resultName) ? readResult(directory, config, chain) : null;
  const outcome = receipt?.outcome ?? null;
  if (receipt && outcome === null) found(`${receiptName}#outcome`, `${receiptName} of a folder must state an outcome`);
  if (outcome !== null) {
    if (result === null)
      found(resultName, `${join(directory, resultName)} is missing, but ${receiptName} states an outcome`);
    if (canonicalJson(outcome) !== canonicalJson(outcomeOf(result))) {
      found(resultName, `${join(directory, resultName)} differs from the outcome in ${receiptName}`);
    }
  }
  checkLatest(directory, checkpoints, result !== null);
  const couplings = new Map<string, JsonRecord>();
  for (const name of [couplingStartName, couplingEndName, couplingName]) {
    if (has(name)) couplings.set(name, readRecord(directory, name));
  }
  return { config, receipt, chain, entries, checkpoints, couplings, result, ...readMetrics(directory, chain) };
}

/**
 * Reads and compares all statements of a run's folder. Returns the damage of the first file that contradicts the
 * others.
 */
export function readFolderClaim(directory: string): FolderClaim | { readonly damage: Damage } {
  try {
    return readFolder(directory);
  } catch (error) {
    if (error instanceof Found) return { damage: error.damage };
    throw error;
  }
}
