/**
 * Splits the folder of a run into its statements and writes it again. The product's own functions compute all hashes
 * again, so only a replay can detect a change.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ChainHead, chainRoot, jsonSha256, type Link, linkHash, openChain } from '../../src/record/chain.ts';
import { type Checkpoint, checkpointName, packCheckpoint, unpackCheckpoint } from '../../src/record/checkpoint.ts';
import { writeReceipt } from '../../src/record/integrity.node.ts';
import type { JsonRecord } from '../../src/record/json.ts';
import { writeLatest } from '../../src/record/layout.node.ts';
import { createReceipt, outcomeOf, type Receipt } from '../../src/record/receipt.ts';
import { encodeReceipt, type ReceiptFile } from '../../src/record/receiptFile.ts';
import { sha256Hex, textSha256 } from '../../src/record/sha256.ts';

/** A JSON object that a forgery changes. */
export type Editable = { [key: string]: JsonRecord[string] };
type EditableCheckpoint = { -readonly [K in keyof Checkpoint]: Checkpoint[K] };

/** The statements of a run's folder, each of them once. */
export interface Statements {
  config: Editable;
  versions: Editable;
  head: ChainHead;
  /** Lines of metrics.jsonl with their newlines. */
  metrics: string[];
  readonly checkpoints: Map<number, EditableCheckpoint>;
  /** Those of the receipt or, without one, of the latest checkpoint. */
  links: Link[];
  /** The other JSON files by name, such as `result.json` and `coupling-start.json`. */
  readonly records: Map<string, Editable>;
  /** Iteration that latest.json names. */
  latest: number;
  /** Version of unbraid in the receipt. */
  unbraid: string;
  /** Outcome in the receipt; undefined: that of result.json. */
  outcome?: JsonRecord | null;
  /** Whether a receipt is written. */
  receipt: boolean;
}

const recordNames = ['result.json', 'coupling-start.json', 'coupling-end.json', 'coupling.json'] as const;

export function readJsonFile(path: string): Editable {
  return JSON.parse(readFileSync(path, 'utf8')) as Editable;
}

/** Writes JSON as the product does: two spaces, a newline at the end. */
export function writeJsonFile(path: string, value: unknown): void {
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);
}

export function checkpointPath(directory: string, iteration: number): string {
  return join(directory, 'checkpoints', checkpointName(iteration));
}

function readCheckpoint(directory: string, iteration: number): EditableCheckpoint {
  const folder = checkpointPath(directory, iteration);
  const names = readdirSync(folder);
  const files = new Map(names.map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))]));
  return { ...unpackCheckpoint(files, checkpointName(iteration), 'none') };
}

/** The statements of an undamaged folder. */
export function readStatements(directory: string): Statements {
  const { config, versions } = readJsonFile(join(directory, 'config.json')) as { config: Editable; versions: Editable };
  const iterations = readdirSync(join(directory, 'checkpoints')).map(Number);
  const checkpoints = new Map(iterations.map((iteration) => [iteration, readCheckpoint(directory, iteration)]));
  const { iteration: latest } = readJsonFile(join(directory, 'latest.json')) as { iteration: number };
  const receipt = existsSync(join(directory, 'receipt.json'));
  const newest = checkpoints.get(latest) as EditableCheckpoint;
  return {
    config,
    versions,
    head: newest.chain.head,
    metrics: readFileSync(join(directory, 'metrics.jsonl'), 'utf8').match(/.*\n/g) ?? [],
    checkpoints,
    links: [...newest.chain.links],
    records: new Map(
      recordNames
        .filter((name) => existsSync(join(directory, name)))
        .map((name) => [name, readJsonFile(join(directory, name))]),
    ),
    latest,
    unbraid: String(versions.unbraid),
    receipt,
  };
}

/** The links with the hashes of the changed statements. */
function relink({ links, checkpoints, metrics }: Statements, head: ChainHead): Link[] {
  let previous = chainRoot(head);
  let start = 0;
  return links.map((old) => {
    const { iteration } = old;
    const kept = checkpoints.get(iteration);
    const made = kept && openChain({ head, links: [], open: [] }).addLink(kept, true).links[0];
    const { parametersSha256, stateSha256 } = made ?? old;
    const metricsSha256 = textSha256(metrics.slice(start, iteration + 1).join(''));
    start = iteration + 1;
    const fields = { iteration, parametersSha256, stateSha256, metricsSha256 };
    previous = linkHash(previous, fields);
    return { ...fields, link: previous };
  });
}

function writeCheckpoint(directory: string, checkpoint: Checkpoint): void {
  const folder = checkpointPath(directory, checkpoint.iteration);
  mkdirSync(folder, { recursive: true });
  for (const [name, bytes] of packCheckpoint(checkpoint)) writeFileSync(join(folder, name), bytes);
}

/** Writes the folder from the statements, with matching chain, manifests, latest.json and receipt. */
export function writeStatements(directory: string, statements: Statements): void {
  const { config, versions, metrics, checkpoints, records, latest, unbraid } = statements;
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(join(directory, 'checkpoints'), { recursive: true });
  writeJsonFile(join(directory, 'config.json'), { config, versions });
  writeFileSync(join(directory, 'metrics.jsonl'), metrics.join(''));
  const head = { ...statements.head, configSha256: jsonSha256(config) };
  const links = relink(statements, head);
  for (const checkpoint of checkpoints.values()) {
    const upTo = links.filter(({ iteration }) => iteration <= checkpoint.iteration);
    const before = upTo.at(-2)?.iteration ?? -1;
    // The lines of a link that an interruption added.
    const open = checkpoint.chain.open.length > 0 ? metrics.slice(before + 1, checkpoint.iteration + 1) : [];
    writeCheckpoint(directory, { ...checkpoint, chain: { head, links: upTo, open } });
  }
  writeLatest(directory, latest);
  for (const [name, record] of records) writeJsonFile(join(directory, name), record);
  if (!statements.receipt) return;
  const result = records.get('result.json');
  const outcome = statements.outcome === undefined ? ((result && outcomeOf(result)) ?? null) : statements.outcome;
  writeReceipt(directory, createReceipt(unbraid, config, { head, links, open: [] }, outcome));
}

/** Changes the folder's statements. */
export function restate(directory: string, change: (statements: Statements) => void): void {
  const statements = readStatements(directory);
  change(statements);
  writeStatements(directory, statements);
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile();
}

function rehashManifests(directory: string): void {
  const root = join(directory, 'checkpoints');
  for (const name of readdirSync(root).sort()) {
    const folder = join(root, name);
    if (isFile(folder)) continue;
    const hashes: Record<string, string> = {};
    // In the order in which the product writes them.
    for (const file of ['parameters.safetensors', 'state.safetensors', 'state.json', 'tokenizer.json']) {
      if (isFile(join(folder, file))) hashes[file] = sha256Hex(readFileSync(join(folder, file)));
    }
    const manifest = join(folder, 'manifest.json');
    if (isFile(manifest)) writeJsonFile(manifest, { version: 1, sha256: hashes });
  }
}

/** Updates the manifest's hash in latest.json. A file that cannot be read is left unchanged. */
function rehashLatest(directory: string): void {
  try {
    writeLatest(directory, readJsonFile(join(directory, 'latest.json')).iteration as number);
  } catch {
    // Damaged: only its hash in the receipt is computed again.
  }
}

type EditableReceipt = { -readonly [K in keyof Receipt]: Receipt[K] };
/** A receipt's file without the hash of itself. */
export type EditableReceiptFile = { receipt: EditableReceipt; check: string; files: { [path: string]: string } };

/**
 * Changes fields of receipt.json and computes its own hash again. The links are computed from `receipt.links` after
 * `change`.
 */
export function editReceipt(directory: string, change: (file: EditableReceiptFile) => void): void {
  const path = join(directory, 'receipt.json');
  const { check, files, sha256: _, ...receipt } = readJsonFile(path);
  const file = { receipt, check, files } as unknown as EditableReceiptFile;
  change(file);
  writeFileSync(path, encodeReceipt(file as ReceiptFile));
}

/** Computes root, links and final hash of a receipt from its other fields. */
export function rechain(receipt: EditableReceipt): void {
  const { unbraid, config, links, outcome, numerics, environment, packages, vocabularySha256, arithmetic } = receipt;
  const head = {
    ...{ numerics, environment, vocabularySha256, configSha256: jsonSha256(config) },
    ...(packages && { packages }),
    ...(arithmetic && { arithmetic }),
  };
  let previous = chainRoot(head);
  const made = links.map((link) => {
    previous = linkHash(previous, link);
    return { ...link, link: previous };
  });
  Object.assign(receipt, createReceipt(unbraid, config, { head, links: made, open: [] }, outcome));
}

/** Updates manifests, latest.json and the receipt's list of files after files were changed in place. */
export function rehash(directory: string): void {
  rehashManifests(directory);
  rehashLatest(directory);
  if (!isFile(join(directory, 'receipt.json'))) return;
  editReceipt(directory, ({ files }) => {
    for (const file of Object.keys(files)) {
      const path = join(directory, file);
      if (isFile(path)) files[file] = sha256Hex(readFileSync(path));
      else delete files[file];
    }
  });
}
