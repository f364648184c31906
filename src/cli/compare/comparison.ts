/** Runs each variant at each seed in one folder. Finished runs in the folder are kept, unfinished ones are resumed. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, canonicalConfigJson, resolveConfig } from '../../config/config.ts';
import { labelTermsOf, type MethodTerm, termsOf, usesLabels } from '../../config/method.ts';
import { writeFileAtomic } from '../../record/files.node.ts';
import { encodeJson, type JsonRecord } from '../../record/json.ts';
import { openRun } from '../../record/run.node.ts';
import type { CompareRecord } from '../../record/schemas.ts';
import { requireNoWriter } from '../../record/writerLock.node.ts';
import { termsText } from '../../report/compare/termNames.ts';
import { parseSetting, type Settings } from '../shared/arguments.ts';
import type { Programs } from '../shared/bridges.ts';
import { commandConfig } from '../shared/commandConfig.ts';
import type { PlannedRun } from './trainRuns.ts';

/** Config keys of a variant. */
type VariantSettings = Readonly<Record<string, string | number | boolean | null>>;

export interface ComparedVariant {
  readonly name: string;
  readonly method: string;
  /** `none` if the variant uses no labels. */
  readonly labels: string;
  /** Config keys that this variant sets; absent: none. */
  readonly settings?: VariantSettings;
  /** Uses task knowledge that the agent does not have. */
  readonly upperBound: boolean;
  /** Tests another explanation of a gain: permuted labels, or terms that do not classify actions as good or bad. */
  readonly control: boolean;
}

export interface ComparisonPlan {
  readonly preset: string;
  readonly variants: readonly ComparedVariant[];
  readonly seeds: readonly number[];
  /** Config keys that all runs share. */
  readonly shared: Readonly<Record<string, unknown>>;
  /** Programs that may be started for the environment; default: only those of this package. */
  readonly programs?: Programs;
  readonly directory: string;
  /** Time limit for training in ms, or null. It limits the number of seeds and does not change the result of a run. */
  readonly budgetMs: number | null;
}

/** Terms that increase the probability of actions labelled good, without a classifier. Alone they are controls. */
const imitators: readonly MethodTerm[] = ['cloning', 'label-advantages'];

/** Values of keys that make a variant a control. */
const controls: readonly (readonly [key: string, value: unknown])[] = [
  ['decouplePairs', 'permuted'],
  ['decouplePairs', 'same-label'],
  ['hint', 'random'],
];

/** Keys that a variant states in another way, or that all variants of a comparison share. */
const fixedKeys: readonly string[] = ['method', 'labels', 'seed', 'env'];

/** The settings of an entry: `key=value`, joined by commas. */
function parseSettings(entry: string, text: string): VariantSettings {
  let settings: Settings | undefined;
  for (const part of text.split(',')) {
    try {
      settings = parseSetting(part, settings);
    } catch (error) {
      throw new Error(
        `variants: settings must be key=value, joined by commas, each key once, got "${part}" in "${entry}"; ${(error as Error).message}`,
      );
    }
  }
  const keys = [...(settings?.keys() ?? [])];
  const fixed = keys.find((key) => fixedKeys.includes(key));
  if (fixed !== undefined) {
    throw new Error(
      `variants: a setting must not be ${fixedKeys.join(', ')}, got "${fixed}" in "${entry}"; write method:labels@key=value, and give --seeds and --env`,
    );
  }
  // `variantConfig` checks the values by the rules of the config, which admit no lists and objects.
  return Object.fromEntries(settings as Settings) as VariantSettings;
}

/** One entry of `parseVariants`. */
function parseVariant(entry: string): ComparedVariant {
  const at = entry.indexOf('@');
  const settings = at < 0 ? {} : parseSettings(entry, entry.slice(at + 1));
  const [method, labels, ...rest] = (at < 0 ? entry : entry.slice(0, at)).split(':');
  if (rest.length > 0) throw new Error(`variants: an entry must be method or method:labels, got "${entry}"`);
  const config = commandConfig({ method, ...(labels !== undefined && { labels }) });
  const learners = labelTermsOf(config.method);
  const needsLabels = usesLabels({ decouplePairs: 'all', ...settings, method: config.method });
  if (!needsLabels && labels !== undefined) {
    throw new Error(
      `variants: ${config.method} must be given without labels, which it does not use, got "${entry}"; drop ":${labels}"`,
    );
  }
  const words = Object.entries(settings).map(([key, value]) => `, ${key} ${value}`);
  const name = termsText(termsOf(config.method)) + (needsLabels ? `, ${config.labels} labels` : '') + words.join('');
  const imitates = learners.length > 0 && learners.every((term) => imitators.includes(term));
  return {
    ...{ name, method: config.method, labels: needsLabels ? config.labels : 'none' },
    ...(words.length > 0 && { settings }),
    upperBound: needsLabels && config.labels === 'oracle',
    control:
      (needsLabels && config.labels === 'shuffled') ||
      imitates ||
      controls.some(([key, value]) => settings[key] === value),
  };
}

/**
 * Variants from text: entries `method` or `method:labels`, each with `@key=value,...` for config keys of its own. They
 * are joined by `;`. Labels default to `graph`.
 *
 * @throws Error if an entry is no method, names labels that it does not use, has a setting that is not one, or occurs
 *   twice
 */
export function parseVariants(text: string): readonly ComparedVariant[] {
  const variants = text.split(';').map((entry) => parseVariant(entry.trim()));
  const names = variants.map((variant) => variant.name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new Error(`variants: each variant must be given once, got "${twice}" twice; keep one`);
  return variants;
}

/** Name of the folder of a run, such as `classifier-cloning-graph-s1` or `grpo-optimizer-muon-s1`. */
function variantRun({ method, labels, settings = {} }: ComparedVariant, seed: number): string {
  const parts = [method, ...(labels === 'none' ? [] : [labels]), ...Object.entries(settings).flat(), `s${seed}`];
  return parts.join('-').replaceAll(/[^\w.-]/g, '-');
}

/** A planned run, and the config in its folder; null if there is none. */
interface FoundRun extends PlannedRun {
  readonly keptConfig: JsonRecord | null;
}

/** The config of one run of a comparison. */
export function variantConfig(plan: ComparisonPlan, variant: ComparedVariant, seed: number): Config {
  const labels = variant.labels === 'none' ? {} : { labels: variant.labels };
  return commandConfig({ ...plan.shared, method: variant.method, ...labels, ...variant.settings, seed });
}

/**
 * A planned run, with the part of it that its folder contains.
 *
 * @throws Error if the folder contains a damaged run
 */
function plannedRun(plan: ComparisonPlan, variant: ComparedVariant, seed: number): FoundRun {
  const name = variantRun(variant, seed);
  const directory = join(plan.directory, name);
  const config = variantConfig(plan, variant, seed);
  const run = { name, config, directory, programs: plan.programs ?? 'shipped', keptConfig: null };
  if (!existsSync(join(directory, 'config.json'))) return { ...run, kept: 'nothing' };
  requireNoWriter('compare', directory);
  const { config: keptConfig, result, latest } = openRun(directory);
  return { ...run, keptConfig, kept: result !== null ? 'all' : { part: latest ?? 0 } };
}

/**
 * All runs of a comparison, seed by seed.
 *
 * @throws Error if one of their folders contains a damaged run
 */
export function plannedRuns(plan: ComparisonPlan): FoundRun[] {
  return plan.seeds.flatMap((seed) => plan.variants.map((variant) => plannedRun(plan, variant, seed)));
}

/** @throws Error naming a folder that contains a run with another config */
export function requireSameConfigs(runs: readonly FoundRun[]): void {
  for (const { config, keptConfig, directory } of runs) {
    if (keptConfig !== null && canonicalConfigJson(resolveConfig(keptConfig)) !== canonicalConfigJson(config)) {
      throw new Error(`compare: ${directory} contains a run with another config; choose another --out`);
    }
  }
}

function noteOf(plan: ComparisonPlan, rounds: number): string {
  const seeds = rounds === 1 ? '1 seed each' : `${rounds} seeds each`;
  if (rounds === plan.seeds.length) return seeds;
  const minutes = plan.budgetMs === null ? '' : ` within the time limit of ${plan.budgetMs / 60_000} min`;
  return `${seeds}: completed ${rounds} of ${plan.seeds.length} seeds${minutes}`;
}

/**
 * Trains the runs of a comparison that are not finished.
 *
 * @param onEnd called after each run that has succeeded
 */
export type TrainLeft = (left: readonly PlannedRun[], onEnd: (run: PlannedRun) => void) => Promise<void>;

/**
 * Runs all variants seed by seed, so that finished seeds have all variants, and updates compare.json after each run.
 *
 * @returns the record of the finished runs, and the error that ended the comparison early, or null
 */
export async function runComparison(
  plan: ComparisonPlan,
  trainLeft: TrainLeft,
): Promise<{ record: CompareRecord; error: unknown }> {
  const finished = new Set<string>();
  const isFinished = (variant: ComparedVariant, seed: number): boolean => finished.has(variantRun(variant, seed));
  const recordOf = (note: string): CompareRecord => ({
    command: 'compare',
    preset: plan.preset,
    note,
    variants: plan.variants
      .map((variant) => ({
        ...variant,
        runs: plan.seeds.filter((seed) => isFinished(variant, seed)).map((seed) => variantRun(variant, seed)),
      }))
      .filter((variant) => variant.runs.length > 0),
  });
  const soFar = (): CompareRecord => recordOf(`stopped after ${finished.size} runs`);
  const onEnd = ({ name }: PlannedRun): void => {
    finished.add(name);
    writeFileAtomic(join(plan.directory, 'compare.json'), `${encodeJson(soFar(), 'compare.json', 2)}\n`);
  };
  try {
    const runs = plannedRuns(plan);
    requireSameConfigs(runs);
    for (const { name, kept } of runs) if (kept === 'all') finished.add(name);
    const left = runs.filter(({ kept }) => kept !== 'all');
    await trainLeft(left, onEnd);
  } catch (error) {
    return { record: soFar(), error };
  }
  const rounds = plan.seeds.filter((seed) => plan.variants.every((variant) => isFinished(variant, seed))).length;
  return { record: recordOf(noteOf(plan, rounds)), error: null };
}
