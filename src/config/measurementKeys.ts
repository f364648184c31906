/** Keys of evaluations, measurements and checkpoints. */
import { type Bounds, flag, integer, later } from './rows.ts';

/** The splits of an environment, as `evalSplits` names them. */
const splitNames = ['train', 'in-domain', 'out-of-domain'] as const;

function isSplits(text: string): boolean {
  const names = text.split('+');
  return (
    new Set(names).size === names.length && names.every((name) => (splitNames as readonly string[]).includes(name))
  );
}

/** The splits in the order of results; `all` for all three. */
export function canonicalSplits(text: string): string {
  const named = text.split('+');
  const kept = splitNames.filter((name) => named.includes(name));
  return kept.length === splitNames.length ? 'all' : text === 'all' ? text : kept.join('+');
}

const nonNegative: Bounds = { min: 0 };

export const measurementKeys = {
  evalEpisodes: integer(400, { min: 1 }, 'episodes', 'episodes per split in an evaluation'),
  evalEvery: integer(0, nonNegative, 'iterations', 'iterations between evaluations; 0 = only at the start and the end'),
  evalSplits: later({
    default: 'all',
    accepts: (value: unknown): value is string => typeof value === 'string' && (value === 'all' || isSplits(value)),
    rule: `all, or one or more of ${splitNames.join(', ')}, each once, joined by +`,
    unit: '',
    meaning: 'splits that evaluations play; results of the others are null',
  }),
  evalAtStart: later(flag(true, 'whether the policy is also evaluated before the first iteration')),
  randomEpisodes: later(
    integer(
      0,
      nonNegative,
      'episodes',
      'episodes per split that are played with uniformly random actions, as a baseline in the result; 0 = no baseline',
    ),
  ),
  couplingPairs: integer(
    40,
    nonNegative,
    'pairs',
    'sample pairs of each pair class on which coupling is measured; 0 = coupling is not measured',
  ),
  couplingEvery: integer(
    0,
    nonNegative,
    'iterations',
    'iterations between coupling measurements; 0 = only at the start and the end',
  ),
  diagnostics: later(
    flag(false, 'whether further measurements of updates, states and actions are written to the metrics; costs time'),
  ),
  checkpointEvery: integer(20, { min: 1 }, 'iterations', 'iterations between checkpoints'),
  keepCheckpoints: integer(2, { min: 1 }, 'checkpoints', 'latest checkpoints that are kept, in addition to the first'),
} as const;
