/** The run of the full trainer on a drawing, as a config and as a command. */
import type { Config } from 'unbraid';
import type { Scene } from '../../plane/scene.ts';

/** The name under which the module is saved; the command names it. */
export const fileName = 'drawing.mjs';

/** Keys of the run that differ from the trainer's defaults. */
export function configOf({ sharing, seed }: Scene, iterations: number): Partial<Config> {
  const method = sharing === 'decoupled' ? 'decouple' : 'grpo';
  return { policy: 'mlp', method, coldStart: 0, seed, iterations };
}

/** The command that trains on the saved module. */
export function commandOf(scene: Scene, iterations: number): string {
  const { policy, method, coldStart, seed } = configOf(scene, iterations);
  return `unbraid train --env "exec:node ${fileName}" --policy ${policy} --method ${method} --cold-start ${coldStart} --seed ${seed} --iterations ${iterations}`;
}
