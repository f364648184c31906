/** The command line over an engine that only records its calls. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildProgram, type Engine } from '../../src/cli/program.ts';
import type { MeasuredRecord } from '../../src/cli/saved/coupling.ts';
import { measureFactors } from '../../src/cli/saved/measureFactors.ts';
import { runProgram } from '../../src/cli/shared/commandShell.ts';
import type { Config } from '../../src/config/config.ts';
import { Crew, relaxedCrew } from '../../src/parallel/crew.ts';
import type { DangerRecord } from '../../src/record/dangerRecord.ts';
import { createRun } from '../../src/record/run.node.ts';
import type { RunResult } from '../../src/record/schemas.ts';
import { profile } from '../report/profile/profileRecord.ts';
import { madeUp } from '../study/results.ts';

const summary = { goodBadCosine: 0.28, goodGoodCosine: 0.5, badBadCosine: 0.4, goodBadPositiveFraction: 0.8 };

const splitKeys = { train: 'train', 'in-domain': 'inDomain', 'out-of-domain': 'outOfDomain' } as const;

export function resultOf(config: Config): RunResult {
  return {
    command: 'train',
    config,
    success: { train: 0.51, inDomain: 0.45, outOfDomain: config.method === 'grpo' ? 0.42 : 0.73 },
    coupling: { start: summary, end: { ...summary, goodBadCosine: null } },
    envSteps: 205_000,
    updates: 960,
    wallMs: 65_000,
    parametersSha256: 'ab12',
  };
}

export const coupling: MeasuredRecord = {
  command: 'coupling',
  run: 'first',
  iteration: 160,
  split: 'out-of-domain',
  samples: 2,
  classes: {
    goodGood: { pairs: 1000, meanCosine: 0.5, meanDot: 1, positiveFraction: 0.9 },
    goodBad: { pairs: 1, meanCosine: 0.28, meanDot: 1, positiveFraction: 1 },
    badBad: { pairs: 0, meanCosine: null, meanDot: null, positiveFraction: null },
  },
  contrast: -0.001,
  kernelTargetAlignment: 0.16,
  distinctSamples: 1234,
  effectiveRank: 84.44,
  topShare: 0.116,
  embeddingCosine: { goodBad: 0.21, goodGood: 0.82, badBad: 0.78, contrast: 0.59, cka: 0.25 },
  layers: [
    {
      ...{ parameter: 'match.weight', share: 0.6, goodBadCosine: 0.2, goodGoodCosine: 0.3, badBadCosine: 0.4 },
      ...{ contrast: 0.15, kernelTargetAlignment: 0.07 },
    },
  ],
  similarity: [{ lower: 0, upper: 1, pairs: 1, goodBadCosine: 0.28, positiveFraction: 1 }],
  spillover: { stepSize: 1e-3, predicted: 0.1, actual: 0.11, relativeError: 0.1, points: [[0.1, 0.11]] },
  matrix: {
    samples: [
      { good: true, state: 0, text: 'take mug' },
      { good: false, state: 1, text: 'open fridge' },
    ],
    cosine: [
      [1, 0.28],
      [0.28, 1],
    ],
  },
};

export const danger: DangerRecord = {
  command: 'danger',
  rho: 0.8,
  seeds: 8,
  iterations: 120,
  rows: [
    { start: 0.4, coupling: true, method: 'grpo', labels: 'none', peak: 1, end: 0.87, return: 0.76, seeds: 8 },
    { start: 0.4, coupling: false, method: 'grpo', labels: 'none', peak: 0.4, end: 0, return: 0.14, seeds: 8 },
  ],
  curves: [true, false].map((coupled) => ({
    method: 'grpo',
    labels: 'none',
    coupling: coupled,
    start: 0.4,
    points: [
      [0, 0.4, 0.4, 0.4],
      [120, 0.87, 0.8, 0.94],
    ],
  })),
};

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What the engine's functions were called with. */
  readonly calls: readonly unknown[];
  /** Workers terminated. */
  readonly ended: number;
}

/** Runs a command line over an engine that records its calls; `engine` replaces single functions. */
export async function unbraid(
  args: readonly string[],
  engine: Partial<Engine> = {},
  env = {},
  cores = 1,
): Promise<Outcome> {
  const calls: unknown[] = [];
  const controller = new AbortController();
  let [stdout, stderr] = ['', ''];
  let ended = 0;
  const host = {
    stdout: { write: (text: string) => (stdout += text) },
    stderr: { write: (text: string) => (stderr += text) },
    env,
    signal: controller.signal,
    cores,
    async openCrew(size: number) {
      const call = async (): Promise<never> => {
        throw new Error('no worker is real');
      };
      const members = Array.from({ length: size - 1 }, () => ({ call, attach: call, close: () => void ended++ }));
      return new Crew(members, size === 1 ? 'own' : 'copied', size === 1 ? 'one thread' : 'no worker is real');
    },
  };
  const fake: Engine = {
    relaxedCrew: async () => relaxedCrew(),
    checkRun: async () => undefined,
    openTrainer: (threads) => ({
      train: (config, how) => fake.train(config, { ...how, crew: new Crew([], 'own', `${threads} threads`) }),
      close: () => void ended++,
    }),
    async train(config, { directory: folder, resume, onProgress }) {
      calls.push({ train: { seed: config.seed, method: config.method, labels: config.labels }, folder, resume });
      onProgress({ phase: 'train', done: 1, total: 1, envSteps: 10, success: 0.5 });
      if (config.seed === 99) controller.abort();
      controller.signal.throwIfAborted();
      if (!resume) {
        const keepCheckpoints = config.keepCheckpoints;
        createRun(folder, { config, versions: { unbraid: '0.1.0' }, keepCheckpoints }).close();
      }
      writeFileSync(join(folder, 'metrics.jsonl'), '{"iteration":1,"envSteps":10,"eval/out_of_domain":0.4}\n');
      writeFileSync(join(folder, 'result.json'), JSON.stringify(resultOf(config)));
      return resultOf(config);
    },
    async measureRunCoupling(run, { split, samples }) {
      calls.push({ run, split, samples });
      return coupling;
    },
    measureFactors,
    async listStates() {
      throw new Error('no run was given');
    },
    async explainAction() {
      throw new Error('no run was given');
    },
    async replayIn(runtime, config, { until }) {
      calls.push({ runtime, seed: config.seed, until });
      throw new Error('no replay was given');
    },
    async evaluateRun(run, { split, episodes }) {
      calls.push({ run, split, episodes });
      const mean = { mean: 0.734, interval: [0.69, 0.775] as const, episodes };
      const returns = { train: null, inDomain: null, outOfDomain: null, [splitKeys[split]]: mean };
      return { command: 'eval', split, episodes, success: 0.734, interval: [0.69, 0.775], return: returns };
    },
    async playRandom({ env, seed }, { episodes }) {
      calls.push({ random: { env, seed, episodes } });
      const played = episodes ?? 400;
      const mean = { mean: 0.25, interval: [0.2, 0.3] as const, episodes: played };
      const all = { train: mean, inDomain: mean, outOfDomain: mean };
      const steps = { train: 3, inDomain: 3, outOfDomain: 3 };
      return { command: 'random', env, version: '1', seed, episodes: played, success: all, return: all, steps };
    },
    async runDanger({ rho, starts, method, labels, decoupleLambda, seeds, preset }) {
      calls.push({ rho, starts, method, labels, decoupleLambda, seeds, preset });
      return danger;
    },
    async profileRun({ env, iterations, evalEpisodes, learningRate }, { warmUp, measured, onProgress }) {
      calls.push({ profile: { env, iterations, evalEpisodes, learningRate }, warmUp, measured });
      onProgress({ phase: 'train', done: iterations, total: iterations, envSteps: 10, success: 0.5 });
      return profile;
    },
    openJobRunner: () => ({
      async run({ kind, input }) {
        calls.push({ job: input });
        if (input.x === 99 || input.seed === 99) controller.abort();
        controller.signal.throwIfAborted();
        return kind === 'train' ? madeUp(input) : { doubled: 2 * (input.x as number) };
      },
      close: () => undefined,
    }),
    async checkBridge() {
      throw new Error('no bridge was given');
    },
    studies: async () => [],
    missingGames: () => null,
    ...engine,
  };
  const program = buildProgram(host, '0.1.0', async () => fake);
  const code = await runProgram(program, args, host);
  return { code, stdout, stderr, calls, ended };
}

/** A run's folder without checkpoints. */
