/** The schema of a sweep file. docs/sweep.md explains the keys, and a test compares its table with the rules here. */
import * as v from 'valibot';
import { nearestName } from '../../check/nearestName.ts';
import { isPlainObject, shown } from '../../check/values.ts';
import { FRESH } from '../trained/chosen.ts';

const text = v.string();
const integerIn = (low: number, high: number) => v.pipe(v.number(), v.safeInteger(), v.minValue(low), v.maxValue(high));

const finite = v.pipe(v.number(), v.finite());
const value = v.nullable(v.union([finite, v.string(), v.boolean()]));
const range = v.strictObject({
  min: finite,
  max: finite,
  scale: v.optional(v.picklist(['linear', 'log']), 'linear'),
  steps: v.optional(integerIn(2, 1000)),
});
const list = v.pipe(v.array(value), v.minLength(1));

const trials = integerIn(1, 10_000);
const seed = v.optional(integerIn(0, Number.MAX_SAFE_INTEGER), 1);

const sweepSchema = v.strictObject({
  name: v.optional(v.pipe(text, v.regex(/^(?!jobs$)\w[\w-]{0,63}$/))),
  config: v.optional(v.record(text, value), {}),
  space: v.pipe(
    v.record(
      text,
      v.lazy((given) => (Array.isArray(given) ? list : range)),
    ),
    v.check((space) => Object.keys(space).length > 0),
  ),
  strategy: v.variant('name', [
    v.strictObject({ name: v.literal('grid') }),
    v.strictObject({ name: v.literal('random'), trials, seed }),
    v.strictObject({
      name: v.literal('halving'),
      trials,
      seed,
      eta: v.optional(integerIn(2, 100), 3),
      minIterations: integerIn(1, 1_000_000),
    }),
  ]),
  seeds: v.optional(
    v.strictObject({
      first: v.optional(integerIn(0, 2 ** 52), 1),
      development: v.optional(integerIn(1, FRESH), 3),
      fresh: v.optional(integerIn(1, 10_000), 10),
    }),
    {},
  ),
  measure: v.optional(v.picklist(['success.inDomain', 'success.train']), 'success.inDomain'),
});

/** A sweep file with the defaults of its schema. */
export type SweepFile = v.InferOutput<typeof sweepSchema>;

/** Completes "<key> must be ..."; KEY stands for a config key. */
export const rules: Readonly<Record<string, string>> = {
  name: 'up to 64 letters, digits, _ and -, and not "jobs"',
  config: 'an object of config keys and values',
  'config.KEY': 'a number, a text, true, false or null',
  space: 'an object with at least one config key',
  'space.KEY': 'a list of values or an object with min and max',
  'space.KEY[]': 'a number, a text, true, false or null',
  'space.KEY.min': 'a number',
  'space.KEY.max': 'a number',
  'space.KEY.scale': 'one of linear, log',
  'space.KEY.steps': 'an integer from 2 to 1,000',
  strategy: 'an object with name',
  'strategy.name': 'one of grid, random, halving',
  'strategy.trials': 'an integer from 1 to 10,000',
  'strategy.seed': 'an integer >= 0',
  'strategy.eta': 'an integer from 2 to 100',
  'strategy.minIterations': 'an integer from 1 to 1,000,000',
  seeds: 'an object with first, development and fresh',
  'seeds.first': 'an integer from 0 to 2^52',
  'seeds.development': `an integer from 1 to ${FRESH}`,
  'seeds.fresh': 'an integer from 1 to 10,000',
  measure: 'one of success.inDomain, success.train',
};

const help = 'docs/sweep.md explains the keys';

/** Next steps that say more than `help`. */
const advices: Readonly<Record<string, string>> = {
  name: 'it names the folder of the report',
  measure:
    'games out of domain choose nothing, so that they stay a test of the chosen setting; the report shows their success',
  'strategy.trials': 'it is the number of settings that are drawn',
  'strategy.minIterations': 'it is the number of iterations of the first rung',
  'seeds.development': 'the fresh seeds begin 100 after the first development seed',
};

interface Issue {
  readonly expected: string | null;
  readonly input: unknown;
  readonly path?: readonly { readonly key: unknown; readonly origin: string; readonly value: unknown }[];
}

/** The keys that the file may have where `path` ends. */
function knownKeys(rule: string): string[] {
  const head = rule === '' ? '' : `${rule}.`;
  const below = Object.keys(rules).filter((key) => key.startsWith(head) && key !== rule);
  return [...new Set(below.map((key) => key.slice(head.length).split('.')[0]))];
}

function messageOf({ expected, input, path = [] }: Issue): string {
  const keys = path.map(({ key }) => key as string | number);
  const ruleOf = (part: readonly (string | number)[]): string =>
    part
      .map((key, i) =>
        typeof key === 'number'
          ? '[]'
          : `${i > 0 ? '.' : ''}${i === 1 && /^(space|config)$/.test(String(part[0])) ? 'KEY' : key}`,
      )
      .join('');
  const name = keys.map((key, i) => (typeof key === 'number' ? `[${key}]` : `${i > 0 ? '.' : ''}${key}`)).join('');
  if (expected === 'never') {
    const known = knownKeys(ruleOf(keys.slice(0, -1)));
    const key = String(keys.at(-1));
    if (known.includes(key)) {
      const { name: strategy } = path[0].value as { name: unknown };
      return `unknown key ${shown(name)}; strategy ${shown(strategy)} has no such key`;
    }
    const nearest = nearestName(key, known);
    const advice = nearest === null ? `the keys there are ${known.join(', ')}` : `did you mean "${nearest}"?`;
    return `unknown key ${shown(name)}; ${advice}`;
  }
  const rule = ruleOf(keys);
  const got = input === undefined ? 'nothing' : shown(input);
  return `${name} must be ${rules[rule]}, got ${got}; ${advices[rule] ?? help}`;
}

/**
 * The content of a sweep file, with defaults.
 *
 * @param caller start of messages
 * @throws Error that names the first wrong key, its rule and the value
 */
export function checkSweepFile(content: unknown, caller: string): SweepFile {
  if (!isPlainObject(content)) {
    throw new Error(`${caller}: the content must be a JSON object, got ${shown(content)}; ${help}`);
  }
  const parsed = v.safeParse(sweepSchema, content);
  if (parsed.success) return parsed.output;
  throw new Error(`${caller}: ${messageOf(parsed.issues[0] as Issue)}`);
}
