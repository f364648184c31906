/** Resolves a config for a command, which has only the parts of this package. */
import { type Config, resolveConfig } from '../../config/config.ts';

const parts = [
  ['env', 'environment'],
  ['policy', 'network'],
  ['labels', 'label source'],
] as const satisfies readonly (readonly [keyof Config, string])[];

/**
 * The complete config of a run that a command trains or replays.
 *
 * @throws Error as `resolveConfig` does, or if a program supplied a part of the run
 */
export function commandConfig(partial: unknown): Config {
  const config = resolveConfig(partial);
  for (const [key, part] of parts) {
    if (config[key] !== 'custom') continue;
    throw new Error(
      `config: ${key} must name a part of this package, got "custom"; a program passes your own ${part} to train(), replay() or verify() of the library`,
    );
  }
  return config;
}
