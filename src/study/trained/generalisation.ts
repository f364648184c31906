/** Success on training games and on held-out combinations, for every method and label source, in several settings. */
import { roleName } from '../../report/compare/variantRole.ts';
import { estimateText, type StudyTable } from '../../report/studyTables.ts';
import { estimateOf } from '../estimates.ts';
import { differencesText, type NamedDifference } from '../findings.ts';
import { type Job, type JobResults, jobOf } from '../job.ts';
import { type Study, type StudyReport, type StudyScale, seedsOf } from '../study.ts';
import { profileFigure, successFigures } from './generalisationFigures.ts';
import {
  beyondCloning,
  coinGame,
  differences,
  inputOf,
  type Setting,
  settingsOf,
  type Trained,
  trainedIn,
} from './generalisationRows.ts';
import { trainKind } from './trainJob.ts';
import { grpoOf, outOfDomain } from './variantRuns.ts';
import { exploringVariants, mainVariants, otherVariants, type StudyVariant, trainCommand } from './variants.ts';

/** Jobs by setting, then seed by seed, so that an unfinished study has the same seeds for all variants. */
function plan(scale: StudyScale): readonly Job[] {
  return settingsOf(scale).flatMap((setting) => {
    const all = setting.groups.flatMap(({ variants, seeds }) =>
      seedsOf(scale, seeds).flatMap((seed) => variants.map((variant) => ({ variant, seed }))),
    );
    return all
      .toSorted((a, b) => a.seed - b.seed)
      .map(({ variant, seed }) => jobOf(trainKind, inputOf(setting, variant, seed), setting.seconds));
  });
}

function tableOf(setting: Setting, trained: readonly Trained[]): StudyTable {
  const baseline = grpoOf(trained);
  return {
    id: setting.id,
    title: `Success and coupling at the end of training, ${setting.title}`,
    rowHead: 'variant',
    columns: [
      'train success',
      'in-domain success',
      'out-of-domain success',
      'out-of-domain gain over GRPO',
      'probability of improvement over GRPO',
      'good-bad cosine',
      'environment steps (thousands)',
      'out-of-domain gain over cloning, graph labels',
    ],
    rows: trained.map((each) => ({
      name: roleName(each.variant),
      cells: [
        estimateOf(each.of(({ success }) => success.train)),
        estimateOf(each.of(({ success }) => success.inDomain)),
        estimateOf(each.of(outOfDomain)),
        ...differences(each, baseline),
        estimateOf(each.of(({ coupling }) => coupling.end.goodBadCosine)),
        estimateOf(each.of(({ envSteps }) => envSteps / 1000)),
        beyondCloning(each, trained),
      ],
      command: trainCommand({ ...setting.config, ...each.variant.config }),
    })),
  };
}

/** Gains over GRPO in one setting, of the variants that `picked` accepts. */
function gainsOf(trained: readonly Trained[], picked: (variant: StudyVariant) => boolean): NamedDifference[] {
  const baseline = grpoOf(trained);
  return trained.flatMap((each) => {
    const [difference] = differences(each, baseline);
    return difference === null || !picked(each.variant) ? [] : [{ name: each.variant.name, difference }];
  });
}

/** Smallest number of seeds for a ranking: bootstrap intervals of fewer seeds are too narrow. */
const RANKED = 10;

const words = { above: 'Gain', below: 'Lose' } as const;

/** Gains over GRPO, and results of the controls, in one setting. */
function summaryOf(setting: Setting, trained: readonly Trained[]): string[] {
  const baseline = grpoOf(trained);
  if (baseline === undefined) return [];
  const title = `${setting.title[0].toUpperCase()}${setting.title.slice(1)}`;
  const of = (role: StudyVariant['role'], called: Parameters<typeof differencesText>[0] = words): string =>
    differencesText(
      called,
      gainsOf(trained, (variant) => mainVariants.includes(variant) && variant.role === role),
    );
  const bound = 'Upper bound';
  const plain = `GRPO succeeds in ${estimateText(estimateOf(baseline.of(outOfDomain)))} of the out-of-domain games.`;
  const controls = of('control');
  return [
    [`${title}: ${plain}`, of('method'), of('upper bound', { above: bound, below: bound })].join(' ').trimEnd(),
    ...(controls === '' ? [] : [`${title}, controls: ${controls}`]),
  ];
}

/** Findings over several settings. */
function summaryOfAll(found: readonly { readonly setting: Setting; readonly trained: readonly Trained[] }[]): string[] {
  const inSetting = ({ id }: Setting, differences: readonly NamedDifference[]): NamedDifference[] =>
    differences.map(({ name, difference }) => ({ name: `${name} (${id})`, difference }));
  const beyond = found.flatMap(({ setting, trained }) =>
    inSetting(
      setting,
      trained.flatMap((each) => {
        const difference = beyondCloning(each, trained);
        return difference === null ? [] : [{ name: each.variant.name, difference }];
      }),
    ),
  );
  const rest = found.flatMap(({ setting, trained }) =>
    inSetting(
      setting,
      gainsOf(trained, (variant) => [...otherVariants, ...exploringVariants].includes(variant)),
    ),
  );
  const few = rest.some(({ difference }) => difference.seeds.length < RANKED);
  return [
    { head: 'Beyond cloning the same labels', text: differencesText({ above: 'More', below: 'Less' }, beyond) },
    {
      head: `Other methods and labels${few ? `, no ranking below ${RANKED} seeds` : ''}`,
      text: differencesText(words, rest),
    },
  ]
    .filter(({ text }) => text !== '')
    .map(({ head, text }) => `${head}: ${text}`);
}

function keyOf(trained: readonly Trained[]): {
  readonly [variant: string]: { readonly [number: string]: number | null };
} {
  const baseline = grpoOf(trained);
  return Object.fromEntries(
    trained.map((each) => {
      const final = estimateOf(each.of(outOfDomain));
      const [gain] = differences(each, baseline);
      const numbers = {
        seeds: final?.seeds.length ?? 0,
        outOfDomain: final?.value ?? null,
        gain: gain?.value ?? null,
        gainLow: gain?.low ?? null,
        gainHigh: gain?.high ?? null,
      };
      return [each.variant.name, numbers];
    }),
  );
}

function skipped(scale: StudyScale): string[] {
  const reason = scale.size === 'full' ? scale.noGames(coinGame) : null;
  return reason === null ? [] : [`TextWorldExpress was left out: ${reason}`];
}

function report(results: JobResults, scale: StudyScale): StudyReport {
  const found = settingsOf(scale)
    .map((setting) => ({ setting, trained: trainedIn(setting, results, scale) }))
    .filter(({ trained }) => trained.length > 0);
  return {
    summary: [...found.flatMap(({ setting, trained }) => summaryOf(setting, trained)), ...summaryOfAll(found)],
    tables: found.map(({ setting, trained }) => tableOf(setting, trained)),
    figures: found.flatMap(({ setting, trained }) => [
      ...successFigures(setting, trained),
      profileFigure(setting, trained),
    ]),
    notes: [
      'Methods are compared after equal numbers of iterations, not of environment steps; each table has a column with the number of steps. An episode that succeeds early is shorter, so better methods use fewer steps.',
      'A control tests another explanation of a gain: labels without information, cloning alone with the same labels, more exploration, more data. An upper bound uses task knowledge that an agent does not have.',
      'Held-out combinations are from the same task domain as the training games. The study does not test transfer to other task domains.',
      ...(scale.size === 'quick'
        ? ['A quick study has too few seeds for a conclusion. It only tests that the study runs.']
        : []),
      ...skipped(scale),
    ],
    key: { settings: Object.fromEntries(found.map(({ setting, trained }) => [setting.id, keyOf(trained)])) },
  };
}

export const generalisation: Study = {
  name: 'generalisation',
  question: 'which methods and label sources succeed beyond their training games, and what do the controls explain?',
  plan,
  report,
};
