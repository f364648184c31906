/** The runs of docs/results/environments.md: one job for each environment, row and seed. */
import { presetKeys } from '../../src/config/presets.ts';

type Settings = Readonly<Record<string, string | number | boolean>>;

/** How a job is computed. */
export type Work =
  /** `unbraid train` with these keys of the config. */
  | { readonly kind: 'train'; readonly settings: Settings }
  /** Training of unbraid with evaluations by the rules of threshold.ts. */
  | { readonly kind: 'control'; readonly settings: Settings; readonly threshold: number }
  /** A program of bench/peers with evaluations by the same rules. */
  | { readonly kind: 'peer'; readonly script: string; readonly env: string; readonly threshold: number };

export interface EnvironmentJob {
  /** `part/group/row/seed-N`: its folder below runs/environments, and its name in the stored JSON. */
  readonly id: string;
  readonly part: string;
  /** The environment as the tables name it. */
  readonly group: string;
  readonly row: string;
  readonly seed: number;
  readonly work: Work;
  /** Rough duration in minutes, for the estimate of the time left until a job of the same row has ended. */
  readonly minutes: number;
}

/** How the rows of an environment train. */
const methods: Readonly<Record<string, Settings>> = {
  grpo: { method: 'grpo' },
  ppo: { method: 'ppo' },
  'classifier+cloning, graph': { method: 'classifier+cloning', labels: 'graph' },
  'classifier+cloning, shuffled': { method: 'classifier+cloning', labels: 'shuffled' },
};

export const remedy = 'classifier+cloning, graph';
export const control = 'classifier+cloning, shuffled';
export const baseline = 'grpo';

const compared = [baseline, remedy, control];

/**
 * Settings of all games in text: those that were chosen on TextWorldExpress coin with seed 1, before the other games
 * were played. Coupling is not measured.
 */
const textSettings: Settings = {
  learningRate: 0.006,
  cloningCoef: 1,
  couplingPairs: 0,
  evalAtStart: false,
  evalEpisodes: 200,
  randomEpisodes: 200,
};

/** An environment of a part: what differs from the settings of all. */
interface Game {
  readonly group: string;
  readonly env: string;
  readonly settings: Settings;
  readonly rows: readonly string[];
  readonly seeds: number;
  readonly minutes: number;
}

const idPart = (text: string): string => text.replaceAll(/[^A-Za-z0-9]+/g, '-').replaceAll(/^-|-$/g, '');

function jobId(part: string, group: string, row: string, seed: number): string {
  return [part, idPart(group), idPart(row), `seed-${seed}`].join('/');
}

const seedsOf = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

function gameJobs(part: string, { group, env, settings, rows, seeds, minutes }: Game): EnvironmentJob[] {
  return seedsOf(seeds).flatMap((seed) =>
    rows.map((row) => ({
      ...{ id: jobId(part, group, row, seed), part, group, row, seed, minutes },
      work: { kind: 'train', settings: { env, ...textSettings, ...methods[row], ...settings } } as const,
    })),
  );
}

function controlJobs(part: string, env: string, threshold: number, minutes: number): EnvironmentJob[] {
  const preset = presetKeys('classic-control') as Settings;
  // Evaluations follow the rules of threshold.ts, so the run itself measures nothing but the last policy.
  const settings = { env, ...preset, couplingPairs: 0, evalAtStart: false, evalSplits: 'in-domain', evalEpisodes: 20 };
  const rows: readonly (readonly [row: string, work: Work])[] = [
    ['unbraid, classic-control', { kind: 'control', settings: { ...settings, checkpointEvery: 1 }, threshold }],
    ['Stable-Baselines3, RL Zoo', { kind: 'peer', script: 'control_sb3.py', env, threshold }],
    ["PPO with CleanRL's defaults", { kind: 'peer', script: 'control_ppo.py', env, threshold }],
  ];
  const group = env.replace('gym:', '');
  return seedsOf(5).flatMap((seed) =>
    rows.map(([row, work]) => ({ id: jobId(part, group, row, seed), part, group, row, seed, work, minutes })),
  );
}

const babyLevels = ['BabyAI-GoToRedBallNoDists-v0', 'BabyAI-GoToObj-v0', 'BabyAI-GoToLocal-v0'];

/** The games of TextWorldExpress that the bridge offers. */
const expressGames = ['arithmetic', 'coin', 'cookingworld', 'mapreader', 'peckingorder', 'simonsays', 'twc'];
const expressLearning = ['arithmetic', 'coin', 'cookingworld', 'peckingorder'];

const textworldGames = [
  ['coin_collector', 'textworld:coin_collector?level=5'],
  ['cooking', 'textworld:cooking?recipe=1&take=1&go=6&open=true&cook=true'],
] as const;

const scienceTasks = ['find-living-thing', 'lifespan-longest-lived'];

/** The parts in the order of the page, and the games of each. */
const parts: Readonly<Record<string, () => EnvironmentJob[]>> = {
  cartpole: () => controlJobs('cartpole', 'gym:CartPole-v1', 475, 2),
  acrobot: () => controlJobs('acrobot', 'gym:Acrobot-v1', -100, 3),
  babyai: () =>
    babyLevels.flatMap((level) =>
      gameJobs('babyai', {
        ...{ group: level, env: `minigrid:${level}?actions=3`, rows: Object.keys(methods), seeds: 10, minutes: 3 },
        settings: { iterations: 30, maxStateTokens: 96 },
      }),
    ),
  'textworld-express': () =>
    expressLearning.flatMap((game) =>
      gameJobs('textworld-express', {
        ...{ group: game, env: `textworld-express/${game}`, rows: compared, seeds: 5, minutes: 5 },
        settings: { iterations: 45, maxStateTokens: 96 },
      }),
    ),
  'textworld-express-all': () =>
    expressGames.flatMap((game) =>
      gameJobs('textworld-express-all', {
        ...{ group: game, env: `textworld-express/${game}`, rows: [remedy], seeds: 1, minutes: 3 },
        // simonsays shows only the latest command, so a state needs the earlier ones.
        settings: { iterations: 10, maxStateTokens: 96, ...(game === 'simonsays' && { history: 4 }) },
      }),
    ),
  textworld: () =>
    textworldGames.flatMap(([group, env]) =>
      gameJobs('textworld', {
        ...{ group, env, rows: compared, seeds: 5, minutes: 15 },
        settings: { iterations: 30, maxStateTokens: 128, bridgeProcesses: 2 },
      }),
    ),
  scienceworld: () =>
    scienceTasks.flatMap((task) =>
      gameJobs('scienceworld', {
        ...{ group: task, env: `scienceworld:${task}`, rows: [remedy], seeds: 3, minutes: 60 },
        settings: {
          ...{ iterations: 12, groupsPerIteration: 4, maxStateTokens: 256, bridgeProcesses: 2, checkpointEvery: 1 },
          ...{ evalSplits: 'out-of-domain', evalEpisodes: 30, randomEpisodes: 30, evalEvery: 4 },
        },
      }),
    ),
};

const partNames: readonly string[] = Object.keys(parts);

/** All jobs in the order in which they run: by seed within an environment, so that a short time gives all rows. */
export function allJobs(): readonly EnvironmentJob[] {
  return Object.values(parts).flatMap((jobs) => jobs());
}

/**
 * The jobs whose id is one of `only` or lies below it, such as `babyai` or `babyai/BabyAI-GoToObj-v0/grpo`.
 *
 * @param only null: all jobs
 * @throws Error naming an entry without a job
 */
export function chosenJobs(jobs: readonly EnvironmentJob[], only: readonly string[] | null): readonly EnvironmentJob[] {
  if (only === null) return jobs;
  const isBelow = ({ id }: EnvironmentJob, name: string): boolean => id === name || id.startsWith(`${name}/`);
  const unknown = only.find((name) => !jobs.some((job) => isBelow(job, name)));
  if (unknown !== undefined) {
    throw new Error(
      `environmentResults: --only must name parts (${partNames.join(', ')}) or jobs below them, got ${unknown}; --list prints all jobs`,
    );
  }
  return jobs.filter((job) => only.some((name) => isBelow(job, name)));
}
