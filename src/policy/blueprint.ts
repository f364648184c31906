/** What a policy's network is built from, as text: with its parameters, all that another host needs to score actions. */
import type { InputShape } from '../layers/batch.ts';
import { parseJson } from '../parseJson.ts';
import type { PolicyConfig } from './heads.ts';

/** Version of the text; a change of its keys or of what they mean raises it. */
const version = 1;

export interface Blueprint {
  /** Name and version of the environment whose states and actions the policy reads. */
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

/** Keys of the heads that a policy may have, left out where it has not. */
const headKeys = ['actionHeads', 'valueHead'] as const;

/** The values that a key of text may have; every other key holds a number. */
const words: Readonly<Record<string, readonly string[]>> = {
  form: ['tokens', 'vector'],
  layout: ['slots', 'sequence'],
  policy: ['attention', 'mlp'],
};

/** Keys that count something which may be absent. */
const mayBeZero: readonly string[] = ['blocks', 'stateSlots', 'vectorWidth'];

/** Of `record`, which may hold more, these keys in this order. */
function only<K extends string>(record: Readonly<Record<K, unknown>>, keys: readonly K[]): Record<K, unknown> {
  return Object.fromEntries(keys.map((key) => [key, record[key]])) as Record<K, unknown>;
}

function headsIn(config: PolicyConfig): Partial<Record<(typeof headKeys)[number], true>> {
  return Object.fromEntries(headKeys.filter((key) => config[key]).map((key) => [key, true]));
}

/** Equal text for equal blueprints. */
export function blueprintToJson({ environment, shape, config }: Blueprint): string {
  return JSON.stringify({
    version,
    environment,
    shape: only(shape, shapeKeys),
    config: { ...only(config, configKeys), ...headsIn(config) },
  });
}

function refuse(rule: string, got: unknown): never {
  const shown = (JSON.stringify(got) ?? 'nothing').slice(0, 80);
  throw new Error(`blueprintFromJson: ${rule}, got ${shown}; save the policy again with this version of unbraid`);
}

function checkValues(name: string, record: unknown, keys: readonly string[]): void {
  if (typeof record !== 'object' || record === null) refuse(`${name} must be an object`, record);
  for (const key of keys) {
    const value = (record as Record<string, unknown>)[key];
    if (words[key]) {
      if (!words[key].includes(value as string))
        refuse(`${name}.${key} must be one of ${words[key].join(', ')}`, value);
    } else if (key === 'logitScale') {
      if (!(Number.isFinite(value) && (value as number) > 0)) refuse(`${name}.${key} must be a number > 0`, value);
    } else {
      const least = mayBeZero.includes(key) ? 0 : 1;
      if (!(Number.isSafeInteger(value) && (value as number) >= least))
        refuse(`${name}.${key} must be an integer >= ${least}`, value);
    }
  }
}

/**
 * Reads what `blueprintToJson` wrote.
 *
 * @throws Error naming the key that is missing or wrong, its rule and the value got
 */
export function blueprintFromJson(json: string): Blueprint {
  let saved: unknown;
  try {
    saved = parseJson(json);
  } catch {
    refuse('the text must be JSON', json);
  }
  if (typeof saved !== 'object' || saved === null) return refuse('the text must be a JSON object', saved);
  const { environment, shape, config } = saved as Blueprint;
  const got = (saved as { version?: unknown }).version;
  if (got !== version) refuse(`version must be ${version}`, got);
  if (typeof environment !== 'string') refuse('environment must be text', environment);
  checkValues('shape', shape, shapeKeys);
  checkValues('config', config, configKeys);
  for (const key of headKeys) {
    if (config[key] !== undefined && config[key] !== true) refuse(`config.${key} must be true or absent`, config[key]);
  }
  return { environment, shape, config };
}
