/** The subject of `unbraid verify`: the files in the folder of a run, or a receipt alone. */
import { basename } from 'node:path';
import type { Config } from '../../config/config.ts';
import { type Split, splits } from '../../env/environment.ts';
import type { Link } from '../../record/chain.ts';
import { readFolderClaim } from '../../record/claim.node.ts';
import { folderEntries } from '../../record/folder.node.ts';
import { attempt, type Damage, readReceiptFile } from '../../record/integrity.node.ts';
import type { JsonRecord } from '../../record/json.ts';
import { configName, couplingName } from '../../record/names.ts';
import { createReceipt, firstDifference } from '../../record/receipt.ts';
import { requireRun } from '../../record/runFolder.node.ts';
import { requireNoWriter } from '../../record/writerLock.node.ts';
import { requireReproducible } from '../../train/start.ts';
import { maxCouplingSamples } from '../saved/coupling.ts';
import { usage } from '../shared/arguments.ts';
import { commandConfig } from '../shared/commandConfig.ts';
import { beyondConfig, type Comparison, compareFolder, couplingDifference, lastStated } from './compareClaim.ts';
import type { Replayed, ReplayInOptions } from './replayIn.ts';

/** A contradiction between files of the folder, and the paths of all files. */
export interface Broken {
  readonly damage: Damage;
  readonly paths: readonly string[];
}

/** A folder, or a receipt without a folder. */
export interface Subject {
  readonly config: Config;
  readonly links: readonly Link[];
  /** The last iteration about which the subject contains a statement. */
  readonly last: number;
  readonly checkpointsAt: readonly number[];
  readonly measure: ReplayInOptions['measure'];
  readonly hash: string;
  readonly hasOutcome: boolean;
  compare(replayed: Replayed, until: number): Comparison;
}

/** @throws Error if the receipt cannot be replayed by this version or has no checkpoint */
export function receiptSubject(path: string): Subject | Broken {
  const read = readReceiptFile(path);
  const name = basename(path);
  if ('damage' in read) return { damage: read.damage, paths: [name] };
  const { receipt } = read;
  requireReproducible(receipt, receipt.unbraid, '--arithmetic relaxed');
  const last = receipt.links.at(-1);
  if (!last) throw new Error('verify: the receipt has no checkpoint to compare; train the run further');
  const compare: Subject['compare'] = ({ records }, until) => {
    const notChecked = new Map([
      [`${name}#unbraid`, 'the version of unbraid that wrote the receipt'],
      [`${name}#check`, 'a command for people'],
      [`${name}#files`, 'hashes of files that are not available'],
    ]);
    if (until < last.iteration) notChecked.set(`${name}#links after ${until}`, `comes after iteration ${until}`);
    if (receipt.outcome === null || until < last.iteration) {
      notChecked.set(
        `${name}#outcome`,
        receipt.outcome === null ? 'the receipt states none' : `comes after iteration ${until}`,
      );
    }
    return { first: firstDifference(receipt, records.receipt, until), checked: [name], notChecked };
  };
  const config = commandConfig(receipt.config);
  const { links, hash, outcome } = receipt;
  return {
    config,
    links,
    last: last.iteration,
    checkpointsAt: [],
    measure: null,
    hash,
    hasOutcome: outcome !== null,
    compare,
  };
}

/** @throws Error if the folder contains no run, another process writes to it, or it has no checkpoint */
export function folderSubject(directory: string): Subject | Broken {
  usage(() => requireRun(directory));
  usage(() => requireNoWriter('verify', directory, { here: true }));
  const paths = folderEntries(directory).map(({ path }) => path);
  const claim = readFolderClaim(directory);
  if ('damage' in claim) return { damage: claim.damage, paths };
  const { chain, receipt, checkpoints, result } = claim;
  const resolved = attempt(`${configName}#config`, () => commandConfig(claim.config));
  if ('damage' in resolved) return { damage: resolved.damage, paths };
  const config = resolved.value;
  const beyond = beyondConfig(claim, config.iterations);
  if (beyond) return { damage: beyond, paths };
  const unbraid = receipt?.unbraid ?? 'in config.json';
  if (chain) requireReproducible(chain.head, unbraid, '--arithmetic relaxed');
  const last = lastStated(claim, config.iterations);
  if (last < 0) throw new Error(`verify: ${directory} has no checkpoint to compare yet; train the run further`);
  const measured = claim.couplings.get(couplingName);
  const measure = measured ? measureOf(measured) : null;
  if (measured && !measure) {
    const message = `${couplingName} must have a split and a number of samples that unbraid coupling accepts`;
    return { damage: { file: `${couplingName}#samples`, message }, paths };
  }
  const checkpointsAt = [...checkpoints.map(({ iteration }) => iteration), ...(measure ? [measure.iteration] : [])];
  const links = chain?.links ?? [];
  const hash =
    receipt?.hash ?? (chain && result ? createReceipt('0', claim.config, chain, result).hash : links.at(-1)?.link);
  const compare: Subject['compare'] = (replayed, until) => {
    const comparison = compareFolder(claim, replayed.records, until, last);
    if (comparison.first || !measured || !measure || measure.iteration > until) return comparison;
    return { ...comparison, first: couplingDifference(couplingName, measured, replayed.measured ?? {}) };
  };
  return { config, links, last, checkpointsAt, measure, hash: hash ?? '', hasOutcome: result !== null, compare };
}

function measureOf(record: JsonRecord): ReplayInOptions['measure'] {
  const { iteration, split, samples } = record;
  const count = samples as number;
  if (!splits.includes(split as Split) || !Number.isSafeInteger(count) || count < 2 || count > maxCouplingSamples)
    return null;
  const diagnostics = Object.hasOwn(record, 'contrast');
  return { iteration: iteration as number, split: split as Split, samples: count, diagnostics };
}
