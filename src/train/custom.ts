/** The parts of a run that a user supplies: how they are loaded, how the config and the receipt name them. */
import { refuse } from '../check/values.ts';
import { type Config, resolveConfig } from '../config/config.ts';
import { importPart, type Part, type PartName } from '../config/customModule.ts';
import { usesLabels } from '../config/method.ts';
import type { CustomLabelSource } from '../credit/labels/custom.ts';
import type { ComposeNetwork } from '../engine/policy/custom.ts';
import { completeEnvironment } from '../env/completeEnvironment.ts';
import type { MakeEnvironment } from '../env/registry.ts';
import type { Crew } from '../parallel/crew.ts';
import type { CustomHead } from '../record/chain.ts';
import { sha256Hex } from '../record/sha256.ts';

/** Makes a source of labels; called once for a run, on the calling thread. */
export type MakeLabelSource = (config: Config) => CustomLabelSource;

/** Parts of a user's own. With more than one thread each must be the URL of a module. */
export interface CustomOptions {
  /** Makes the environment. `config.env` is then `custom` and is left out by the caller. */
  readonly environment?: Part<MakeEnvironment>;
  /** Composes the network. `config.policy` is then `custom` and is left out by the caller. */
  readonly policy?: Part<ComposeNetwork>;
  /** Makes the source of labels. `config.labels` is then `custom` and is left out by the caller. */
  readonly labelSource?: Part<MakeLabelSource>;
}

interface LoadedPart<Make> {
  readonly make: Make;
  /** null for a function. */
  readonly href: string | null;
  readonly sha256: string | null;
}

export interface CustomParts {
  readonly environment: LoadedPart<MakeEnvironment> | null;
  readonly policy: LoadedPart<ComposeNetwork> | null;
  readonly labelSource: LoadedPart<MakeLabelSource> | null;
}

/** The config key whose value is `custom` where the part is the user's. */
const keyOf = { environment: 'env', policy: 'policy', labelSource: 'labels' } as const satisfies Record<
  PartName,
  keyof Config
>;

const partNames = Object.keys(keyOf) as PartName[];

async function bytesAt(url: URL): Promise<Uint8Array> {
  if (url.protocol === 'file:') {
    const fs = globalThis.process.getBuiltinModule('node:fs/promises');
    return fs.readFile(url);
  }
  const response = await fetch(url);
  if (!response.ok) throw new Error(`HTTP status ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

async function hashAt(name: PartName, url: URL): Promise<string> {
  try {
    return sha256Hex(await bytesAt(url));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`train: ${name} must be a module whose bytes can be read, got ${reason}; check ${url.href}`, {
      cause,
    });
  }
}

async function loadPart<Make>(name: PartName, part: Part<Make>, threads: number): Promise<LoadedPart<Make>> {
  if (typeof part === 'function') {
    if (threads === 1) return { make: part, href: null, sha256: null };
    throw new Error(
      `train: ${name} must be the URL of a module with more than one thread, got a function on ${threads} threads; ` +
        `pass new URL('./my-${name}.js', import.meta.url), whose default export is the function, or leave out the crew`,
    );
  }
  let url: URL;
  try {
    url = new URL(part as URL | string);
  } catch {
    return refuse(
      'train',
      name,
      'a function or the absolute URL of a module',
      part,
      "use new URL('./file.js', import.meta.url)",
    );
  }
  const sha256 = await hashAt(name, url);
  return { make: await importPart<Make>(name, url.href), href: url.href, sha256 };
}

export const noParts: CustomParts = { environment: null, policy: null, labelSource: null };

export function suppliesParts(options: CustomOptions): boolean {
  return partNames.some((name) => options[name] !== undefined);
}

/** Loads what the options supply, for a run on the threads of their crew. */
export async function loadParts(options: CustomOptions & { readonly crew?: Crew }): Promise<CustomParts> {
  const { environment, policy, labelSource } = options;
  const threads = options.crew?.size ?? 1;
  return {
    environment: environment === undefined ? null : await loadPart('environment', environment, threads),
    policy: policy === undefined ? null : await loadPart('policy', policy, threads),
    labelSource: labelSource === undefined ? null : await loadPart('labelSource', labelSource, threads),
  };
}

/** Throws unless each part is supplied exactly where the config says `custom`. */
export function requireParts(config: Config, parts: CustomParts): void {
  for (const name of partNames) {
    const key = keyOf[name];
    if (config[key] === 'custom' && parts[name] === null) {
      throw new Error(
        `config: ${key} "custom" must come with the ${name} itself, got none; pass it to train() or replay() as options.${name}`,
      );
    }
    if (config[key] !== 'custom' && parts[name] !== null) {
      throw new Error(
        `config: ${key} must be "custom" with options.${name}, got "${config[key]}"; leave ${key} out of the config`,
      );
    }
  }
  if (parts.labelSource && !usesLabels(config)) {
    throw new Error(
      `config: method must have a term that reads labels with options.labelSource, got "${config.method}"; use e.g. "classifier+cloning"`,
    );
  }
}

/**
 * The complete config of a run with these parts: the keys that name a supplied part are `custom`. For an environment
 * that shows vectors the default policy is `mlp`.
 *
 * @throws if the config names another part, and as `resolveConfig` does
 */
export function configWith(partial: Partial<Config>, parts: CustomParts): Config {
  const given: Partial<Record<keyof Config, unknown>> = { ...partial };
  for (const name of partNames) if (parts[name] !== null) given[keyOf[name]] ??= 'custom';
  const config = resolveConfig(given);
  requireParts(config, parts);
  if (parts.environment === null || given.policy !== undefined) return config;
  const { form } = completeEnvironment(parts.environment.make(config));
  return form === 'vector' ? resolveConfig({ ...given, policy: 'mlp' }) : config;
}

/** What the receipt says of the parts; undefined without any. */
export function headOf(parts: CustomParts): CustomHead | undefined {
  const supplied = partNames.filter((name) => parts[name] !== null);
  if (supplied.length === 0) return undefined;
  return {
    note: 'replay needs these parts',
    ...Object.fromEntries(supplied.map((name) => [name, parts[name]?.sha256 ?? null])),
  };
}
