/** Checks results of jobs that come from another program, before they are stored. */
import * as v from 'valibot';
import { recordedConfig, resolveConfig } from '../config/config.ts';
import { hash, headEntries, linkSchema } from '../record/chainSchema.ts';
import { canonicalJson, type JsonRecord } from '../record/json.ts';
import { type Receipt, receiptFlaw, receiptFormat } from '../record/receipt.ts';
import { versionPattern } from '../record/receiptFile.ts';
import type { ReceivedJob } from './checkJob.ts';
import { type RunFiles, runKind, runReceipt, unpackRun } from './trained/runFolderJob.ts';
import { trainKind } from './trained/trainJob.ts';

const finite = v.pipe(v.number(), v.finite());
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const share = v.pipe(finite, v.minValue(0), v.maxValue(1));
const numbers = v.array(finite);
const interval = v.strictObject({ mean: finite, low: finite, high: finite });
const success = v.strictObject({ train: finite, inDomain: finite, outOfDomain: finite });
const metrics = v.record(v.string(), finite);
const coupling = v.strictObject({
  goodBadCosine: v.nullable(finite),
  goodGoodCosine: v.nullable(finite),
  badBadCosine: v.nullable(finite),
  goodBadPositiveFraction: v.nullable(finite),
});

const receipt = v.strictObject({
  format: v.literal(receiptFormat),
  unbraid: v.pipe(v.string(), v.regex(versionPattern)),
  ...headEntries,
  config: v.record(v.string(), v.nullable(v.union([v.string(), v.number(), v.boolean()]))),
  root: hash,
  links: v.array(linkSchema),
  outcome: v.looseObject({ success: v.looseObject({}), parametersSha256: hash }),
  hash,
});

const trained = v.looseObject({
  success,
  coupling: v.strictObject({ start: coupling, end: coupling }),
  envSteps: count,
  updates: count,
  parametersSha256: hash,
  checkpoints: v.array(metrics),
  labelQuality: v.array(metrics),
  receipt,
});

const stepErrors = v.array(v.strictObject({ lift: finite, predicted: finite, actual: finite, error: finite }));

/** The results of each kind, by its name. */
const results: Readonly<Record<string, v.GenericSchema>> = {
  train: trained,
  run: v.strictObject({ files: v.record(v.string(), v.string()) }),
  bandit: v.strictObject({ success, cosine: v.strictObject({ start: finite, end: finite }), envSteps: count }),
  danger: v.strictObject({ probabilities: v.array(v.array(share)), returns: numbers }),
  'risky-action': v.strictObject({ none: interval, group: interval }),
  'group-sign': v.strictObject({ sample: interval, group: interval }),
  squeezing: v.strictObject({
    path: v.array(numbers),
    measured: v.array(numbers),
    grid: v.array(v.strictObject({ start: numbers, closedForm: numbers, measured: numbers })),
  }),
  'step-error': v.strictObject({ initial: stepErrors, 'cold start': stepErrors, trained: stepErrors }),
};

/** What contradicts itself in the result of a training run; null if nothing does. */
function trainingFlaw(input: JsonRecord, result: v.InferOutput<typeof trained>): string | null {
  const { receipt } = result;
  const config = recordedConfig(resolveConfig(input)) as JsonRecord;
  if (canonicalJson(config) !== canonicalJson(receipt.config)) return 'its receipt is of another config';
  const flaw = receiptFlaw(receipt as unknown as Receipt);
  if (flaw !== null) return `its receipt contradicts itself: ${flaw}`;
  const { outcome } = receipt;
  if (outcome.parametersSha256 !== result.parametersSha256) return 'its parameters are not those of its receipt';
  if (canonicalJson({ ...outcome.success } as JsonRecord) !== canonicalJson(result.success)) {
    return 'its success is not that of its receipt';
  }
  return null;
}

/** As `trainingFlaw`, of the folder of a run. `readFolderClaim` compares its files with each other. */
function runFlaw(input: JsonRecord, result: RunFiles): string | null {
  const { receipt } = runReceipt(unpackRun(result));
  const config = recordedConfig(resolveConfig(input)) as JsonRecord;
  return canonicalJson(config) === canonicalJson(receipt.config) ? null : 'its receipt is of another config';
}

/**
 * Checks the form of a result, and that the result of a training run agrees with its own receipt. Only a replay can
 * tell whether the numbers are those of the job.
 *
 * @throws Error with the reason
 */
export function checkResult({ kind, input }: ReceivedJob, result: JsonRecord): void {
  const checked = v.safeParse(results[kind], result);
  if (!checked.success) {
    const [issue] = checked.issues;
    throw new Error(`it has not the form of a result of ${kind}: ${v.getDotPath(issue) ?? ''} ${issue.message}`);
  }
  const { output } = checked;
  const flaw =
    kind === trainKind.name
      ? trainingFlaw(input, output as v.InferOutput<typeof trained>)
      : kind === runKind.name
        ? runFlaw(input, output as RunFiles)
        : null;
  if (flaw !== null) throw new Error(flaw);
}
