/** The arrays by state that updates read: each goes to the workers once, for all updates that have it. */
import { packArray, packStates } from '../rollout/pack.ts';
import type { LossSet } from '../train/shards.ts';
import type { SentSet, SetSource } from './shardWork.ts';

/** Sources of sets that workers keep: a rollout and demonstrations. */
const KEPT_SOURCES = 2;

const sourceKeys = [
  'list',
  'taken',
  'oldLogProb',
  'refLogProb',
  'advantage',
  'valueTarget',
  'oldValue',
  'labels',
  'repeats',
] as const;

/** Ships each source once, and knows which the workers still have. */
export function createSources(shared: boolean): {
  ship: (sets: readonly LossSet[]) => SentSet[];
  keep: () => number[];
} {
  const held: { id: number; set: LossSet }[] = [];
  let lastId = 0;
  const sent = (set: LossSet): SentSet => {
    const { order, weight, cloningWeight, valueWeight, settings } = set;
    const rest = { order: order.slice(), weight, cloningWeight, valueWeight, settings };
    const found = held.findIndex((other) => sourceKeys.every((key) => other.set[key] === set[key]));
    if (found >= 0) {
      const [entry] = held.splice(found, 1);
      held.push(entry);
      return { id: entry.id, source: null, ...rest };
    }
    held.push({ id: ++lastId, set });
    const { states, actions } = set.list;
    const source: SetSource = {
      list: packStates(set.list, shared),
      taken: packArray(set.taken, states, shared),
      oldLogProb: packArray(set.oldLogProb, states, shared),
      refLogProb: set.refLogProb && packArray(set.refLogProb, states, shared),
      advantage: packArray(set.advantage, states, shared),
      valueTarget: set.valueTarget && packArray(set.valueTarget, states, shared),
      oldValue: set.oldValue && packArray(set.oldValue, states, shared),
      labels: set.labels && packArray(set.labels, actions, shared),
      repeats: set.repeats && packArray(set.repeats, states, shared),
    };
    return { id: lastId, source, ...rest };
  };
  return {
    ship: (sets) => sets.map(sent),
    keep() {
      held.splice(0, Math.max(0, held.length - KEPT_SOURCES));
      return held.map(({ id }) => id);
    },
  };
}
