/** Schemas of the chain of hashes, as receipts and checkpoints state it. */
import * as v from 'valibot';

export const hash = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
export const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** Name or version of a package, as `hello` of a bridge may state it. */
const packageText = v.pipe(v.string(), v.minLength(1), v.maxLength(200));

/** What a run starts from. */
export const headEntries = {
  numerics: count,
  configSha256: hash,
  environment: v.pipe(v.string(), v.maxLength(1000)),
  packages: v.exactOptional(v.record(packageText, packageText)),
  vocabularySha256: v.nullable(hash),
  arithmetic: v.exactOptional(v.literal('relaxed')),
  custom: v.exactOptional(
    v.strictObject({
      note: v.literal('replay needs these parts'),
      environment: v.exactOptional(v.nullable(hash)),
      policy: v.exactOptional(v.nullable(hash)),
      labelSource: v.exactOptional(v.nullable(hash)),
    }),
  ),
};

export const linkSchema = v.strictObject({
  iteration: count,
  parametersSha256: hash,
  stateSha256: hash,
  metricsSha256: hash,
  link: hash,
});

/** A checkpoint's chain. */
export const chainSchema = v.strictObject({
  head: v.strictObject(headEntries),
  links: v.array(linkSchema),
  open: v.array(v.string()),
});
