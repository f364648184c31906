/**
 * The folder of a run:
 *
 *     config.json                 the complete config and the versions that made the run
 *     metrics.jsonl               one line per iteration
 *     checkpoints/000080/         parameters.safetensors, state.safetensors, state.json, tokenizer.json, manifest.json
 *     latest.json                 iteration of the latest complete checkpoint
 *     result.json                 written once, at the end
 *     receipt.json                written last: the run's receipt and the hashes of all files above
 *     writer-HOST-PID-0.lock      only while a process writes the run
 *
 * A checkpoint is written under a temporary name and renamed, so a folder with a checkpoint's name is complete.
 */
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { brokenCheckpoint, brokenMetrics, jsonSha256 } from './chain.ts';
import {
  type Checkpoint,
  type CheckpointFiles,
  checkpointName,
  manifestName,
  packCheckpoint,
  unpackCheckpoint,
} from './checkpoint.ts';
import {
  ensureWritableDirectory,
  type JsonLinesWriter,
  onPath,
  openJsonLines,
  readBytes,
  readJson,
  readJsonLines,
  syncDirectory,
  writeFileAtomic,
} from './files.node.ts';
import { isInterruptedCheckpoint, isInterruptedWrite, requireRunFiles } from './folder.node.ts';
import { readRunReceipt, writeReceipt } from './integrity.node.ts';
import { encodeJson, isJsonObject, type JsonRecord } from './json.ts';
import {
  checkpointFolder,
  checkpointsOf,
  type Latest,
  listCheckpoints,
  readLatest,
  writeLatest,
} from './layout.node.ts';
import {
  configName,
  couplingEndName,
  couplingStartName,
  latestName,
  metricsName,
  receiptName,
  resultName,
} from './names.ts';
import type { Receipt } from './receipt.ts';
import type { ReceiptFile } from './receiptFile.ts';
import { requireNoRun, requireRun } from './runFolder.node.ts';
import { sha256Hex } from './sha256.ts';
import { lockRun, type RunLock, type Writer } from './writerLock.node.ts';

export interface RunWriter {
  readonly directory: string;
  /** Appends one line to metrics.jsonl. A resumed run uses its `iteration` to decide which lines to keep. */
  appendMetrics(metrics: JsonRecord & { readonly iteration: number }): void;
  /** Saves a checkpoint, then removes all checkpoints except the first one and the last `keepCheckpoints`. */
  saveCheckpoint(checkpoint: Checkpoint): void;
  /** Writes `<name>.json` in the run's folder, for example `result` or `coupling-start`. */
  writeRecord(name: string, record: JsonRecord): void;
  /** Writes receipt.json. The run is then finished, and a later change of its files is detected. */
  writeReceipt(receipt: Receipt): void;
  /** Writers that ended without releasing the run, and whose locks this writer has removed. */
  readonly takenOver: readonly Writer[];
  /** Closes the files and releases the run. */
  close(): void;
}

export interface Run {
  readonly directory: string;
  /** As written in config.json; `resolveConfig` validates it. */
  readonly config: JsonRecord;
  readonly versions: JsonRecord;
  readonly metrics: readonly JsonRecord[];
  /** Iterations of the stored checkpoints, ascending. */
  readonly checkpoints: readonly number[];
  /** Iteration of the latest complete checkpoint; null before the first one. */
  readonly latest: number | null;
  /** null until the run has finished. */
  readonly result: JsonRecord | null;
  /** null until the run has finished. All files that it lists match their hashes. */
  readonly receipt: ReceiptFile | null;
  /** Loads the checkpoint of `iteration` (default: the latest) after its hashes are verified. */
  loadCheckpoint(iteration?: number): Checkpoint;
}

/**
 * Reads a checkpoint of a run's folder with the bytes of its files, after all of its hashes are verified.
 *
 * @throws Error that names the missing or damaged file, and the checkpoints to use instead
 */
export function readCheckpoint(
  directory: string,
  iteration: number,
  config: JsonRecord,
  latest: Latest | null = readLatest(directory),
): { readonly checkpoint: Checkpoint; readonly files: CheckpointFiles } {
  const name = checkpointName(iteration);
  const folder = checkpointFolder(directory, iteration);
  const kept = listCheckpoints(directory);
  if (!kept.includes(iteration)) {
    const names = kept.length === 0 ? 'none' : kept.map(checkpointName).join(', ');
    throw new Error(`checkpoint ${name}: ${directory} does not hold it; it holds: ${names}`);
  }
  const files = new Map<string, Uint8Array>();
  for (const file of readdirSync(folder).sort()) {
    if (!file.startsWith('.')) files.set(file, readBytes(join(folder, file)));
  }
  const earlier = kept.filter((other) => other < iteration).map(checkpointName);
  const advice =
    earlier.length > 0
      ? `use an earlier checkpoint: ${earlier.join(', ')}`
      : 'there is no earlier checkpoint; start a new run';
  const checkpoint = unpackCheckpoint(files, name, advice);
  if (latest?.manifestSha256 && latest.iteration === iteration) {
    if (sha256Hex(files.get(manifestName) as Uint8Array) !== latest.manifestSha256) {
      throw new Error(
        `checkpoint ${name}: ${manifestName} must match the hash in ${latestName}, got another hash; ${advice}`,
      );
    }
  }
  if (checkpoint.iteration !== iteration) {
    throw new Error(`checkpoint ${name}: iteration must be ${iteration}, got ${checkpoint.iteration}; ${advice}`);
  }
  const broken = brokenCheckpoint(checkpoint);
  if (broken !== null) {
    throw new Error(`checkpoint ${name}: its ${broken} does not match its own link in the chain of hashes; ${advice}`);
  }
  if (checkpoint.chain.head.configSha256 !== jsonSha256(config)) {
    throw new Error(
      `checkpoint ${name}: its config differs from ${join(directory, configName)}; restore that file from a copy`,
    );
  }
  return { checkpoint, files };
}

/** Whether a run was stopped before its first checkpoint. It can be started again without loss. */
function hasNotBegun({ latest, metrics, result }: Run): boolean {
  return latest === null && result === null && metrics.every(({ iteration }) => iteration === 0);
}

/**
 * Reads a run's folder.
 *
 * @throws Error with the missing or damaged file, the entries of the folder, and the command that makes a run
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
          ? `has no checkpoint yet; resume it with: unbraid train --resume ${directory}`
          : 'has no checkpoints left; restore them from a copy, or train it again with another --out';
        throw new Error(`openRun: ${directory} ${next}`);
      }
      return readCheckpoint(directory, wanted, config, latest).checkpoint;
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
    onPath('write', folder, () => {
      renameSync(temporary, folder);
      syncDirectory(dirname(folder));
    });
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    throw error;
  }
}

/**
 * Removes the folder of a checkpoint. It is renamed first, so that an interrupted removal never leaves half a
 * checkpoint under a valid name.
 */
function removeCheckpoint(folder: string): void {
  const aside = `${folder}.old.tmp`;
  onPath('remove', folder, () => {
    rmSync(aside, { recursive: true, force: true });
    renameSync(folder, aside);
    rmSync(aside, { recursive: true });
  });
}

function runWriter(directory: string, keepCheckpoints: number, metrics: JsonLinesWriter, lock: RunLock): RunWriter {
  return {
    directory,
    takenOver: lock.takenOver,
    appendMetrics: (record) => metrics.append(record),
    saveCheckpoint(checkpoint) {
      // The lines up to a checkpoint must be on the disk before it: a resumed run keeps them and writes only later
      // ones.
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
    close() {
      metrics.close();
      lock.release();
    },
  };
}

function writeConfig(directory: string, config: JsonRecord, versions: JsonRecord): void {
  writeFileAtomic(join(directory, configName), `${encodeJson({ config, versions }, configName, 2)}\n`);
}

/** Calls `open`, and releases the run if it throws. */
function withLock<T>(lock: RunLock, open: () => T): T {
  try {
    return open();
  } catch (error) {
    lock.release();
    throw error;
  }
}

/**
 * Creates the folder of a new run and writes its config.json.
 *
 * @param options.keepCheckpoints number of latest checkpoints to keep, in addition to the first one
 * @throws Error if the folder already contains a run or cannot be written; RunLockedError if another process writes the
 *   run
 */
export function createRun(
  directory: string,
  options: { config: JsonRecord; versions: JsonRecord; keepCheckpoints: number },
): RunWriter {
  requireNoRun(directory);
  const was = existsSync(join(directory, configName));
  ensureWritableDirectory(directory);
  const { config, versions, keepCheckpoints } = options;
  const lock = lockRun('createRun', directory);
  return withLock(lock, () => {
    requireNoRun(directory);
    ensureWritableDirectory(checkpointsOf(directory));
    // Remove the files of a run that was stopped before its first checkpoint. Foreign files stay.
    removeTemporary(directory);
    if (was) rmSync(join(directory, couplingStartName), { force: true });
    writeConfig(directory, config, versions);
    return runWriter(directory, keepCheckpoints, openJsonLines(join(directory, metricsName), { keepLines: 0 }), lock);
  });
}

/** Removes temporary files that interrupted writes of this run have left. Foreign files stay. */
function removeTemporary(directory: string): void {
  const remove = (folder: string, isLeft: (name: string) => boolean): void => {
    for (const name of readdirSync(folder).sort()) {
      if (isLeft(name)) rmSync(join(folder, name), { recursive: true, force: true });
    }
  };
  remove(directory, isInterruptedWrite);
  if (existsSync(checkpointsOf(directory))) remove(checkpointsOf(directory), isInterruptedCheckpoint);
}

/**
 * Opens a run to resume it from one of its checkpoints (default: the latest). Records after that checkpoint are
 * removed.
 *
 * @param options.versions of the process that resumes the run; they are written to config.json
 * @returns with `checkpoint` null if the run was stopped before its first checkpoint: it then starts again
 * @throws Error if there is no run or no checkpoint, or a file that is needed to resume is damaged; all files are then
 *   unchanged. RunLockedError if another process writes the run
 */
export function resumeRun(
  directory: string,
  options: { keepCheckpoints: number; versions: JsonRecord; iteration?: number },
): { writer: RunWriter; checkpoint: Checkpoint | null } {
  requireRun(directory);
  const lock = lockRun('resumeRun', directory);
  return withLock(lock, () => openLocked(directory, options, lock));
}

function openLocked(
  directory: string,
  options: { keepCheckpoints: number; versions: JsonRecord; iteration?: number },
  lock: RunLock,
): { writer: RunWriter; checkpoint: Checkpoint | null } {
  requireRunFiles(directory);
  const run = openRun(directory);
  const metricsPath = join(directory, metricsName);
  const openWriter = (keepLines: number): RunWriter => {
    writeConfig(directory, run.config, options.versions);
    return runWriter(directory, options.keepCheckpoints, openJsonLines(metricsPath, { keepLines }), lock);
  };
  if (options.iteration === undefined && hasNotBegun(run)) {
    removeTemporary(directory);
    return { writer: openWriter(0), checkpoint: null };
  }
  const checkpoint = run.loadCheckpoint(options.iteration);
  const broken = brokenMetrics(checkpoint.chain.links, readBytes(metricsPath));
  if (broken) {
    throw new Error(
      `openRun: ${metricsPath} does not match checkpoint ${broken.iteration}; the file is damaged or was changed; restore it from a copy`,
    );
  }
  // Remove the receipt first: it lists hashes of files that change below.
  rmSync(join(directory, receiptName), { force: true });
  writeLatest(directory, checkpoint.iteration);
  for (const name of [resultName, couplingEndName]) rmSync(join(directory, name), { force: true });
  for (const iteration of run.checkpoints) {
    if (iteration > checkpoint.iteration) removeCheckpoint(checkpointFolder(directory, iteration));
  }
  removeTemporary(directory);
  const later = run.metrics.findIndex((line) => (line.iteration as number) > checkpoint.iteration);
  return { writer: openWriter(later < 0 ? run.metrics.length : later), checkpoint };
}
