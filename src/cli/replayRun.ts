/** Replays of `unbraid verify`, in this process or in another runtime. */
import { availableParallelism } from 'node:os';
import { isBuiltIn } from '../env/names.ts';
import type { Config } from '../train/config.ts';
import { replay } from '../train/replay.ts';
import { checkedFirst } from './arguments.ts';
import { namedBridges } from './bridges.ts';
import { findRuntime, type RuntimeName } from './runtime/installed.ts';
import type { ReplayInput, ReplayResult } from './runtime/replayJob.ts';
import { dist, runJob } from './runtime/runJob.ts';
import type { Replayed, ReplayInOptions, VerifyEngine } from './verify.ts';

function replayHere(config: Config, options: ReplayInOptions): Promise<Replayed> {
  const { until, workers, programs, withCrew, onProgress, signal } = options;
  const openBridge = namedBridges(programs);
  return withCrew(workers, async (crew) => {
    const receipt = await checkedFirst(signal, (onParts) =>
      replay(config, { until, crew, onProgress, signal, openBridge, onParts }),
    );
    const { size: count, memory, reason } = crew;
    return { receipt, runtime: `node ${process.versions.node}`, workers: { count, memory, reason } };
  });
}

async function replayElsewhere(runtime: RuntimeName, config: Config, options: ReplayInOptions): Promise<Replayed> {
  const { until, workers = availableParallelism(), onProgress, signal } = options;
  if (!isBuiltIn(config.env)) {
    throw new Error(
      `verify: env "${config.env}" needs a process of its own, which ${runtime} cannot start; use --runtime node`,
    );
  }
  const installed = findRuntime(runtime, process.env);
  const input: ReplayInput = { config, until, workers };
  const job = { module: new URL('src/cli/runtime/replayJob.js', dist), input };
  const result = (await runJob(installed, job, { onProgress, signal })) as ReplayResult;
  return { ...result, runtime: `${runtime} ${installed.version}` };
}

export const replayIn: VerifyEngine['replayIn'] = (runtime, config, options) =>
  runtime === 'node' ? replayHere(config, options) : replayElsewhere(runtime, config, options);
