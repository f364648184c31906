/**
 * The receipt of a run: its config, its chain of hashes and its outcome, which anyone can replay and compare.
 * docs/receipts.md states what it proves. All functions are pure; `receiptFile.ts` has the file format.
 */
import { type Chain, type ChainHead, chainRoot, jsonSha256, type Link, linksFlaw } from './chain.ts';
import { canonicalJson, isJsonObject, type JsonRecord } from './json.ts';

/** The format of receipts that this version writes and reads. */
export const receiptFormat = 1;

export interface Receipt extends ChainHead {
  readonly format: number;
  /** Version of unbraid that made the run. */
  readonly unbraid: string;
  /** The complete config, keys in alphabetical order. */
  readonly config: JsonRecord;
  /** SHA-256 of what the run starts from. */
  readonly root: string;
  readonly links: readonly Link[];
  /**
   * Success, coupling, steps, updates and the hash of the parameters, and where they differ from success the returns;
   * null for a run cut short.
   */
  readonly outcome: JsonRecord | null;
  /** SHA-256 over the last link and the outcome; of a run cut short the last link itself. */
  readonly hash: string;
}

/** The first difference between a receipt and a replay. */
export interface ReceiptDifference {
  /** Iteration of the first checkpoint that differs; `start` before any, `outcome` after all. */
  readonly at: number | 'start' | 'outcome';
  /**
   * What differs there: `config`, `environment`, `packages`, `vocabulary`, `custom parts`; `iteration`, `parameters`,
   * `state`, `metrics`; keys of the outcome.
   */
  readonly differs: readonly { readonly what: string; readonly receipt: JsonValue; readonly replay: JsonValue }[];
}

type JsonValue = JsonRecord[string];

export const outcomeKeys = ['success', 'coupling', 'envSteps', 'updates', 'parametersSha256'] as const;

/** Keys of an outcome that results of some configs and environments have. */
export const extraOutcomeKeys = ['return', 'random'] as const;

/** Keys of result.json that state how the run was computed. They differ between machines, apart from `arithmetic`. */
export const computationKeys = ['wallMs', 'workers', 'kernels', 'repeatedResets', 'arithmetic'] as const;

/** Whether every mean return of a result is the success of its split, so that it adds nothing to the outcome. */
function returnsAreSuccess({ success, return: returns }: JsonRecord): boolean {
  if (!isJsonObject(success) || !isJsonObject(returns)) return true;
  return Object.entries(returns).every(
    ([split, of]) => (isJsonObject(of) ? of.mean : null) === (success[split] ?? null),
  );
}

/**
 * The part of a result that a receipt contains: everything but the config and how the run was computed. Returns are in
 * it where they are not the success: receipts of environments whose success is the return have the keys that they had
 * before results stated returns.
 */
export function outcomeOf(result: object): JsonRecord {
  const record = result as JsonRecord;
  return {
    ...Object.fromEntries(outcomeKeys.map((key) => [key, record[key] ?? null])),
    ...(!returnsAreSuccess(record) && { return: record.return }),
    ...(record.random !== undefined && { random: record.random }),
  };
}

function finalHash(root: string, links: readonly Link[], outcome: JsonRecord | null): string {
  const previous = links.at(-1)?.link ?? root;
  return outcome === null ? previous : jsonSha256({ previous, outcome });
}

/** The receipt of a run: `result` is null where it was cut short. */
export function createReceipt(unbraid: string, config: JsonRecord, chain: Chain, result: object | null): Receipt {
  const { head, links } = chain;
  const root = chainRoot(head);
  const outcome = result && outcomeOf(result);
  const sortedConfig = JSON.parse(canonicalJson(config)) as JsonRecord;
  const hash = finalHash(root, links, outcome);
  return { format: receiptFormat, unbraid, ...head, config: sortedConfig, root, links, outcome, hash };
}

/** Describes the part of a receipt that contradicts another part; null if there is none. */
export function receiptFlaw(receipt: Receipt): string | null {
  const { config, configSha256, root, links, outcome, hash } = receipt;
  if (jsonSha256(config) !== configSha256) return 'config does not match configSha256';
  if (chainRoot(receipt) !== root) return 'root does not follow from what the run starts from';
  const flaw = linksFlaw(root, links);
  if (flaw !== null) return flaw;
  if (outcome !== null && links.at(-1)?.iteration !== config.iterations)
    return 'an outcome needs a checkpoint of the last iteration';
  if (finalHash(root, links, outcome) !== hash) return 'hash does not follow from the last link and the outcome';
  return null;
}

type Differences = ReceiptDifference['differs'];

/** The keys of `names` whose values differ in two records, under the names given there. */
function differences(receipt: object, replay: object, names: Readonly<Record<string, string>>): Differences {
  return Object.entries(names).flatMap(([key, what]) => {
    const [a, b] = [receipt, replay].map((record) => (record as JsonRecord)[key] ?? null);
    return canonicalJson({ a }) === canonicalJson({ a: b }) ? [] : [{ what, receipt: a, replay: b }];
  });
}

const headParts = {
  environment: 'environment',
  packages: 'packages',
  vocabularySha256: 'vocabulary',
  custom: 'custom parts',
};
const linkParts = {
  iteration: 'iteration',
  parametersSha256: 'parameters',
  stateSha256: 'state',
  metricsSha256: 'metrics',
};
const outcomeParts = Object.fromEntries([...outcomeKeys, ...extraOutcomeKeys].map((key) => [key, key]));

/**
 * The first difference between a receipt and a replay, in checkpoints up to iteration `until`; null if there is none.
 *
 * The fields of links are compared instead of their hashes: the hashes cover the config as it was written, and a later
 * version may have more keys.
 */
export function firstDifference(receipt: Receipt, replay: Receipt, until: number): ReceiptDifference | null {
  const start = differences(receipt, replay, headParts);
  if (start.length > 0) return { at: 'start', differs: start };
  const [expected, made] = [receipt, replay].map(({ links }) => links.filter((link) => link.iteration <= until));
  for (let i = 0; i < Math.max(expected.length, made.length); i++) {
    const differs = differences(expected[i] ?? {}, made[i] ?? {}, linkParts);
    if (differs.length > 0) return { at: (expected[i] ?? made[i]).iteration, differs };
  }
  if (receipt.outcome === null || replay.outcome === null) return null;
  const differs = differences(receipt.outcome, replay.outcome, outcomeParts);
  return differs.length > 0 ? { at: 'outcome', differs } : null;
}
