/** A receipt as a file: version, the command that checks it, hashes of the other files of the run, and its own hash. */
import * as v from 'valibot';
import { parseJson } from '../check/parseJson.ts';
import { hash, headEntries, linkSchema } from './chainSchema.ts';
import { encodeJson, isJsonObject, type JsonRecord } from './json.ts';
import { extraOutcomeKeys, outcomeKeys, type Receipt, receiptFlaw, receiptFormat } from './receipt.ts';
import { textSha256 } from './sha256.ts';

/** What receipt.json holds. */
export interface ReceiptFile {
  readonly receipt: Receipt;
  /** The command that checks it. */
  readonly check: string;
  /** SHA-256 by path from the run's folder; empty for a receipt without a run. */
  readonly files: Readonly<Record<string, string>>;
}

/** A version of unbraid. Messages show this text of a file that may be forged, so only these characters are allowed. */
export const versionPattern = /^[0-9A-Za-z.+-]{1,40}$/;
/** Path of a file of a run from the folder of the run. Other paths in a receipt are rejected and never read. */
const runFilePattern = /^([a-z-]+\.jsonl?|checkpoints\/\d{6,15}\/[a-z]+\.(json|safetensors))$/;

/** Whether `path` has the form of a path of a file of a run, which leads to no place outside its folder. */
export function isRunFilePath(path: string): boolean {
  return runFilePattern.test(path);
}

/** Characters of a path that have no special meaning in any shell. */
const plainPath = /^[\p{L}\p{N}_./ ~+@%:,=\\-]{1,1000}$/u;
/** Empty where a program created the receipt. */
const checkPattern = /^(unbraid verify [\p{L}\p{N}_./ ~+@%:,=\\-]{1,1000})?$/u;

/** The command that checks the run or receipt at `path`. */
export function checkCommand(path: string): string {
  return `unbraid verify ${plainPath.test(path) ? path : '.'}`;
}

function isOutcome(value: unknown): boolean {
  if (!isJsonObject(value)) return false;
  const own = Object.keys(value).filter((key) => !(extraOutcomeKeys as readonly string[]).includes(key));
  return own.sort().join() === [...outcomeKeys].sort().join();
}

const fileSchema = v.strictObject({
  format: v.literal(receiptFormat),
  unbraid: v.pipe(v.string(), v.regex(versionPattern)),
  ...headEntries,
  config: v.record(v.string(), v.nullable(v.union([v.string(), v.number(), v.boolean()]))),
  root: hash,
  links: v.array(linkSchema),
  outcome: v.nullable(v.custom<JsonRecord>(isOutcome)),
  hash,
  check: v.pipe(v.string(), v.regex(checkPattern)),
  files: v.record(v.pipe(v.string(), v.regex(runFilePattern)), hash),
});

function encode(content: JsonRecord): string {
  return `${encodeJson(content, 'receipt.json', 2)}\n`;
}

function withOwnHash(content: JsonRecord): string {
  return encode({ ...content, sha256: textSha256(encode(content)) });
}

/** The text of a receipt's file. Its last field is the SHA-256 of the text without that field. */
export function encodeReceipt({ receipt, check, files }: ReceiptFile): string {
  return withOwnHash({ ...(receipt as unknown as JsonRecord), check, files });
}

/**
 * The receipt in the text of a file, after its own hash and its consistency are checked; or a description of what is
 * wrong.
 *
 * @throws Error if the format is of another version
 */
export function parseReceipt(text: string): ReceiptFile | { readonly flaw: string } {
  let content: unknown;
  try {
    content = parseJson(text);
  } catch {
    return { flaw: 'is not JSON' };
  }
  if (!isJsonObject(content)) return { flaw: 'is not a JSON object' };
  const { sha256: own, ...rest } = content as JsonRecord;
  // Encoding it again must return the same text. Otherwise a character was changed.
  if (own === undefined || withOwnHash(rest) !== text) return { flaw: 'does not match its own hash' };
  if (rest.format !== receiptFormat) {
    throw new Error(
      `parseReceipt: format must be ${receiptFormat}, got ${JSON.stringify(rest.format)}; use the version of unbraid that made the receipt`,
    );
  }
  const parsed = v.safeParse(fileSchema, rest);
  if (!parsed.success) return { flaw: `has no good ${v.getDotPath(parsed.issues[0])}` };
  const { check, files, ...receipt } = parsed.output;
  const flaw = receiptFlaw(receipt);
  return flaw === null ? { receipt, check, files } : { flaw: `contradicts itself: ${flaw}` };
}
