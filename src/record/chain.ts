/**
 * The chain of hashes of a run: a root for what it started from and one link per checkpoint. The hash of a link covers
 * the previous one, so the latest covers the whole run up to there. docs/receipts.md has the format. All functions are
 * pure; the trainer stores the chain.
 */
import { canonicalJson, type JsonRecord, jsonLine, lineEnds } from './json.ts';
import type { NamedTensor } from './safetensors.ts';
import { sha256Hex, tensorsSha256, textSha256 } from './sha256.ts';

/** The parts of a run that its user supplied: the SHA-256 of each part's module, null for a function. */
export interface CustomHead {
  /** States that the run can be replayed only with these parts. */
  readonly note: 'replay needs these parts';
  readonly environment?: string | null;
  readonly policy?: string | null;
  readonly labelSource?: string | null;
}

/** What a run starts from. */
export interface ChainHead {
  /** Version of the numerics. Runs of different versions are not bitwise identical. */
  readonly numerics: number;
  readonly configSha256: string;
  /** Name and version of the environment. Another version has other episodes. */
  readonly environment: string;
  /** Versions by name of the packages with which another program plays the episodes, if it states them. */
  readonly packages?: Readonly<Record<string, string>>;
  /** null where observations are not text. */
  readonly vocabularySha256: string | null;
  /** Present where the run's bits depend on the processor. */
  readonly arithmetic?: 'relaxed';
  /** Present where a part of the run is not of this package. */
  readonly custom?: CustomHead;
}

/** One checkpoint in the chain. */
export interface Link {
  readonly iteration: number;
  readonly parametersSha256: string;
  /** Of everything else that a resumed run needs: optimiser moments, reference, memory of the labels, counters. */
  readonly stateSha256: string;
  /** Of the lines of metrics.jsonl since the previous link, newlines included. */
  readonly metricsSha256: string;
  /** SHA-256 over the previous link (or the root) and the fields above. */
  readonly link: string;
}

/** The hashes of a run up to one of its checkpoints. */
export interface Chain {
  readonly head: ChainHead;
  readonly links: readonly Link[];
  /**
   * Lines of metrics.jsonl of the last link, if an interruption added it; a resumed run then continues from the
   * previous link. Empty where the last link is one that every run of this config has.
   */
  readonly open: readonly string[];
}

/** What a checkpoint holds besides its chain. */
export interface Learned {
  readonly iteration: number;
  readonly parameters: readonly NamedTensor[];
  readonly state: readonly NamedTensor[];
  readonly counters: JsonRecord;
}

/** SHA-256 of a value's canonical JSON. */
export function jsonSha256(value: JsonRecord): string {
  return textSha256(canonicalJson(value));
}

export function chainRoot(head: ChainHead): string {
  const { numerics, configSha256, environment, packages, vocabularySha256, arithmetic, custom } = head;
  return jsonSha256({
    ...{ numerics, configSha256, environment, vocabularySha256 },
    ...(packages && { packages }),
    ...(arithmetic && { arithmetic }),
    ...(custom && { custom: { ...custom } }),
  });
}

/** The hash of a link. `previous` is the hash of the previous link or the root. */
export function linkHash(previous: string, fields: Omit<Link, 'link'>): string {
  const { iteration, parametersSha256, stateSha256, metricsSha256 } = fields;
  return jsonSha256({ previous, iteration, parametersSha256, stateSha256, metricsSha256 });
}

/** Describes the first link that does not follow from the previous one; null if all do. */
export function linksFlaw(root: string, links: readonly Link[]): string | null {
  let previous = root;
  let before = -1;
  for (const link of links) {
    if (link.iteration <= before) return `checkpoint ${link.iteration} comes after checkpoint ${before}`;
    if (linkHash(previous, link) !== link.link) return `link ${link.iteration} does not follow from the one before it`;
    previous = link.link;
    before = link.iteration;
  }
  return null;
}

/** SHA-256 of the state's tensors and the counters. */
function stateHash({ state, counters }: Pick<Learned, 'state' | 'counters'>): string {
  return jsonSha256({ tensors: tensorsSha256(state), counters });
}

/**
 * The part of a checkpoint that does not match its own link, the last one of its chain; null if all parts match and the
 * chain is consistent.
 */
export function brokenCheckpoint(
  checkpoint: Learned & { readonly chain: Chain; readonly tokenizer?: JsonRecord },
): string | null {
  const { iteration, chain, tokenizer } = checkpoint;
  const { head, links, open } = chain;
  const link = links.at(-1);
  if (link?.iteration !== iteration || linksFlaw(chainRoot(head), links) !== null) return 'chain';
  if (open.length > 0 && textSha256(open.join('')) !== link.metricsSha256) return 'chain';
  if ((tokenizer ? jsonSha256(tokenizer) : null) !== head.vocabularySha256) return 'tokenizer';
  return brokenPart(link, checkpoint);
}

/** The part of `learned` that does not match the link; null if all parts match. */
function brokenPart(link: Link, learned: Learned): 'parameters' | 'state' | null {
  if (tensorsSha256(learned.parameters) !== link.parametersSha256) return 'parameters';
  return stateHash(learned) === link.stateSha256 ? null : 'state';
}

export interface ChainWriter {
  /** Adds one line of metrics.jsonl. */
  addMetrics(metrics: JsonRecord): void;
  /**
   * The chain with a link for the current state of the run.
   *
   * @param scheduled whether every run of this config has this link. A link that an interruption added is dropped when
   *   the run resumes
   */
  addLink(learned: Learned, scheduled: boolean): Chain;
}

/** Continues a chain: that of a checkpoint, or a new one without links. */
export function openChain({ head, links: saved, open }: Chain): ChainWriter {
  const links = open.length > 0 ? saved.slice(0, -1) : [...saved];
  let lines = [...open];
  return {
    addMetrics: (metrics) => lines.push(jsonLine(metrics)),
    addLink(learned, scheduled) {
      const fields = {
        iteration: learned.iteration,
        parametersSha256: tensorsSha256(learned.parameters),
        stateSha256: stateHash(learned),
        metricsSha256: textSha256(lines.join('')),
      };
      const link = { ...fields, link: linkHash(links.at(-1)?.link ?? chainRoot(head), fields) };
      if (!scheduled) return { head, links: [...links, link], open: [...lines] };
      links.push(link);
      lines = [];
      return { head, links: [...links], open: [] };
    },
  };
}

/**
 * The first link that does not match its lines of metrics.jsonl; null if all match. Line i, counted from 0, is
 * iteration i.
 *
 * @param bytes of the file
 */
export function brokenMetrics(links: readonly Link[], bytes: Uint8Array): Link | null {
  const ends = lineEnds(bytes);
  let start = 0;
  for (const link of links) {
    const end = ends[link.iteration];
    if (end === undefined || sha256Hex(bytes.subarray(start, end)) !== link.metricsSha256) return link;
    start = end;
  }
  return null;
}
