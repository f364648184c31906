/** Records a training run on one thread: warm-up iterations, measured iterations, and one final iteration. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Config } from '../../config/config.ts';
import { Arena } from '../../engine/kernels/arena.ts';
import type { KernelChoice } from '../../engine/kernels/buildChoice.ts';
import { engineModule } from '../../engine/kernels/load.ts';
import { soloCrew } from '../../parallel/crew.ts';
import { type ProfileRecord, profilePhases } from '../../report/profile/profileRecord.ts';
import type { Progress, RunParts } from '../../train/run.ts';
import { runTraining } from '../../train/trainer.ts';
import { checkedFirst } from '../shared/arguments.ts';
import { namedBridges, type Programs } from '../shared/bridges.ts';
import { openCeilings } from './probe.ts';
import { openProcessorClock } from './processorClock.ts';
import { createRecorder } from './recorder.ts';
import { summarise } from './summary.ts';
import { timerCost } from './timerCost.ts';
import { watchParts } from './watch.ts';

export interface ProfileOptions {
  readonly warmUp: number;
  /**
   * Number of measured iterations. `config.iterations` must be `warmUp + measured + 1`, because the last one has
   * evaluations.
   */
  readonly measured: number;
  /** Programs that may be started for the environment; default: only those of this package. */
  readonly programs?: Programs;
  /** The build of the kernels. */
  readonly kernels: KernelChoice;
  readonly onProgress: (progress: Progress) => void;
  readonly signal: AbortSignal;
}

/** Returns a function that runs a full garbage collection. */
function openCollector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

export async function profileRun(config: Config, options: ProfileOptions): Promise<ProfileRecord> {
  const { warmUp, measured, programs, kernels, onProgress, signal } = options;
  const clock = openProcessorClock();
  const { now } = clock;
  const recorder = createRecorder(profilePhases, now);
  const ceilings = await openCeilings(now);
  const collectGarbage = openCollector();
  const heapBytes = (): number => {
    collectGarbage();
    collectGarbage();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const { module: wide, ...build } = kernels;
  const module = wide ?? (await engineModule());
  const crew = soloCrew();
  crew.arena = async () => {
    const memory = new WebAssembly.Memory({ initial: 16 });
    return new Arena(memory, recorder.kernels(module, memory));
  };
  let parts: RunParts | undefined;
  const reached = { updates: 0, envSteps: 0, heapBytes: 0, waitedMs: 0 };
  const grown = { updates: 0, envSteps: 0, heapBytes: 0, waitedMs: 0 };
  let tallies = recorder.tallies;

  function atIteration({ done, envSteps }: Progress): void {
    if (!parts || done < warmUp || done > warmUp + measured) return;
    recorder.endGap('other');
    ceilings.sample();
    const present = { updates: parts.learner.updates, envSteps, waitedMs: clock.waitedMs() ?? 0 };
    if (done === warmUp) {
      Object.assign(reached, present, { heapBytes: heapBytes() });
      recorder.reset();
    } else if (done === warmUp + measured) {
      grown.heapBytes = heapBytes() - reached.heapBytes;
      grown.updates = present.updates - reached.updates;
      grown.waitedMs = present.waitedMs - reached.waitedMs;
      grown.envSteps = present.envSteps - reached.envSteps;
      tallies = structuredClone(recorder.tallies);
    }
  }
  try {
    const outcome = await checkedFirst(signal, (checked) =>
      runTraining(config, {
        openBridge: namedBridges(programs),
        crew,
        signal,
        onParts(given) {
          checked();
          parts = given;
          watchParts(recorder, given);
        },
        onProgress(progress) {
          recorder.aside(() => {
            if (progress.phase === 'train') atIteration(progress);
            onProgress(progress);
          });
        },
      }),
    );
    return {
      command: 'profile',
      config,
      engine: `node ${process.versions.node}`,
      ...build,
      warmUp,
      iterations: measured,
      ...summarise(tallies, measured, ceilings.read(), await timerCost(now)),
      updates: grown.updates,
      envSteps: grown.envSteps,
      waitedMs: clock.waitedMs() === null ? null : grown.waitedMs / measured,
      heapGrowthBytes: grown.heapBytes,
      parametersSha256: outcome.parametersSha256,
    };
  } finally {
    clock.close();
  }
}
