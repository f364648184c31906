import { completeEnvironment } from '../../../src/env/completeEnvironment.ts';
import type { CustomVectorEnvironment } from '../../../src/env/custom.ts';
import type { Environment } from '../../../src/env/environment.ts';
import { createCartPole } from './cartPole.ts';

/** CartPole with a limit of 18 steps, which about half of its episodes reach with random actions. */
export function shortCartPole(): Environment {
  const cart = createCartPole();
  const short: CustomVectorEnvironment = { ...cart, spec: { ...cart.spec, maxSteps: 18 } };
  return completeEnvironment(short).environment as Environment;
}
