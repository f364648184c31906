/** Runs variants times seeds into one folder; what is finished there is kept, what is unfinished is gone on with. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, canonicalConfigJson, resolveConfig } from '../../config/config.ts';
import { labelTermsOf, type MethodTerm, termsOf } from '../../config/method.ts';
import { writeFileAtomic } from '../../record/files.node.ts';
import { encodeJson, type JsonRecord } from '../../record/json.ts';
import { openRun } from '../../record/run.node.ts';
import type { CompareRecord } from '../../record/schemas.ts';
import { requireNoWriter } from '../../record/writerLock.node.ts';
import { termsText } from '../../report/compare/termNames.ts';
import type { Programs } from '../shared/bridges.ts';
import { type ComparisonTools, type PlannedRun, trainRuns } from './trainRuns.ts';

export interface ComparedVariant {
  readonly name: string;
  readonly method: string;
  /** `none` where no term of the method uses labels. */
  readonly labels: string;
  /** Learns from knowledge an agent cannot have. */
  readonly upperBound: boolean;
  /**
   * Tests another explanation of a gain: labels without meaning, or without a loss that tells good from bad in one
   * state.
   */
  readonly control: boolean;
}

export interface ComparisonPlan {
  readonly preset: string;
  readonly variants: readonly ComparedVariant[];
  readonly seeds: readonly number[];
  /** Config keys that all runs share. */
  readonly shared: Readonly<Record<string, unknown>>;
  /** Which programs may be started for the environment; none but those of this package if not given. */
  readonly programs?: Programs;
  readonly directory: string;
  /**
   * Time for training in ms: no further seed is begun when its runs would not fit. The clock decides how many, never
   * a result.
   */
  readonly budgetMs: number | null;
}

/** Terms that only do more of what was good: alone they are controls. */
const imitators: readonly MethodTerm[] = ['cloning', 'label-advantages'];

/**
 * Variants from text: entries `method` or `method:labels`, joined by `;`. Labels default to `graph`.
 *
 * @throws Error if an entry is no method, names labels that none of its terms uses, or comes twice
 */
export function parseVariants(text: string): readonly ComparedVariant[] {
  const variants = text.split(';').map((entry) => {
    const [method, labels, ...rest] = entry.trim().split(':');
    if (rest.length > 0) throw new Error(`variants: an entry must be method or method:labels, got "${entry.trim()}"`);
    const config = resolveConfig({ method, ...(labels !== undefined && { labels }) });
    const name = termsText(termsOf(config.method));
    const learners = labelTermsOf(config.method);
    if (learners.length === 0) {
      if (labels !== undefined)
        throw new Error(`variants: ${config.method} alone uses no labels, got "${entry.trim()}"; drop ":${labels}"`);
      return { name, method: config.method, labels: 'none', upperBound: false, control: false };
    }
    return {
      name: `${name}, ${config.labels} labels`,
      method: config.method,
      labels: config.labels,
      upperBound: config.labels === 'oracle',
      control: config.labels === 'shuffled' || learners.every((term) => imitators.includes(term)),
    };
  });
  const names = variants.map((variant) => variant.name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new Error(`variants: "${twice}" comes twice; keep one`);
  return variants;
}

/** Folder of a variant's run: `classifier-cloning-graph-s1`. */
function variantRun(variant: ComparedVariant, seed: number): string {
  const labels = variant.labels === 'none' ? '' : `-${variant.labels}`;
  return `${variant.method.replaceAll('+', '-')}${labels}-s${seed}`;
}

/** A planned run, and the config as its folder has it; null where there is none. */
interface FoundRun extends PlannedRun {
  readonly keptConfig: JsonRecord | null;
}

/** The config of one run of a comparison. */
export function variantConfig(plan: ComparisonPlan, variant: ComparedVariant, seed: number): Config {
  const labels = variant.labels === 'none' ? {} : { labels: variant.labels };
  return resolveConfig({ ...plan.shared, method: variant.method, ...labels, seed });
}

/**
 * A run and what its folder holds of it.
 *
 * @throws Error if the folder holds a damaged run
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
 * @throws Error if one of their folders holds a damaged run
 */
export function plannedRuns(plan: ComparisonPlan): FoundRun[] {
  return plan.seeds.flatMap((seed) => plan.variants.map((variant) => plannedRun(plan, variant, seed)));
}

/** @throws Error naming a folder that holds a run of another config */
export function requireSameConfigs(runs: readonly FoundRun[]): void {
  for (const { config, keptConfig, directory } of runs) {
    if (keptConfig !== null && canonicalConfigJson(resolveConfig(keptConfig)) !== canonicalConfigJson(config)) {
      throw new Error(`compare: ${directory} holds a run of another config; choose another --out`);
    }
  }
}

function noteOf(plan: ComparisonPlan, rounds: number): string {
  const seeds = rounds === 1 ? '1 seed each' : `${rounds} seeds each`;
  if (rounds === plan.seeds.length) return seeds;
  const minutes = plan.budgetMs === null ? '' : ` in ${plan.budgetMs / 60_000} minutes`;
  return `${seeds}: ${rounds} of ${plan.seeds.length} seeds fitted${minutes}`;
}

/**
 * Runs all variants seed by seed, so that finished seeds compare like with like, and keeps compare.json up to date
 * after each run.
 *
 * @returns the record of what is finished, and the error that ended it early, if one did
 */
export async function runComparison(
  plan: ComparisonPlan,
  tools: ComparisonTools,
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
    await trainRuns(left, plan.budgetMs, tools, onEnd);
  } catch (error) {
    return { record: soFar(), error };
  }
  const rounds = plan.seeds.filter((seed) => plan.variants.every((variant) => isFinished(variant, seed))).length;
  return { record: recordOf(noteOf(plan, rounds)), error: null };
}
