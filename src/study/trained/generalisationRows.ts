/** Settings of the generalisation study, their variants, and the numbers of each variant. */
import type { Estimate } from '../../report/studyTables.ts';
import { type BySeed, improvementEstimate, pairedEstimate } from '../estimates.ts';
import type { JobResults } from '../job.ts';
import { type StudyScale, seedsOf } from '../study.ts';
import type { TrainInput, TrainResult } from './trainJob.ts';
import { outOfDomain, runsOf, valuesOf } from './variantRuns.ts';
import {
  bothGraph,
  bothOracle,
  bothShuffled,
  classifierGraph,
  cloningGraph,
  exploringVariants,
  grpo,
  mainVariants,
  otherVariants,
  type StudyVariant,
} from './variants.ts';

/** A setting in which the variants are compared. */
export interface Setting {
  readonly id: string;
  readonly title: string;
  readonly config: TrainInput;
  /** Approximate duration of a run in seconds on one core. */
  readonly seconds: number;
  readonly groups: readonly { readonly variants: readonly StudyVariant[]; readonly seeds: number }[];
}

const household = { id: 'household', title: 'household', config: {}, seconds: 8 };
const cold = {
  id: 'household-no-cold-start',
  title: 'household without demonstrations at the start',
  config: { coldStart: 0 },
  seconds: 8,
};
const crafting = { id: 'crafting', title: 'crafting', config: { env: 'crafting' }, seconds: 8 };
export const coinGame = 'textworld-express/coin';
const coin = {
  id: 'coin',
  title: 'TextWorldExpress coin',
  // As in docs/results/textworld-coin.md, where the settings were chosen on seed 1.
  config: {
    ...{ env: coinGame, iterations: 45, learningRate: 0.006, cloningCoef: 1, evalEpisodes: 200 },
  },
  seconds: 130,
};

const withoutDemonstrations = (variants: readonly StudyVariant[]): readonly StudyVariant[] =>
  variants.filter(({ config }) => config.labels !== 'demonstrations');

export function settingsOf(scale: StudyScale): readonly Setting[] {
  if (scale.size === 'quick') {
    const few = [grpo, classifierGraph, cloningGraph, bothGraph, bothShuffled, bothOracle];
    return [
      { ...household, groups: [{ variants: few, seeds: 3 }] },
      { ...cold, groups: [{ variants: [grpo, bothGraph, bothOracle], seeds: 3 }] },
      { ...crafting, groups: [{ variants: [grpo, bothGraph, bothShuffled], seeds: 3 }] },
    ];
  }
  const main = [
    { variants: mainVariants, seeds: 20 },
    { variants: otherVariants, seeds: 5 },
  ];
  return [
    { ...household, groups: main },
    {
      ...cold,
      groups: [
        ...main.map((group) => ({ ...group, variants: withoutDemonstrations(group.variants) })),
        { variants: exploringVariants, seeds: 5 },
      ],
    },
    { ...crafting, groups: main },
    ...(scale.noGames(coinGame) === null
      ? [{ ...coin, groups: [{ variants: [grpo, bothGraph, bothShuffled], seeds: 5 }] }]
      : []),
  ];
}

export function inputOf(setting: Setting, variant: StudyVariant, seed: number): TrainInput {
  return { ...setting.config, ...variant.config, seed };
}

export interface Trained {
  readonly variant: StudyVariant;
  readonly of: (pick: (result: TrainResult) => number | null) => BySeed;
}

/** The variants of a setting that have a finished run. */
export function trainedIn(setting: Setting, results: JobResults, scale: StudyScale): readonly Trained[] {
  return setting.groups
    .flatMap(({ variants, seeds }) =>
      runsOf(results, variants, seedsOf(scale, seeds), (variant, seed) => inputOf(setting, variant, seed)),
    )
    .map((each) => ({ variant: each.variant, of: (pick) => valuesOf(each, pick) }));
}

/** Differences to GRPO in the same setting; null for GRPO itself. */
export function differences(each: Trained, baseline: Trained | undefined): [Estimate | null, Estimate | null] {
  if (baseline === undefined || each === baseline) return [null, null];
  const [treated, plain] = [each.of(outOfDomain), baseline.of(outOfDomain)];
  return [pairedEstimate(treated, plain), improvementEstimate(treated, plain)];
}

/** Gain of a classifier variant with graph labels over cloning the same labels; null for other variants. */
export function beyondCloning(each: Trained, trained: readonly Trained[]): Estimate | null {
  const cloned = trained.find(({ variant }) => variant === cloningGraph);
  if (cloned === undefined || (each.variant !== classifierGraph && each.variant !== bothGraph)) return null;
  return pairedEstimate(each.of(outOfDomain), cloned.of(outOfDomain));
}
