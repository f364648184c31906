/** Runs the program in this process: its streams, signals, cores and worker threads. */
import { availableParallelism } from 'node:os';
import { unbraidVersion } from '../version.ts';
import { buildProgram } from './program.ts';
import { type Host, runProgram } from './shared/commandShell.ts';

/**
 * Runs a command line in this process.
 *
 * @param signal see `abortOnSignals`
 * @returns the exit code
 */
export function runCommand(args: readonly string[], signal: AbortSignal): Promise<number> {
  const ask = async (question: string): Promise<boolean> => {
    const { askOn } = await import('./shared/ask.ts');
    return askOn(process.stdin, process.stderr, question, signal);
  };
  const host: Host = {
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    signal,
    cores: availableParallelism(),
    ...(process.stdin.isTTY && process.stderr.isTTY && { ask }),
    async openCrew(size, kernels, config) {
      const { openCrew } = await import('../parallel/crew.ts');
      const { spawnWorker } = await import('../../workers/spawn.node.ts');
      return openCrew(spawnWorker, size, { kernels, ...(config && { config }) });
    },
  };
  // Each function is loaded when it is called, so that help and usage errors do not wait and a command loads what it
  // needs.
  const program = buildProgram(host, unbraidVersion, async () => ({
    train: async (...given) => (await import('./train/trainRun.ts')).trainIn(unbraidVersion)(...given),
    checkRun: async (...given) => (await import('./train/trainRun.ts')).checkRun(...given),
    openTrainer: (await import('./compare/threadTrainer.ts')).openThreadTrainer,
    relaxedCrew: async (kernels) => (await import('../parallel/crew.ts')).relaxedCrew(undefined, { kernels }),
    measureRunCoupling: async (...given) => (await import('./saved/savedRun.ts')).measureRunCoupling(...given),
    measureFactors: async (...given) => (await import('./saved/measureFactors.ts')).measureFactors(...given),
    listStates: async (...given) => (await import('./saved/explainRun.ts')).listStates(...given),
    explainAction: async (...given) => (await import('./saved/explainRun.ts')).explainAction(...given),
    replayIn: async (...given) => (await import('./verify/replayRun.ts')).replayIn(...given),
    evaluateRun: async (...given) => (await import('./saved/savedRun.ts')).evaluateRun(...given),
    playRandom: async (...given) => (await import('./random/playRandom.ts')).playRandom(...given),
    profileRun: async (...given) => (await import('./profile/profileRun.ts')).profileRun(...given),
    openJobRunner: (await import('./study/threadRunner.ts')).openThreadRunner,
    missingGames: (await import('./study/missingGames.ts')).missingGames,
    studies: async () => (await import('../study/studies.ts')).studies,
    async checkBridge(name, options) {
      const { checkBridge } = await import('./bridge/checkBridge.ts');
      const { openTypedBridge } = await import('./shared/bridges.ts');
      return checkBridge((how) => openTypedBridge(name, how), options);
    },
    runDanger: async ({ onProgress, kernels, ...plan }) => {
      const { runDangerJobs } = await import('./danger/dangerJobs.ts');
      const { openThreadRunner } = await import('./study/threadRunner.ts');
      const report = (done: number, total: number): void =>
        onProgress({ phase: 'train', done, total, envSteps: 0, success: null });
      return runDangerJobs({ ...plan, onProgress: report }, () => openThreadRunner(kernels));
    },
  }));
  return runProgram(program, args, host);
}
