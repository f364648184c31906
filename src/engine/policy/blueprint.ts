/**
 * A blueprint describes the network of a policy as text. Together with its parameters, it is sufficient to score
 * actions in another program.
 */

import { hasRepeatedKey, parseJson } from '../../check/parseJson.ts';
import { isPlainObject, shown, withoutControls } from '../../check/values.ts';
import type { InputShape } from '../layers/batch.ts';
import type { PolicyConfig } from './heads.ts';

/** Version of the text. Raise it when a key or the meaning of a key changes. */
const version = 1;

/** What a policy's network is built from: environment, input shape and sizes. */
export interface Blueprint {
  /** Name and version of the environment for whose states and actions the policy was built. */
  readonly environment: string;
  readonly shape: InputShape;
  readonly config: PolicyConfig;
}

const shapeKeys = ['form', 'layout', 'vocabularySize', 'stateSlots', 'actionSlots', 'vectorWidth'] as const;
const configKeys = [
  'policy',
  'tokenWidth',
  'matchWidth',
  'hidden',
  'embedding',
  'blocks',
  'heads',
  'logitScale',
] as const;

/** Keys of optional parts. A policy without the part omits the key. */
const partKeys = ['actionHeads', 'valueHead', 'separateValue', 'normalizeObservations', 'layerNorm', 'hinted'] as const;

/** The allowed values of the keys that hold text. Every other key holds a number. */
const words: Readonly<Record<string, readonly string[]>> = {
  form: ['tokens', 'vector'],
  layout: ['slots', 'sequence'],
  policy: ['attention', 'mlp'],
};

/** Keys whose count can be 0. */
const mayBeZero: readonly string[] = ['blocks', 'stateSlots', 'vectorWidth'];

/**
 * Upper bounds for a text that comes from a file. The config has the same bound for blocks. A policy with larger counts
 * does not fit in memory.
 */
const maxText = 10_000;
const maxEnvironment = 1000;
const maxBlocks = 4;
const maxCount = 2 ** 24;
/** Features are 32-bit integers. */
const maxFeatures = 2 ** 31;

/** Returns these keys of `record` in this order, and omits its other keys. */
function only<K extends string>(record: Readonly<Record<K, unknown>>, keys: readonly K[]): Record<K, unknown> {
  return Object.fromEntries(keys.map((key) => [key, record[key]])) as Record<K, unknown>;
}

function partsIn(config: PolicyConfig): Partial<Record<(typeof partKeys)[number], true>> {
  return Object.fromEntries(partKeys.filter((key) => config[key]).map((key) => [key, true]));
}

/** Returns the blueprint as JSON. Equal blueprints have equal text. */
export function blueprintToJson({ environment, shape, config }: Blueprint): string {
  return JSON.stringify({
    version,
    environment,
    shape: only(shape, shapeKeys),
    config: { ...only(config, configKeys), ...partsIn(config) },
  });
}

type Refuse = (rule: string, got: unknown) => never;

/** Returns a function that throws an Error with `caller`, the rule, the value and the advice. */
const refusing =
  (caller: string, advice: string): Refuse =>
  (rule, got) => {
    throw new Error(`${caller}: ${rule}, got ${got === undefined ? 'nothing' : shown(got)}; ${advice}`);
  };

const advice = 'save the policy again with this version of unbraid';
const refuse: Refuse = refusing('blueprintFromJson', advice);

/** Checks that `record` is an object with all of `keys` and no other keys than these and the `optional` ones. */
function checkKeysOf(name: string, record: unknown, keys: readonly string[], optional: readonly string[] = []): void {
  if (!isPlainObject(record)) refuse(`${name} must be an object`, record);
  for (const key of Object.keys(record)) {
    if (!keys.includes(key) && !optional.includes(key)) refuse(`${name} must have known keys only`, key);
  }
}

function checkValues(refuse: Refuse, name: string, record: Record<string, unknown>, keys: readonly string[]): void {
  for (const key of keys) {
    const value = record[key];
    if (words[key]) {
      if (!words[key].includes(value as string))
        refuse(`${name}.${key} must be one of ${words[key].join(', ')}`, value);
    } else if (key === 'logitScale') {
      if (!(Number.isFinite(value) && (value as number) > 0)) refuse(`${name}.${key} must be a number > 0`, value);
    } else {
      const least = mayBeZero.includes(key) ? 0 : 1;
      const most = key === 'blocks' ? maxBlocks : maxCount;
      if (!(Number.isSafeInteger(value) && (value as number) >= least))
        refuse(`${name}.${key} must be an integer >= ${least}`, value);
      if ((value as number) > most) refuse(`${name}.${key} must be an integer <= ${most}`, value);
    }
  }
}

/** Rejects counts that contradict each other; no run saves such counts. */
function checkTogether(refuse: Refuse, { shape, config }: Blueprint): void {
  const { form, layout, vocabularySize, stateSlots, actionSlots, vectorWidth } = shape;
  const isVector = form === 'vector';
  const policy = isVector ? 'mlp' : 'attention';
  if (config.policy !== policy) refuse(`config.policy must be "${policy}" for the ${form} form`, config.policy);
  for (const key of ['separateValue', 'normalizeObservations'] as const) {
    if (config[key] && !isVector) refuse(`config.${key} must be false for the ${form} form`, true);
  }
  if (config.separateValue && !config.valueHead) refuse('config.valueHead must be true with separateValue', false);
  const expected = isVector
    ? {
        layout: layout === 'slots',
        stateSlots: stateSlots === 0,
        actionSlots: actionSlots === 1,
        vectorWidth: vectorWidth > 0,
      }
    : { stateSlots: stateSlots > 0, vectorWidth: vectorWidth === 0 };
  for (const [key, holds] of Object.entries(expected)) {
    if (!holds) refuse(`shape.${key} must fit the ${form} form`, shape[key as keyof InputShape]);
  }
  if (vocabularySize * Math.max(stateSlots, actionSlots) >= maxFeatures)
    refuse(`shape.vocabularySize times slots must be below ${maxFeatures}`, vocabularySize);
}

/**
 * Rejects a number of heads that does not divide the width of the layer. When a policy is built, the layer makes this
 * check.
 */
function checkHeads({ shape, config }: Blueprint): void {
  const { tokenWidth, heads } = config;
  checkValues(refuse, 'config', { heads }, ['heads']);
  const attends = shape.form === 'tokens' && (config.blocks > 0 || shape.layout === 'sequence');
  if (attends && tokenWidth % heads !== 0) refuse(`config.heads must divide tokenWidth ${tokenWidth}`, heads);
}

/**
 * Rejects a blueprint that `blueprintFromJson` would reject. The divisibility of the width by the heads is not checked
 * here.
 *
 * @throws Error `<caller>: <key> must be <rule>, got <value>; <advice>`
 */
export function checkBlueprint(caller: string, advice: string, blueprint: Blueprint): void {
  const refuse: Refuse = refusing(caller, advice);
  const { environment, shape, config } = blueprint;
  if (typeof environment !== 'string') refuse('environment must be text', environment);
  if (environment.length > maxEnvironment)
    refuse(`environment must have at most ${maxEnvironment} characters`, environment);
  if (withoutControls(environment) !== environment)
    refuse('environment must be text without control characters', environment);
  checkValues(refuse, 'shape', { ...shape }, shapeKeys);
  checkValues(
    refuse,
    'config',
    { ...config },
    configKeys.filter((key) => key !== 'heads'),
  );
  for (const key of partKeys) {
    const has: unknown = config[key] ?? false;
    if (typeof has !== 'boolean') refuse(`config.${key} must be true or false`, has);
  }
  checkTogether(refuse, blueprint);
}

/**
 * Reads the text that `blueprintToJson` wrote.
 *
 * @throws Error that names the missing, unknown or wrong key, its rule and the value
 */
export function blueprintFromJson(json: string): Blueprint {
  if (typeof json !== 'string' || json.length > maxText)
    refuse(`the text must have at most ${maxText} characters`, json);
  let saved: unknown;
  try {
    saved = parseJson(json);
  } catch {
    refuse('the text must be JSON', json);
  }
  if (typeof saved !== 'object' || saved === null) return refuse('the text must be a JSON object', saved);
  if (hasRepeatedKey(json, saved)) refuse('the text must have each key once', json);
  const got = (saved as { version?: unknown }).version;
  if (got !== version) refuse(`version must be ${version}`, got);
  checkKeysOf('the text', saved, ['version', 'environment', 'shape', 'config']);
  const blueprint = saved as Blueprint;
  const { environment, shape, config } = blueprint;
  checkKeysOf('shape', shape, shapeKeys);
  checkKeysOf('config', config, configKeys, partKeys);
  for (const key of partKeys) {
    if (config[key] !== undefined && config[key] !== true) refuse(`config.${key} must be true or absent`, config[key]);
  }
  checkBlueprint('blueprintFromJson', advice, blueprint);
  checkHeads(blueprint);
  return { environment, shape, config };
}
