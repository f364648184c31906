/** Replays of `unbraid verify` in this process. */
import { replay } from '../train/replay.ts';
import { openNamedBridge } from './trainRun.ts';
import type { VerifyEngine } from './verify.ts';

export const replayIn: VerifyEngine['replayIn'] = (
  _runtime,
  config,
  { until, workers, withCrew, onProgress, signal },
) =>
  withCrew(workers, async (crew) => {
    const receipt = await replay(config, { until, crew, onProgress, signal, openBridge: openNamedBridge });
    const { size: count, memory, reason } = crew;
    return { receipt, runtime: `node ${process.versions.node}`, workers: { count, memory, reason } };
  });
