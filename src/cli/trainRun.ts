/** A training run in a folder: connects the trainer to records, the clock and bridge processes. */
import { basename } from 'node:path';
import { openBridge } from '../env/bridge.node.ts';
import { resolveBridge } from '../env/resolveBridge.node.ts';
import type { JsonRecord } from '../record/json.ts';
import { createRun, type RunWriter, resumeRun } from '../record/run.node.ts';
import type { OpenBridge } from '../train/environments.ts';
import { runTraining, type TrainRecord } from '../train/trainer.ts';
import type { Train } from './train.ts';

function recordIn(writer: RunWriter): TrainRecord {
  return {
    metrics: (iteration, metrics) => writer.appendMetrics({ iteration, ...metrics }),
    checkpoint: writer.saveCheckpoint,
    coupling(name, iteration, measured) {
      const samples = measured.matrix.samples.length;
      const head = { command: 'coupling', run: basename(writer.directory), iteration, split: 'in-domain', samples };
      writer.writeRecord(name, { ...head, ...measured } as unknown as JsonRecord);
    },
  };
}

/** Opens the bridge that an environment's name stands for. */
export const openNamedBridge: OpenBridge = (name, signal) => openBridge({ ...resolveBridge(name), name, signal });

/**
 * The `train` of the command line: a new run in its folder, or one that goes on from its newest checkpoint.
 *
 * @param version of unbraid, kept in config.json
 */
export function trainIn(version: string): Train {
  return async (config, { directory, resume, crew, onProgress, signal }) => {
    signal.throwIfAborted();
    const startMs = performance.now();
    const { keepCheckpoints } = config;
    const resumed = resume ? resumeRun(directory, { keepCheckpoints }) : null;
    const writer = resumed?.writer ?? createRun(directory, { config, versions: { unbraid: version }, keepCheckpoints });
    try {
      const { receipt, ...outcome } = await runTraining(config, {
        record: recordIn(writer),
        ...(resumed?.checkpoint && { checkpoint: resumed.checkpoint }),
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
