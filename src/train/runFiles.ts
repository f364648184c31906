/** The folder of a run as a map of paths to bytes: for hosts without a file system, or with another one than Node's. */
import { checkObject } from '../check/values.ts';
import { type Config, recordedConfig, resolveConfig } from '../config/config.ts';
import { type Checkpoint, checkpointName, packCheckpoint } from '../record/checkpoint.ts';
import { encodeJson, type JsonRecord, jsonLine } from '../record/json.ts';
import {
  checkpointsName,
  configName,
  couplingEndName,
  couplingStartName,
  latestName,
  latestText,
  metricsName,
  receiptName,
  resultName,
} from '../record/names.ts';
import { outcomeOf } from '../record/receipt.ts';
import { checkCommand, encodeReceipt } from '../record/receiptFile.ts';
import { sha256Hex } from '../record/sha256.ts';
import { unbraidVersion } from '../version.ts';
import { couplingFields } from './run.ts';
import type { TrainHooks } from './runLog.ts';
import type { TrainOutcome } from './trainer.ts';

/** The files of a run: their bytes by path from the run's folder, with `/` between the parts of a path. */
export type RunFiles = ReadonlyMap<string, Uint8Array>;

/** Keeps what a run writes. */
export interface RunRecorder {
  /** Options of `train`: `train(config, recorder.hooks)`. */
  readonly hooks: Required<Pick<TrainHooks, 'onMetrics' | 'onCheckpoint' | 'onCoupling'>>;
  /**
   * The files of the run so far; with the outcome of the run they are those of a finished run, with its receipt.
   *
   * @param outcome what `train` returned
   * @param wallMs time that the run took, in ms; result.json states it, and nothing depends on it
   */
  files(outcome?: TrainOutcome | null, wallMs?: number): Map<string, Uint8Array>;
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

function recordBytes(name: string, record: object): Uint8Array {
  return bytesOf(`${encodeJson(record, name, 2)}\n`);
}

/** Paths of a map in the order in which a receipt lists the files of a folder. */
function listed(files: RunFiles): string[] {
  const single = [configName, metricsName, latestName, couplingStartName, couplingEndName, resultName];
  const inCheckpoints = [...files.keys()].filter((path) => path.startsWith(`${checkpointsName}/`));
  return [...single.filter((name) => files.has(name)), ...inCheckpoints.sort()];
}

/**
 * Records a run in memory. `unbraid verify`, `unbraid eval` and all other commands read the files once they lie in a
 * folder.
 *
 * @param config that of the run; `keepCheckpoints` says how many of the newest checkpoints are kept beside the first
 * @throws Error naming a key of the config that is unknown or out of range
 */
export function recordRun(config: Partial<Config> = {}): RunRecorder {
  const resolved = resolveConfig(config);
  const lines: string[] = [];
  const couplings = new Map<string, Uint8Array>();
  const checkpoints = new Map<number, ReadonlyMap<string, Uint8Array>>();
  let latest: number | null = null;
  const hooks: RunRecorder['hooks'] = {
    onMetrics: (iteration, metrics) => void lines.push(jsonLine({ iteration, ...metrics })),
    onCheckpoint(checkpoint: Checkpoint) {
      latest = checkpoint.iteration;
      checkpoints.set(latest, packCheckpoint(checkpoint));
      const later = [...checkpoints.keys()].filter((iteration) => iteration > 0).sort((a, b) => a - b);
      for (const old of later.slice(0, Math.max(0, later.length - resolved.keepCheckpoints))) checkpoints.delete(old);
    },
    onCoupling(name, iteration, measured) {
      const fields = { command: 'coupling', run: 'run', ...couplingFields(iteration, measured) };
      couplings.set(`${name}.json`, recordBytes(`${name}.json`, fields));
    },
  };
  return {
    hooks,
    files(outcome = null, wallMs = 0) {
      const versions = { unbraid: unbraidVersion };
      const files = new Map([[configName, recordBytes(configName, { config: recordedConfig(resolved), versions })]]);
      files.set(metricsName, bytesOf(lines.join('')));
      for (const [iteration, packed] of checkpoints) {
        for (const [name, bytes] of packed) files.set(`${checkpointsName}/${checkpointName(iteration)}/${name}`, bytes);
      }
      if (latest !== null) {
        const manifest = checkpoints.get(latest)?.get('manifest.json') as Uint8Array;
        files.set(latestName, bytesOf(latestText(latest, sha256Hex(manifest))));
      }
      for (const [name, bytes] of couplings) files.set(name, bytes);
      if (outcome === null) return files;
      checkObject('recordRun', 'outcome', outcome, 'give what train returned');
      const { receipt, build, buildReason } = outcome;
      const result = {
        command: 'train',
        config: recordedConfig(resolved),
        ...outcomeOf(outcome),
        return: outcome.return as unknown as JsonRecord,
        kernels: { build, buildReason },
        wallMs,
      };
      files.set(resultName, recordBytes(resultName, result));
      const hashes = Object.fromEntries(listed(files).map((path) => [path, sha256Hex(files.get(path) as Uint8Array)]));
      return files.set(receiptName, bytesOf(encodeReceipt({ receipt, check: checkCommand('.'), files: hashes })));
    },
  };
}
