/** Names of queues and of keys in Redis. docs/fleet.md lists them. */
import { numericsVersion, unbraidVersion } from '../../version.ts';

/** First part of every key. */
export const prefix = 'ub';

/**
 * `plain` jobs compute in this process. `programs` start the bridge of an environment, so they have a queue of their
 * own, from which only workers with `--allow-exec` take jobs.
 */
export type QueueKind = 'plain' | 'programs';

export const queueKinds: readonly QueueKind[] = ['plain', 'programs'];

/**
 * Name of the queue. It contains both versions: a worker of another version does not see these jobs, so it cannot take
 * and return them again and again.
 */
export function queueName(kind: QueueKind, unbraid = unbraidVersion, numerics = numericsVersion): string {
  return `unbraid-${unbraid}-n${numerics}${kind === 'programs' ? '-programs' : ''}`;
}

/** Set of the names of all queues that submitters have used. */
export const queuesKey = `${prefix}:queues`;

/** Sorted set: names of workers by the time in ms at which they last reported. */
export const workersKey = `${prefix}:workers`;

/** Hash: what a worker reports about itself, by its name. */
export const workerNotesKey = `${prefix}:worker-notes`;

/** Hash of a stored result: `sha`, `body`, `by`. */
export function resultKey(queue: string, id: string): string {
  return `${prefix}:${queue}:result:${id}`;
}
