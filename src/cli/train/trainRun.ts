/** A training run in a folder: connects the trainer to records, the clock and bridge processes. */
import { basename } from 'node:path';
import type { Config } from '../../config/config.ts';
import type { JsonRecord } from '../../record/json.ts';
import { createRun, type RunWriter, resumeRun } from '../../record/run.node.ts';
import { RunLockedError } from '../../record/writerLock.node.ts';
import { couplingFields } from '../../train/run.ts';
import type { TrainHooks } from '../../train/runLog.ts';
import { runTraining } from '../../train/trainer.ts';
import { checkedFirst, usageError } from '../shared/arguments.ts';
import { namedBridges, type Programs } from '../shared/bridges.ts';
import { NotBegun, type Train } from './command.ts';

function hooksTo(writerOf: () => RunWriter): TrainHooks {
  return {
    onMetrics: (iteration, metrics) => writerOf().appendMetrics({ iteration, ...metrics }),
    onCheckpoint: (checkpoint) => writerOf().saveCheckpoint(checkpoint),
    onCoupling(name, iteration, measured) {
      const writer = writerOf();
      const record = { command: 'coupling', run: basename(writer.directory), ...couplingFields(iteration, measured) };
      writer.writeRecord(name, record as unknown as JsonRecord);
    },
  };
}

/** Thrown, and caught here, once all parts of a run are there. */
const enough = new Error('all parts are there');

/** A second writer of a run is wrong usage of the command, not a failure of the run. */
function asUsage<T>(open: () => T): T {
  try {
    return open();
  } catch (error) {
    throw error instanceof RunLockedError ? usageError(error.message) : error;
  }
}

/**
 * Opens all that a run of `config` is made of, and closes it again: environments and their bridge, the network, the
 * source of labels.
 *
 * @throws a usage error if one of them cannot be had or does not fit the others
 */
export async function checkRun(config: Config, programs: Programs, signal: AbortSignal): Promise<void> {
  try {
    await checkedFirst(signal, (checked) => {
      const onParts = (): never => {
        checked();
        throw enough;
      };
      return runTraining(config, { openBridge: namedBridges(programs), signal, onParts });
    });
  } catch (error) {
    if (error !== enough) throw error;
  }
}

/**
 * The `train` of the command line: a new run in its folder, or one that goes on from its newest checkpoint. A folder
 * is made, and that of a resumed run changed, only once all parts of the run are there.
 *
 * @param version of unbraid, kept in config.json
 * @throws a usage error for what is wrong before that; NotBegun on an abort before the folder was made
 */
export function trainIn(version: string): Train {
  return async (config, { directory, resume, programs = 'shipped', crew, onProgress, onNote, signal }) => {
    const startMs = performance.now();
    const { keepCheckpoints } = config;
    const versions = { unbraid: version };
    const opened = (writer: RunWriter): RunWriter => {
      for (const { pid, host, start } of writer.takenOver) {
        onNote?.(`took over ${directory} from process ${pid} on ${host} (since ${start}), which has ended`);
      }
      return writer;
    };
    if (resume) await checkRun(config, programs, signal);
    const resumed = resume ? asUsage(() => resumeRun(directory, { keepCheckpoints, versions })) : null;
    let writer = resumed && opened(resumed.writer);
    const begin = (): RunWriter => {
      writer ??= opened(asUsage(() => createRun(directory, { config, versions, keepCheckpoints })));
      return writer;
    };
    try {
      const { receipt, ...outcome } = await checkedFirst(signal, (checked) =>
        runTraining(config, {
          ...hooksTo(begin),
          ...(resumed?.checkpoint && { checkpoint: resumed.checkpoint }),
          openBridge: namedBridges(programs),
          crew,
          onProgress,
          signal,
          onParts() {
            checked();
            begin();
          },
        }),
      );
      const wallMs = Math.round(performance.now() - startMs);
      const { size: count, memory, reason, arithmetic } = crew;
      const workers = { count, memory, reason };
      const label = arithmetic === 'relaxed' ? { arithmetic } : {};
      const result = { command: 'train' as const, config, ...outcome, wallMs, workers, ...label };
      begin().writeRecord('result', result as unknown as JsonRecord);
      begin().writeReceipt(receipt);
      return result;
    } catch (cause) {
      if (writer !== null || !signal.aborted) throw cause;
      throw new NotBegun('interrupted before the run began; nothing was written', { cause });
    } finally {
      writer?.close();
    }
  };
}
