/** Compares the statements in the files of a run with a replay, and lists what was compared and what was not. */
import type { ClaimedCheckpoint, FolderClaim } from '../../record/claim.node.ts';
import type { Damage } from '../../record/integrity.node.ts';
import { canonicalJson, type JsonRecord } from '../../record/json.ts';
import {
  configName,
  couplingEndName,
  couplingName,
  couplingStartName,
  metricsName,
  receiptName,
  resultName,
} from '../../record/names.ts';
import { createReceipt, firstDifference, type Receipt, type ReceiptDifference } from '../../record/receipt.ts';
import { type FieldHashes, fieldHashes, type ReplayedCheckpoint, type ReplayedRecords } from '../../train/replay.ts';

/** The result of a comparison. */
export interface Comparison {
  /** The first difference; null if there is none. */
  readonly first: Damage | ReceiptDifference | null;
  /** Paths of files whose statements were all compared, except for keys in `notChecked`. */
  readonly checked: readonly string[];
  /** `FILE` or `FILE#key`, with the reason. */
  readonly notChecked: ReadonlyMap<string, string>;
}

/** The last iteration about which a file of the folder contains a statement. */
export function lastStated(claim: FolderClaim, iterations: number): number {
  const { metrics, tornLine, checkpoints, couplings, chain, result, receipt } = claim;
  if (result !== null || couplings.has(couplingEndName) || (receipt && receipt.outcome !== null)) return iterations;
  const lines = metrics.length + (tornLine === '' ? 0 : 1);
  const measured = couplings.get(couplingName)?.iteration;
  return Math.max(
    couplings.has(couplingStartName) ? 0 : -1,
    lines - 1,
    chain?.links.at(-1)?.iteration ?? -1,
    checkpoints.at(-1)?.iteration ?? -1,
    Number.isSafeInteger(measured) ? (measured as number) : -1,
  );
}

/**
 * A statement about an iteration beyond the config, or a missing checkpoint of the last iteration; null if there is
 * none.
 */
export function beyondConfig(claim: FolderClaim, iterations: number): Damage | null {
  const { metrics, tornLine, checkpoints, couplings } = claim;
  const late = (file: string, iteration: number): Damage => {
    return { file, message: `${file} states iteration ${iteration}, but the run has ${iterations} iterations` };
  };
  if (metrics.length > iterations + 1) return late(metricsName, iterations + 1);
  if (metrics.length === iterations + 1 && tornLine !== '') return late(metricsName, iterations + 1);
  const checkpoint = checkpoints.find(({ iteration }) => iteration > iterations);
  if (checkpoint) return late(checkpoint.path, checkpoint.iteration);
  if (claim.result !== null && checkpoints.at(-1)?.iteration !== iterations) {
    return {
      file: 'checkpoints',
      message: `the folder states a result, but lacks the checkpoint of iteration ${iterations}`,
    };
  }
  const measured = couplings.get(couplingName);
  if (measured === undefined) return null;
  const { iteration } = measured;
  if (!Number.isSafeInteger(iteration) || (iteration as number) < 0 || (iteration as number) > iterations) {
    return { file: `${couplingName}#iteration`, message: `${couplingName} must name an iteration of the run` };
  }
  return null;
}

/**
 * The receipt that the folder claims: the stored one, or one made of its latest checkpoint's chain and its result.
 *
 * The link of an interruption is left out, because an uninterrupted replay does not have it. It is compared with its
 * checkpoint.
 */
function claimedReceipt({ receipt, chain, config, result }: FolderClaim, replayed: Receipt): Receipt {
  if (receipt) return receipt;
  if (!chain) return createReceipt('0', config, { head: replayed, links: [], open: [] }, result);
  const links = chain.open.length > 0 ? chain.links.slice(0, -1) : chain.links;
  return createReceipt('0', config, { ...chain, links }, result);
}

function metricsDifference(claim: FolderClaim, replayed: ReplayedRecords, until: number): Damage | null {
  const differs = (iteration: number): Damage => {
    const message = `line ${iteration + 1} of ${metricsName} differs from iteration ${iteration} of the replay`;
    return { file: metricsName, message };
  };
  const { metrics, tornLine } = claim;
  for (let i = 0; i < metrics.length && i <= until; i++) if (metrics[i] !== replayed.metrics[i]) return differs(i);
  const torn = metrics.length;
  if (tornLine !== '' && torn <= until && !replayed.metrics[torn]?.startsWith(tornLine)) return differs(torn);
  return null;
}

function checkpointDifference(claimed: ClaimedCheckpoint, replayed: ReplayedCheckpoint | undefined): Damage | null {
  const differs = (what: string): Damage => {
    return { file: claimed.path, message: `${claimed.path}: its ${what} differs from that of the replay` };
  };
  if (!replayed) return differs('iteration');
  const { links, open } = claimed.chain;
  if (links.length !== replayed.links.length) return differs('chain');
  for (const [i, link] of links.entries()) {
    const other = replayed.links[i];
    const last = i === links.length - 1;
    if (link.iteration !== other.iteration) return differs('chain');
    if (link.parametersSha256 !== other.parametersSha256) return differs(last ? 'parameters' : 'chain');
    if (link.stateSha256 !== other.stateSha256) return differs(last ? 'state' : 'chain');
    if (link.metricsSha256 !== other.metricsSha256) return differs('chain');
  }
  if (open.join('') !== replayed.open.join('')) return differs('open metrics');
  if ((claimed.blueprint ?? null) !== replayed.blueprint) return differs('blueprint');
  const texts = [claimed.tokenizer ?? null, replayed.tokenizer].map((tokenizer) => canonicalJson({ tokenizer }));
  return texts[0] === texts[1] ? null : differs('tokenizer');
}

/**
 * The first field of a coupling record that differs from the new measurement.
 *
 * @param record from its file; its `run` names a folder and is not compared
 */
export function couplingDifference(name: string, record: JsonRecord, measured: FieldHashes): Damage | null {
  const { command, run, ...fields } = record;
  if (command !== 'coupling') return { file: `${name}#command`, message: `${name} must have the command coupling` };
  if (typeof run !== 'string') return { file: `${name}#run`, message: `${name} must name its run` };
  const stated = fieldHashes(fields);
  for (const key of new Set([...Object.keys(stated), ...Object.keys(measured)])) {
    if (stated[key] === measured[key]) continue;
    const message = Object.hasOwn(measured, key)
      ? `${key} in ${name} differs from the measurement of the replay`
      : `${name} must not have the key ${JSON.stringify(key)}`;
    return { file: `${name}#${key}`, message };
  }
  return null;
}

function couplingsDifference(claim: FolderClaim, replayed: ReplayedRecords, whole: boolean): Damage | null {
  for (const name of [couplingStartName, couplingEndName]) {
    if (name === couplingEndName && !whole) continue;
    const record = claim.couplings.get(name);
    const measured = replayed.couplings[name === couplingStartName ? 'coupling-start' : 'coupling-end'];
    if (record === undefined) {
      // A run writes these records before its chain and before its result.
      const due = name === couplingStartName ? claim.chain !== null : claim.result !== null;
      if (due && measured) return { file: name, message: `${name} is missing: the replay measures a coupling there` };
      continue;
    }
    if (!measured) return { file: name, message: `${name} must be absent: the replay has no pairs to measure` };
    const difference = couplingDifference(name, record, measured);
    if (difference) return difference;
  }
  return null;
}

/** Returns in result.json that differ from those of the replay. Results of earlier versions state none. */
function returnsDifference({ result }: FolderClaim, replayed: ReplayedRecords): Damage | null {
  if (result?.return === undefined || replayed.return === null) return null;
  if (canonicalJson({ value: result.return }) === canonicalJson({ value: replayed.return })) return null;
  return { file: `${resultName}#return`, message: `return in ${resultName} differs from that of the replay` };
}

/** The entries of the folder that are compared if the replay ends at `until`, and the others with the reason. */
function coverage(claim: FolderClaim, until: number, last: number): Omit<Comparison, 'first'> {
  const checked: string[] = [];
  const notChecked = new Map<string, string>();
  const late = `comes after iteration ${until}`;
  for (const { path, kind } of claim.entries) {
    if (kind !== 'run') {
      notChecked.set(path, 'notChecked' in kind ? kind.notChecked : kind.foreign);
      continue;
    }
    const inCheckpoint = /^checkpoints\/(\d+)\//.exec(path)?.[1];
    const measuredAt = path === couplingName ? (claim.couplings.get(couplingName)?.iteration as number) : 0;
    const stated = inCheckpoint === undefined ? measuredAt : Number(inCheckpoint);
    const isEnd = path === resultName || path === couplingEndName;
    if (stated > until || (isEnd && until < last)) notChecked.set(path, late);
    else checked.push(path);
  }
  const compared = new Set(checked);
  const except = (path: string, keys: readonly string[], reason: string): void => {
    if (compared.has(path)) for (const key of keys) notChecked.set(`${path}#${key}`, reason);
  };
  except(resultName, ['wallMs'], 'a time');
  except(resultName, ['workers'], 'the distribution of the work over threads; the result does not depend on it');
  except(resultName, ['kernels'], 'the build of the kernels; the result does not depend on it');
  if (claim.result?.repeatedResets !== undefined) {
    except(resultName, ['repeatedResets'], 'failed resets of another program; the result does not depend on them');
  }
  except(configName, ['versions'], 'the version of unbraid that began the run');
  except(receiptName, ['unbraid'], 'the version of unbraid that wrote the receipt');
  except(receiptName, ['check'], 'a command for people');
  for (const name of [couplingStartName, couplingEndName, couplingName]) {
    except(name, ['run'], 'the name that the folder had');
  }
  if (until < last) {
    if (claim.metrics.length > until + 1) except(metricsName, [`lines after ${until + 1}`], late);
    except(receiptName, [`links after ${until}`, 'outcome'], late);
  }
  return { checked, notChecked };
}

/**
 * Compares a folder with its replay.
 *
 * @param until the iteration at which the replay ends
 * @param last the last iteration about which the folder contains a statement
 */
export function compareFolder(claim: FolderClaim, replayed: ReplayedRecords, until: number, last: number): Comparison {
  const whole = replayed.receipt.outcome !== null;
  const receipt = claimedReceipt(claim, replayed.receipt);
  const find = (): Comparison['first'] => {
    const chain = firstDifference(receipt, replayed.receipt, Math.min(until, receipt.links.at(-1)?.iteration ?? -1));
    if (chain) return chain;
    const metrics = metricsDifference(claim, replayed, until);
    if (metrics) return metrics;
    for (const checkpoint of claim.checkpoints) {
      if (checkpoint.iteration > until) continue;
      const made = replayed.checkpoints.find(({ iteration }) => iteration === checkpoint.iteration);
      const difference = checkpointDifference(checkpoint, made);
      if (difference) return difference;
    }
    return couplingsDifference(claim, replayed, whole) ?? returnsDifference(claim, replayed);
  };
  return { first: find(), ...coverage(claim, until, last) };
}
