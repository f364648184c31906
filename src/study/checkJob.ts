/** Checks jobs that come from another program, before they run. */
import * as v from 'valibot';
import { resolveConfig } from '../config/config.ts';
import { isMethod } from '../config/method.ts';
import { isBuiltIn } from '../env/names.ts';
import { isJsonObject, type JsonRecord } from '../record/json.ts';
import { labelSources } from './danger/follow.ts';
import { dangerPresets } from './danger/presets.ts';
import { jobKindNames } from './jobKinds.ts';
import { runKind } from './trained/runFolderJob.ts';
import { trainKind } from './trained/trainJob.ts';

/** A job without the estimate of its duration. */
export interface ReceivedJob {
  readonly kind: string;
  readonly input: JsonRecord;
}

const inside = (low: number, high: number) => v.pipe(v.number(), v.finite(), v.minValue(low), v.maxValue(high));
const integer = (low: number, high = Number.MAX_SAFE_INTEGER) =>
  v.pipe(v.number(), v.safeInteger(), v.minValue(low), v.maxValue(high));
const seed = integer(0);
const probability = inside(0, 1);

/** The keys of a config. `resolveConfig` has their rules. */
const changes = v.pipe(
  v.record(v.string(), v.nullable(v.union([v.string(), v.number(), v.boolean()]))),
  v.rawCheck(({ dataset, addIssue }) => {
    try {
      if (dataset.typed) resolveConfig(dataset.value);
    } catch (error) {
      addIssue({ message: (error as Error).message });
    }
  }),
);

const groupOfActions = {
  q: probability,
  r: probability,
  groupSize: integer(2, 10_000),
  episodes: integer(2, 10_000_000),
  seed,
};

/** The inputs of each kind, by its name. The bounds contain every job of the studies, with space. */
const inputs: Readonly<Record<string, v.GenericSchema>> = {
  train: changes,
  run: changes,
  bandit: changes,
  danger: v.strictObject({
    rho: inside(-1, 1),
    seed,
    start: probability,
    iterations: integer(0, 100_000),
    arms: v.pipe(
      v.array(
        v.strictObject({
          method: v.pipe(v.string(), v.maxLength(200), v.check(isMethod, 'it must be a method, such as classifier')),
          labels: v.picklist(labelSources),
          coupling: v.boolean(),
          decoupleLambda: v.optional(inside(0, 1e6)),
          decouplePairs: v.optional(
            v.picklist(['all', 'other-state', 'opposite', 'opposite-words', 'labelled', 'same-label', 'permuted']),
          ),
        }),
      ),
      v.minLength(1),
      v.maxLength(100),
    ),
    preset: v.optional(v.picklist(dangerPresets)),
  }),
  'risky-action': v.strictObject(groupOfActions),
  'group-sign': v.strictObject({ ...groupOfActions, rest: probability }),
  squeezing: v.strictObject({
    step: v.picklist(['punish', 'expected']),
    start: v.tuple([probability, probability, probability]),
    stepSize: inside(0, 100),
    steps: integer(0, 10_000),
    resolution: integer(3, 200),
    gridStepSize: inside(0, 100),
  }),
  'step-error': v.strictObject({
    policy: v.picklist(['mlp', 'attention']),
    seed,
    iterations: integer(0, 100_000),
    lifts: v.pipe(v.array(inside(0, 1000)), v.minLength(1), v.maxLength(100)),
  }),
};

/**
 * A job as a stranger sent it, checked: its kind exists and its input follows the rules of that kind. A config inside
 * it follows the rules of all configs.
 *
 * @throws RangeError naming the rule and the next step
 */
export function checkJob(value: unknown): ReceivedJob {
  if (!isJsonObject(value) || typeof value.kind !== 'string' || !isJsonObject(value.input)) {
    throw new RangeError(
      'checkJob: a job must be an object with kind and input, got another value; send such an object',
    );
  }
  const { kind, input } = value;
  if (!Object.hasOwn(inputs, kind)) {
    throw new RangeError(
      `checkJob: kind must be one of ${jobKindNames.join(', ')}, got ${JSON.stringify(kind.slice(0, 80))}; send a job of this version`,
    );
  }
  const checked = v.safeParse(inputs[kind], input);
  if (checked.success) return { kind, input: input as JsonRecord };
  const [issue] = checked.issues;
  const path = v.getDotPath(issue);
  throw new RangeError(
    `checkJob: the input of a ${kind} job must follow its rules, got ${path === null ? '' : `${path}: `}${issue.message}; send a job of this version`,
  );
}

/** Whether a job starts a program: the bridge of an environment. */
export function jobStartsProgram({ kind, input }: ReceivedJob): boolean {
  if (kind !== trainKind.name && kind !== runKind.name) return false;
  return !isBuiltIn(resolveConfig(input).env);
}
