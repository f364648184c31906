/**
 * The folder of a run:
 *
 *     config.json                 the complete config and the versions that made the run
 *     metrics.jsonl               one line per iteration
 *     checkpoints/000080/         parameters.safetensors, state.safetensors, state.json, tokenizer.json, manifest.json
 *     latest.json                 which checkpoint is the newest complete one
 *     result.json                 written once, at the end
 *     receipt.json                written last: the run's receipt and the hashes of all these files
 *
 * A checkpoint is written under a temporary name and renamed, so a folder with a checkpoint's name is complete.
 */
import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { brokenMetrics, jsonSha256 } from './chain.ts';
import { type Checkpoint, checkpointName, packCheckpoint, unpackCheckpoint } from './checkpoint.ts';
import {
  ensureWritableDirectory,
  type JsonLinesWriter,
  openJsonLines,
  readBytes,
  readJson,
  readJsonLines,
  syncDirectory,
  writeFileAtomic,
} from './files.node.ts';
import { readRunReceipt, writeReceipt } from './integrity.node.ts';
import { encodeJson, isJsonObject, type JsonRecord } from './json.ts';
import {
  checkpointFolder,
  checkpointsOf,
  configName,
  type Latest,
  listCheckpoints,
  metricsName,
  readLatest,
  receiptName,
  resultName,
  writeLatest,
} from './layout.node.ts';
import type { Receipt } from './receipt.ts';
import type { ReceiptFile } from './receiptFile.ts';
import { sha256Hex } from './sha256.ts';

export interface RunWriter {
  readonly directory: string;
  /** Adds one line to metrics.jsonl. Its `iteration` tells a resumed run which lines to keep. */
  appendMetrics(metrics: JsonRecord & { readonly iteration: number }): void;
  /** Keeps a checkpoint, then drops those that are neither the first nor among the last `keepCheckpoints`. */
  saveCheckpoint(checkpoint: Checkpoint): void;
  /** Writes `<name>.json` in the run's folder: `result`, `coupling-start`. */
  writeRecord(name: string, record: JsonRecord): void;
  /** Writes receipt.json, after which the run is finished and every change of its files is found. */
  writeReceipt(receipt: Receipt): void;
  close(): void;
}

export interface Run {
  readonly directory: string;
  /** As written; `resolveConfig` validates it. */
  readonly config: JsonRecord;
  readonly versions: JsonRecord;
  readonly metrics: readonly JsonRecord[];
  /** Iterations of the checkpoints kept, ascending. */
  readonly checkpoints: readonly number[];
  /** Iteration of the newest complete checkpoint; null before the first. */
  readonly latest: number | null;
  /** null until the run has ended. */
  readonly result: JsonRecord | null;
  /** null until the run has ended. All files that it lists have been compared with it. */
  readonly receipt: ReceiptFile | null;
  /** The checkpoint of `iteration`, its hashes verified; the newest unless given. */
  loadCheckpoint(iteration?: number): Checkpoint;
}

function listing(directory: string): string {
  const names = readdirSync(directory, { withFileTypes: true })
    .filter((entry) => !entry.name.startsWith('.'))
    .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
    .sort();
  const shown = names.slice(0, 8).join(', ');
  if (names.length === 0) return `${directory} is empty`;
  return names.length > 8 ? `${directory} holds ${shown} and ${names.length - 8} more` : `${directory} holds ${shown}`;
}

function nearestFolder(path: string): string {
  const parent = dirname(path);
  return existsSync(parent) || parent === path ? parent : nearestFolder(parent);
}

/** Throws, saying what is there and how to make a run, unless `directory` holds a run. */
export function requireRun(directory: string): void {
  const advice = 'make a run with: unbraid train --out DIR';
  if (!existsSync(directory)) {
    throw new Error(`openRun: ${directory} does not exist; ${listing(nearestFolder(directory))}; ${advice}`);
  }
  if (!statSync(directory).isDirectory())
    throw new Error(`openRun: ${directory} is a file, not a run's folder; ${advice}`);
  if (!existsSync(join(directory, configName))) {
    throw new Error(`openRun: ${directory} has no ${configName}, so it is no run; ${listing(directory)}; ${advice}`);
  }
}

/** Throws if `directory` already holds a run, which a new one would overwrite. */
export function requireNoRun(directory: string): void {
  if (!existsSync(join(directory, configName))) return;
  throw new Error(
    `createRun: ${directory} already holds a run; go on with it: unbraid train --resume ${directory}; or choose another --out`,
  );
}

function loadCheckpoint(directory: string, iteration: number, config: JsonRecord, latest: Latest | null): Checkpoint {
  const name = checkpointName(iteration);
  const folder = checkpointFolder(directory, iteration);
  const kept = listCheckpoints(directory);
  if (!kept.includes(iteration)) {
    const names = kept.length === 0 ? 'none' : kept.map(checkpointName).join(', ');
    throw new Error(`checkpoint ${name}: ${directory} does not hold it; it holds: ${names}`);
  }
  const files = new Map<string, Uint8Array>();
  for (const file of readdirSync(folder).sort()) files.set(file, readBytes(join(folder, file)));
  const earlier = kept.filter((other) => other < iteration).map(checkpointName);
  const advice =
    earlier.length > 0
      ? `use an earlier checkpoint: ${earlier.join(', ')}`
      : 'there is no earlier checkpoint; start a new run';
  const checkpoint = unpackCheckpoint(files, name, advice);
  if (latest?.manifestSha256 && latest.iteration === iteration) {
    if (sha256Hex(files.get('manifest.json') as Uint8Array) !== latest.manifestSha256) {
      throw new Error(`checkpoint ${name}: it is not the one that latest.json means; ${advice}`);
    }
  }
  if (checkpoint.iteration !== iteration) {
    throw new Error(`checkpoint ${name}: it is that of iteration ${checkpoint.iteration}; ${advice}`);
  }
  if (checkpoint.chain.head.configSha256 !== jsonSha256(config)) {
    throw new Error(
      `checkpoint ${name}: it was made with another config than ${join(directory, configName)}; restore that file from a copy`,
    );
  }
  return checkpoint;
}

/** Whether a run was stopped before its first checkpoint: nothing of it is lost where it begins anew. */
function hasNotBegun({ latest, metrics, result }: Run): boolean {
  return latest === null && result === null && metrics.every(({ iteration }) => iteration === 0);
}

/**
 * Reads a run's folder.
 *
 * @throws Error saying what is missing or damaged, what the folder holds, and how to make a run
 */
export function openRun(directory: string): Run {
  requireRun(directory);
  const receipt = readRunReceipt(directory);
  if (receipt && 'damage' in receipt) throw new Error(`openRun: ${receipt.damage.message}`);
  const path = join(directory, configName);
  const file = readJson(path);
  if (!isJsonObject(file) || !isJsonObject(file.config) || !isJsonObject(file.versions)) {
    throw new Error(`openRun: ${path} must hold {"config": {...}, "versions": {...}}; the file is damaged`);
  }
  const metricsPath = join(directory, metricsName);
  const resultPath = join(directory, resultName);
  const config = file.config as JsonRecord;
  const latest = readLatest(directory);
  const run: Run = {
    directory,
    config,
    versions: file.versions as JsonRecord,
    metrics: existsSync(metricsPath) ? readJsonLines(metricsPath) : [],
    checkpoints: listCheckpoints(directory),
    latest: latest?.iteration ?? null,
    result: existsSync(resultPath) ? (readJson(resultPath) as JsonRecord) : null,
    receipt,
    loadCheckpoint(iteration) {
      const wanted = iteration ?? latest?.iteration;
      if (wanted === undefined) {
        const next = hasNotBegun(run)
          ? `has no checkpoint yet; go on with it: unbraid train --resume ${directory}`
          : 'has lost its checkpoints; restore them from a copy, or train it again with another --out';
        throw new Error(`openRun: ${directory} ${next}`);
      }
      return loadCheckpoint(directory, wanted, config, latest);
    },
  };
  return run;
}

function writeCheckpoint(directory: string, checkpoint: Checkpoint): void {
  const folder = checkpointFolder(directory, checkpoint.iteration);
  const temporary = `${folder}.tmp`;
  rmSync(temporary, { recursive: true, force: true });
  ensureWritableDirectory(temporary);
  try {
    for (const [name, bytes] of packCheckpoint(checkpoint)) writeFileAtomic(join(temporary, name), bytes);
    if (existsSync(folder)) removeCheckpoint(folder);
    renameSync(temporary, folder);
    syncDirectory(dirname(folder));
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    throw error;
  }
}

/** Removes the folder of a checkpoint. Half of one must never have a checkpoint's name, so it loses that first. */
function removeCheckpoint(folder: string): void {
  const aside = `${folder}.old.tmp`;
  rmSync(aside, { recursive: true, force: true });
  renameSync(folder, aside);
  rmSync(aside, { recursive: true });
}

function runWriter(directory: string, keepCheckpoints: number, metrics: JsonLinesWriter): RunWriter {
  return {
    directory,
    appendMetrics: (record) => metrics.append(record),
    saveCheckpoint(checkpoint) {
      // The lines up to a checkpoint must be on the disk before it: a resumed run keeps them and writes only later ones.
      metrics.flush();
      writeCheckpoint(directory, checkpoint);
      writeLatest(directory, checkpoint.iteration);
      const later = listCheckpoints(directory).filter((iteration) => iteration > 0);
      for (const iteration of later.slice(0, Math.max(0, later.length - keepCheckpoints))) {
        removeCheckpoint(checkpointFolder(directory, iteration));
      }
    },
    writeRecord: (name, record) =>
      writeFileAtomic(join(directory, `${name}.json`), `${encodeJson(record, `${name}.json`, 2)}\n`),
    writeReceipt(receipt) {
      metrics.flush();
      writeReceipt(directory, receipt);
    },
    close: () => metrics.close(),
  };
}

/**
 * Starts the folder of a new run and writes its config.json.
 *
 * @param options.keepCheckpoints how many of the newest checkpoints to keep besides the first
 * @throws Error if the folder already holds a run or cannot be written
 */
export function createRun(
  directory: string,
  options: { config: JsonRecord; versions: JsonRecord; keepCheckpoints: number },
): RunWriter {
  requireNoRun(directory);
  ensureWritableDirectory(checkpointsOf(directory));
  const { config, versions, keepCheckpoints } = options;
  writeFileAtomic(join(directory, configName), `${encodeJson({ config, versions }, configName, 2)}\n`);
  return runWriter(directory, keepCheckpoints, openJsonLines(join(directory, metricsName), { keepLines: 0 }));
}

/**
 * Opens a run to go on from one of its checkpoints, the newest unless `iteration` is given: what was recorded after it is dropped.
 *
 * @returns a checkpoint of null where the run was stopped before its first one: it begins anew
 * @throws Error if there is no run or no checkpoint, or a file that the run goes on with is damaged; nothing is dropped then
 */
export function resumeRun(
  directory: string,
  options: { keepCheckpoints: number; iteration?: number },
): { writer: RunWriter; checkpoint: Checkpoint | null } {
  const run = openRun(directory);
  const metricsPath = join(directory, metricsName);
  if (options.iteration === undefined && hasNotBegun(run)) {
    const writer = runWriter(directory, options.keepCheckpoints, openJsonLines(metricsPath, { keepLines: 0 }));
    return { writer, checkpoint: null };
  }
  const checkpoint = run.loadCheckpoint(options.iteration);
  const broken = brokenMetrics(checkpoint.chain.links, readBytes(metricsPath));
  if (broken) {
    throw new Error(
      `openRun: ${metricsPath} does not match checkpoint ${broken.iteration}; the file is damaged or was changed; restore it from a copy`,
    );
  }
  // First, because it vouches for files that change now.
  rmSync(join(directory, receiptName), { force: true });
  writeLatest(directory, checkpoint.iteration);
  rmSync(join(directory, resultName), { force: true });
  for (const name of readdirSync(checkpointsOf(directory)).sort()) {
    const late = /^\d{6,}$/.test(name) && Number(name) > checkpoint.iteration;
    if (late) removeCheckpoint(join(checkpointsOf(directory), name));
    else if (name.endsWith('.tmp')) rmSync(join(checkpointsOf(directory), name), { recursive: true });
  }
  const later = run.metrics.findIndex((line) => (line.iteration as number) > checkpoint.iteration);
  const keepLines = later < 0 ? run.metrics.length : later;
  const metrics = openJsonLines(metricsPath, { keepLines });
  return { writer: runWriter(directory, options.keepCheckpoints, metrics), checkpoint };
}
