/** A training run in a folder: connects the trainer to the records of the run, the clock and bridge processes. */
import { basename } from 'node:path';
import { type Config, recordedConfig } from '../../config/config.ts';
import type { OpenBridge, OpenedBridge } from '../../env/outside.ts';
import { writeActionProbabilities } from '../../record/actionProbabilities.node.ts';
import type { JsonRecord } from '../../record/json.ts';
import { createRun, type RunWriter, resumeRun } from '../../record/run.node.ts';
import type { RunResult } from '../../record/schemas.ts';
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
    onActionProbabilities: (iteration, states, probabilities) =>
      writeActionProbabilities(writerOf().directory, iteration, states, probabilities),
  };
}

/** Thrown and caught here to end a run once all of its parts are open. */
const enough = new Error('all parts are open');

/** Returns the result of `open`; a second writer of a run becomes a usage error (exit code 2). */
function asUsage<T>(open: () => T): T {
  try {
    return open();
  } catch (error) {
    throw error instanceof RunLockedError ? usageError(error.message) : error;
  }
}

/**
 * Opens the parts of a run of `config` and closes them again: environments and their bridge, the network, the label
 * source.
 *
 * @throws a usage error if one of them does not open or does not fit the others
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
 * Returns the `train` of the command line: it trains a new run, or resumes one from its latest checkpoint. It creates
 * the folder, or changes that of a resumed run, once all parts of the run are open.
 *
 * @param version of unbraid, stored in config.json
 * @throws a usage error for a failure before that; NotBegun on an abort before the folder was created
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
    const bridges: OpenedBridge[] = [];
    const openBridge: OpenBridge = async (name, options) => {
      const bridge = await namedBridges(programs)(name, options);
      bridges.push(bridge);
      return bridge;
    };
    const repeatedResets = (): number => bridges.reduce((sum, bridge) => sum + (bridge.retries?.() ?? 0), 0);
    const resumed = resume ? asUsage(() => resumeRun(directory, { keepCheckpoints, versions })) : null;
    let writer = resumed && opened(resumed.writer);
    const begin = (): RunWriter => {
      writer ??= opened(
        asUsage(() => createRun(directory, { config: recordedConfig(config), versions, keepCheckpoints })),
      );
      return writer;
    };
    try {
      const {
        receipt,
        build: _,
        buildReason: __,
        ...outcome
      } = await checkedFirst(signal, (checked) =>
        runTraining(config, {
          ...hooksTo(begin),
          ...(resumed?.checkpoint && { checkpoint: resumed.checkpoint }),
          openBridge,
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
      const { size: count, memory, reason, arithmetic, choice: kernels } = crew;
      const workers = { count, memory, reason };
      const label = arithmetic === 'relaxed' ? { arithmetic } : {};
      const recorded = recordedConfig(config) as RunResult['config'];
      const repeated = repeatedResets();
      const result = {
        ...{ command: 'train' as const, config: recorded, ...outcome, wallMs, workers, kernels, ...label },
        ...(repeated > 0 && { repeatedResets: repeated }),
      };
      begin().writeRecord('result', result as unknown as JsonRecord);
      begin().writeReceipt(receipt);
      return result;
    } catch (cause) {
      if (writer !== null || !signal.aborted) throw cause;
      throw new NotBegun('interrupted before the run began; no file was written', { cause });
    } finally {
      const repeated = repeatedResets();
      if (repeated > 0) onNote?.(`${repeated} resets of ${config.env} were repeated because the program asked for it`);
      writer?.close();
    }
  };
}
