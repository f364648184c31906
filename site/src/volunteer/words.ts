/** What a job computes, in words. */
import type { ReceivedJob } from 'unbraid/volunteer';

const kinds: Readonly<Record<string, string>> = {
  bandit: 'training on similar states',
  danger: 'the danger-zone experiment',
  'risky-action': 'the sign of a rare action',
  'group-sign': 'the sign of a group’s advantage',
  squeezing: 'the squeezing effect',
  'step-error': 'the error of a predicted step',
};

export function words({ kind, input }: ReceivedJob): string {
  if (kind !== 'train') return kinds[kind] ?? kind;
  return `training in ${typeof input.env === 'string' ? input.env : 'household'}`;
}
