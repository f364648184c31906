/** `--wide` and UNBRAID_WIDE: which build of the kernels a command computes with. */
import type { Option } from 'commander';
import { choiceOption, usageError } from '../shared/arguments.ts';

const requests = ['auto', 'on', 'off'] as const;

/**
 * - `auto`: the command times both builds and uses the faster one, if it passes its check;
 * - `on`: the wide build from the start, without timing; an error where it cannot run;
 * - `off`: the narrow build.
 */
export type WideRequest = (typeof requests)[number];

export function wideOption(): Option {
  return choiceOption(
    '--wide <when>',
    'use kernels for 256-bit vectors, where the runtime has them: auto times both builds and takes the faster; the result does not depend on it (default: auto, or UNBRAID_WIDE=0|1)',
    requests,
  );
}

/**
 * The request of the option or, without it, of the environment.
 *
 * @throws a usage error if UNBRAID_WIDE has another value than 0 and 1
 */
export function wideRequest(
  option: WideRequest | undefined,
  env: Readonly<Record<string, string | undefined>>,
): WideRequest {
  const given = env.UNBRAID_WIDE ?? '';
  if (!['', '0', '1'].includes(given))
    throw usageError(`UNBRAID_WIDE must be 0 (off) or 1 (on), got "${given}"; unset it, or use --wide auto`);
  if (option !== undefined) return option;
  if (given === '') return 'auto';
  return given === '1' ? 'on' : 'off';
}
