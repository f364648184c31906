/** Small saved policies with states to score: real environments, weights from a seed. */
import type { State } from '../src/edge.ts';
import { createArena } from '../src/engine/kernels/createArena.ts';
import { createLearner } from '../src/engine/learn/update.ts';
import { createPolicy } from '../src/engine/policy/policy.ts';
import type { Environment } from '../src/env/environment.ts';
import { createHousehold } from '../src/env/household/household.ts';
import { createLookAlike } from '../src/env/lookAlike.ts';
import { type CheckpointFiles, packCheckpoint } from '../src/record/checkpoint.ts';
import { saveLearner } from '../src/train/checkpointing.ts';

const sizes = { tokenWidth: 4, matchWidth: 4, hidden: 8, embedding: 4, blocks: 1, heads: 2, logitScale: 1 };

const environments = {
  attention: (): Environment => createHousehold(),
  mlp: (): Environment => createLookAlike(),
};

const counters = { envSteps: 0, updates: 0, beta1Power: 1, beta2Power: 1 };

/** A checkpoint's parameters.safetensors, and the first states of as many games. */
export async function savedPolicy(
  kind: keyof typeof environments = 'attention',
  count = 4,
): Promise<{ parameters: Uint8Array; states: State[] }> {
  const environment = environments[kind]();
  const policy = createPolicy(await createArena(), environment.spec, { policy: kind, ...sizes }, 8);
  policy.network.initialise(policy.weights, 7);
  const couplingStart = { goodBadCosine: 0 } as never;
  const learned = saveLearner(
    createLearner(policy),
    3,
    0,
    { labels: {}, normalizers: {}, experience: {} },
    { ...counters, couplingStart },
    null,
  );
  const head = { numerics: 1, configSha256: '', environment: '', vocabularySha256: null };
  const files: CheckpointFiles = packCheckpoint({ ...learned, chain: { head, links: [], open: [] } });
  const states: State[] = [];
  for (let seed = 0; seed < count; seed++) {
    const { observation, info } = await environment.reset({ seed, split: 'train' });
    states.push({ observation, info });
  }
  return { parameters: files.get('parameters.safetensors') as Uint8Array, states };
}
