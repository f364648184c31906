/** Runs the replay of `unbraid verify`, in this process or in another runtime. */
import { availableParallelism } from 'node:os';
import type { Config } from '../../config/config.ts';
import { isBuiltIn } from '../../env/names.ts';
import type { Crew } from '../../parallel/crew.ts';
import { decodeSafetensors } from '../../record/safetensors.ts';
import { type FieldHashes, fieldHashes, type ReplayedRecords, replayRecords } from '../../train/replay.ts';
import { findRuntime, type RuntimeName } from '../runtime/installed.ts';
import type { ReplayInput, ReplayResult } from '../runtime/replayJob.ts';
import { dist, runJob } from '../runtime/runJob.ts';
import { checkedFirst } from '../shared/arguments.ts';
import { namedBridges } from '../shared/bridges.ts';
import type { VerifyEngine } from './command.ts';
import type { Replayed, ReplayInOptions } from './replayIn.ts';

/** Measures the fields of coupling.json on the parameters of the replay at the same iteration. */
async function measureReplayed(
  config: Config,
  records: ReplayedRecords,
  { measure, programs, signal }: Pick<ReplayInOptions, 'measure' | 'programs' | 'signal'>,
  crew: Crew,
): Promise<FieldHashes | null> {
  const made = records.checkpoints.find(({ iteration }) => iteration === measure?.iteration);
  if (!measure || made?.parameters === undefined) return null;
  const { measureAgain } = await import('../saved/savedRun.ts');
  const { tensors: parameters } = decodeSafetensors(new Uint8Array(Buffer.from(made.parameters, 'base64')));
  const checkpoint = { iteration: made.iteration, parameters, ...(made.tokenizer && { tokenizer: made.tokenizer }) };
  const { split, samples, diagnostics } = measure;
  const measured = await measureAgain(config, checkpoint, {
    split,
    samples,
    diagnostics,
    crew,
    openBridge: namedBridges(programs),
    signal,
  });
  return measured && fieldHashes(measured);
}

function replayHere(config: Config, options: ReplayInOptions): Promise<Replayed> {
  const { until, checkpointsAt, measure, workers, programs, withCrew, onProgress, signal } = options;
  const openBridge = namedBridges(programs);
  const work = async (crew: Crew): Promise<Replayed> => {
    const parametersAt = measure?.iteration ?? null;
    const bound = { until, checkpointsAt, parametersAt };
    const records = await checkedFirst(signal, (onParts) =>
      replayRecords(config, { ...bound, crew, onProgress, signal, openBridge, onParts }),
    );
    const { size: count, memory, reason } = crew;
    const measured = await measureReplayed(config, records, options, crew);
    return { records, measured, runtime: `node ${process.versions.node}`, workers: { count, memory, reason } };
  };
  return withCrew(workers, work, config);
}

async function replayElsewhere(runtime: RuntimeName, config: Config, options: ReplayInOptions): Promise<Replayed> {
  const { until, checkpointsAt, measure, workers = availableParallelism(), onProgress, signal } = options;
  if (!isBuiltIn(config.env)) {
    throw new Error(
      `verify: env "${config.env}" needs a separate process, which ${runtime} cannot start; use --runtime node`,
    );
  }
  const installed = findRuntime(runtime, process.env);
  const input: ReplayInput = { config, until, checkpointsAt, parametersAt: measure?.iteration ?? null, workers };
  const job = { module: new URL('src/cli/runtime/replayJob.js', dist), input };
  const result = (await runJob(installed, job, { onProgress, signal })) as ReplayResult;
  const measured =
    measure &&
    (await options.withCrew(options.workers, (crew) => measureReplayed(config, result.records, options, crew)));
  return { ...result, measured, runtime: `${runtime} ${installed.version}` };
}

export const replayIn: VerifyEngine['replayIn'] = (runtime, config, options) =>
  runtime === 'node' ? replayHere(config, options) : replayElsewhere(runtime, config, options);
