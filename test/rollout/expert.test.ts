import { expect, test } from 'vitest';
import type { Environment } from '../../src/env/environment.ts';
import { createHousehold } from '../../src/env/household/household.ts';
import { playExpert } from '../../src/rollout/expert.ts';
import type { GameChoice } from '../../src/rollout/rollout.ts';

const games = (count: number): GameChoice[] =>
  Array.from({ length: count }, (_, i) => ({ seed: 50 + i, split: 'train', rollout: 0 }));

test('an abort from the event loop stops the play within 256 steps and the game in which they end', async () => {
  const controller = new AbortController();
  const environment = createHousehold();
  let steps = 0;
  const counting: Environment = {
    ...environment,
    step(action) {
      if (++steps === 1) setImmediate(() => controller.abort(new Error('enough')));
      return environment.step(action);
    },
  };
  const options = { noise: 0.25, seed: 1, purpose: 'test', signal: controller.signal };
  await expect(playExpert(counting, games(200), options)).rejects.toThrow('enough');
  expect(steps).toBeLessThan(256 + environment.spec.maxSteps);
});
