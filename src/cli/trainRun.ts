/** A training run in a folder: connects the trainer to records, the clock and bridge processes. */
import { basename } from 'node:path';
import { openBridge } from '../env/bridge.node.ts';
import { resolveBridge } from '../env/resolveBridge.node.ts';
import type { JsonRecord } from '../record/json.ts';
import { createRun, type RunWriter, resumeRun } from '../record/run.node.ts';
import { RunLockedError } from '../record/writerLock.node.ts';
import type { OpenBridge } from '../train/environments.ts';
import { couplingFields } from '../train/run.ts';
import { runTraining, type TrainRecord } from '../train/trainer.ts';
import { usageError } from './arguments.ts';
import type { Train } from './train.ts';

function recordIn(writer: RunWriter): TrainRecord {
  return {
    metrics: (iteration, metrics) => writer.appendMetrics({ iteration, ...metrics }),
    checkpoint: writer.saveCheckpoint,
    coupling(name, iteration, measured) {
      const record = { command: 'coupling', run: basename(writer.directory), ...couplingFields(iteration, measured) };
      writer.writeRecord(name, record as unknown as JsonRecord);
    },
  };
}

/** Opens the bridge that an environment's name stands for. */
export const openNamedBridge: OpenBridge = (name, signal) => openBridge({ ...resolveBridge(name), name, signal });

/** A second writer of a run is wrong usage of the command, not a failure of the run. */
function asUsage<T>(open: () => T): T {
  try {
    return open();
  } catch (error) {
    throw error instanceof RunLockedError ? usageError(error.message) : error;
  }
}

/**
 * The `train` of the command line: a new run in its folder, or one that goes on from its newest checkpoint.
 *
 * @param version of unbraid, kept in config.json
 */
export function trainIn(version: string): Train {
  return async (config, { directory, resume, crew, onProgress, onNote, signal }) => {
    const startMs = performance.now();
    const { keepCheckpoints } = config;
    const versions = { unbraid: version };
    const { writer, checkpoint } = asUsage(() =>
      resume
        ? resumeRun(directory, { keepCheckpoints, versions })
        : { writer: createRun(directory, { config, versions, keepCheckpoints }), checkpoint: null },
    );
    for (const { pid, host, start } of writer.takenOver) {
      onNote?.(`took over ${directory} from process ${pid} on ${host} (since ${start}), which has ended`);
    }
    try {
      const { receipt, ...outcome } = await runTraining(config, {
        record: recordIn(writer),
        ...(checkpoint && { checkpoint }),
        openBridge: openNamedBridge,
        crew,
        onProgress,
        signal,
      });
      const wallMs = Math.round(performance.now() - startMs);
      const { size: count, memory, reason, arithmetic } = crew;
      const workers = { count, memory, reason };
      const label = arithmetic === 'relaxed' ? { arithmetic } : {};
      const result = { command: 'train' as const, config, ...outcome, wallMs, workers, ...label };
      writer.writeRecord('result', result as unknown as JsonRecord);
      writer.writeReceipt(receipt);
      return result;
    } finally {
      writer.close();
    }
  };
}
