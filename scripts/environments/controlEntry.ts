/**
 * Trains unbraid on a control task of Gymnasium on one thread, evaluates its checkpoints by the rules of threshold.ts,
 * and writes the record of a job: node scripts/environments/controlEntry.ts CONFIG THRESHOLD OUT, where CONFIG is JSON.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { namedBridges } from '../../src/cli/shared/bridges.ts';
import { resolveConfig } from '../../src/config/config.ts';
import { headsOf } from '../../src/config/method.ts';
import { createArena } from '../../src/engine/kernels/createArena.ts';
import { loadParameters } from '../../src/engine/policy/parameters.ts';
import { createPolicy } from '../../src/engine/policy/policy.ts';
import { openSource } from '../../src/env/registry.ts';
import type { Checkpoint } from '../../src/record/checkpoint.ts';
import { evaluate } from '../../src/rollout/success.ts';
import { runTraining } from '../../src/train/trainer.ts';
import { EPISODES, EVERY, firstReached, nextDue, type Point } from './threshold.ts';

const [text, threshold, out] = process.argv.slice(2);
const config = resolveConfig(JSON.parse(text));

/** A checkpoint at which an evaluation is due. */
interface Due {
  readonly steps: number;
  readonly seconds: number;
  readonly checkpoint: Checkpoint;
}

const due: Due[] = [];
let next = EVERY;
let steps = 0;
let startMs = 0;
const outcome = await runTraining(config, {
  openBridge: namedBridges(),
  onParts: () => {
    startMs = performance.now();
  },
  onMetrics: (_iteration, metrics) => {
    steps = metrics.envSteps;
  },
  onCheckpoint: (checkpoint) => {
    if (steps < next) return;
    due.push({ steps, seconds: (performance.now() - startMs) / 1000, checkpoint });
    next = nextDue(steps, EVERY);
  },
  onProgress: ({ phase, done, total, return: ofEpisodes }) => {
    if (phase === 'train') process.stderr.write(`${done} of ${total} iterations, return ${ofEpisodes ?? '-'}\n`);
  },
});

const source = await openSource(config, namedBridges());
const points: Point[] = [];
try {
  if (source.form !== 'vector') throw new Error(`controlEntry: ${config.env} must show vectors, got ${source.form}`);
  const environments = Array.from({ length: EPISODES }, () => source.create());
  const { spec } = environments[0];
  const policy = createPolicy(await createArena(), spec, { ...config, ...headsOf(config), logitScale: 1 });
  const options = { seed: config.seed, split: 'in-domain', episodes: EPISODES } as const;
  for (const { checkpoint, ...at } of due) {
    loadParameters(policy, checkpoint.parameters);
    const { mean, returns } = await evaluate(policy, environments, options);
    points.push({ ...at, returns: [...returns] });
    process.stderr.write(`${at.steps} steps: mean return ${mean.toFixed(1)}\n`);
    if (firstReached(points, Number(threshold)) !== null) break;
  }
} finally {
  await source.close();
}
const { receipt, parametersSha256, envSteps } = outcome;
const record = { points, envSteps, parametersSha256, receipt };
// In one step, so that an interrupted job leaves no record.
writeFileSync(`${out}.tmp`, JSON.stringify(record));
renameSync(`${out}.tmp`, out);
