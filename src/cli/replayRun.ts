/** Replays of `unbraid verify` in this process. */
import { replay } from '../train/replay.ts';
import { openNamedBridge } from './trainRun.ts';
import type { VerifyEngine } from './verify.ts';

export const replayIn: VerifyEngine['replayIn'] = async (_runtime, config, options) => ({
  receipt: await replay(config, { ...options, openBridge: openNamedBridge }),
  runtime: `node ${process.versions.node}`,
});
