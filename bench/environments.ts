/**
 * Speed of the task domains with random actions: steps per second on one thread, including observation and admissible
 * actions.
 */

import { createCrafting } from '../src/env/crafting/crafting.ts';
import { type Split, splits } from '../src/env/environment.ts';
import { createHousehold } from '../src/env/household/household.ts';
import type { WorldEnvironment } from '../src/env/worldEnvironment.ts';
import { randomStream } from '../src/random.ts';

const STEPS = 400_000;

function stepsPerSecond(env: WorldEnvironment): number {
  const random = randomStream(1, 'bench/actions');
  const choices = Float64Array.from({ length: STEPS }, () => random.uniform());
  const run = (): number => {
    const startMs = performance.now();
    let seed = 0;
    let split: Split = splits[0];
    let step = env.reset({ seed, split });
    for (let i = 0; i < STEPS; i++) {
      step = env.step(Math.floor(choices[i] * step.info.admissibleActions.length));
      if (step.terminated || step.truncated) {
        seed++;
        split = splits[seed % splits.length];
        step = env.reset({ seed, split });
      }
    }
    return (STEPS / (performance.now() - startMs)) * 1000;
  };
  run();
  return Math.round(Math.max(run(), run(), run()));
}

for (const [name, create] of [
  ['household', createHousehold],
  ['crafting', createCrafting],
] as const) {
  console.log(
    JSON.stringify({
      bench: name,
      tokensPerSecond: stepsPerSecond(create({ form: 'tokens' })),
      vectorPerSecond: stepsPerSecond(create({ form: 'vector' })),
    }),
  );
}
