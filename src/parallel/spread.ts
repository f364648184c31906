/** Spreads the phases of a run over the threads of a crew. Whatever their number and memory, the results have the same bits. */
import { type Gram, gramMatrix, rowBlocks, type Samples } from '../coupling/gram.ts';
import type { Environment } from '../env/environment.ts';
import type { Policy } from '../policy/policy.ts';
import { type CollectOptions, collect, type PlayOptions, play } from '../rollout/collect.ts';
import { mergeRollouts } from '../rollout/merge.ts';
import { packArray, packStates } from '../rollout/pack.ts';
import type { GameChoice, Rollout } from '../rollout/rollout.ts';
import type { Config } from '../train/config.ts';
import type { EnvironmentPool } from '../train/environments.ts';
import { addShard, type LossSet, type ShardPlan, type ShardRoom } from '../train/shards.ts';
import type { Crew } from './crew.ts';
import type { PlayJob, SentSet, SetSource, ShardsJob, Weights } from './seat.ts';

/** Looks at the workers' counter before waiting for their messages, which takes a turn of the event loop. */
const SPINS = 4_000;

/** Sources of sets that workers keep: a rollout and demonstrations. */
const KEPT_SOURCES = 2;

/** What the calling thread does itself: something of its own before it takes shards, and shard number n. */
interface OwnWork {
  readonly first: () => void;
  readonly compute: (n: number) => void;
}

export interface Spread {
  readonly crew: Crew;
  collect(games: readonly GameChoice[], options: CollectOptions): Promise<Rollout>;
  play(games: readonly GameChoice[], options: PlayOptions): Promise<Float64Array>;
  gram(left: Samples, right?: Samples): Promise<Gram>;
  /** Computes and sums the shards of an update; `count` includes those that `own.first` computes. */
  shards(room: ShardRoom, plans: readonly ShardPlan[], count: number, own: OwnWork): Promise<void>;
}

const sourceKeys = ['list', 'taken', 'oldLogProb', 'refLogProb', 'advantage', 'labels', 'repeats'] as const;

/** Ships each source once, and knows which the workers still have. */
function createSources(shared: boolean): (sets: readonly LossSet[]) => Pick<ShardsJob, 'sets' | 'keep'> {
  const held: { id: number; set: LossSet }[] = [];
  let lastId = 0;
  const sent = (set: LossSet): SentSet => {
    const { order, weight, cloningWeight, settings } = set;
    const rest = { order: order.slice(), weight, cloningWeight, settings };
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
      labels: set.labels && packArray(set.labels, actions, shared),
      repeats: set.repeats && packArray(set.repeats, states, shared),
    };
    return { id: lastId, source, ...rest };
  };
  return (sets) => {
    const list = sets.map(sent);
    held.splice(0, Math.max(0, held.length - KEPT_SOURCES));
    return { sets: list, keep: held.map(({ id }) => id) };
  };
}

/** Number k of `count` shares of 0 .. n - 1: every `count`-th. */
function share(n: number, k: number, count: number): number[] {
  return Array.from({ length: Math.ceil((n - k) / count) }, (_, i) => k + i * count);
}

/** Begins a run on the crew's workers. The policy's arena must be one of the crew. */
export async function openSpread(
  crew: Crew,
  policy: Policy,
  config: Config,
  pool: EnvironmentPool,
  environments: readonly Environment[],
): Promise<Spread> {
  const { arena, network } = policy;
  const { size } = crew;
  const shared = crew.memory === 'shared';
  const plays = pool.inProcess;
  const shipSources = createSources(shared);
  const setup = {
    config,
    spec: environments[0].spec,
    vocabulary: pool.vocabulary,
    plays,
    shared: shared ? { memory: arena.memory, weights: policy.weights } : null,
  };
  await crew.call('start', (seat) => seat.begin(setup));

  const weights = (): Weights => (shared || size === 1 ? null : arena.read(policy.weights, network.size));

  /** The shares of `games`, by worker, with the numbers of their episodes. */
  const shares = (games: readonly GameChoice[], { key, temperature }: CollectOptions, slots: number): PlayJob[] =>
    Array.from({ length: size }, (_, k) => {
      const numbers = share(games.length, k, size);
      const live = Math.min(Math.ceil(slots / size), numbers.length);
      return {
        weights: null,
        games: numbers.map((e) => games[e]),
        slots: live,
        options: { key, temperature, numbers },
      };
    });

  const shareOut = async (
    room: ShardRoom,
    plans: readonly ShardPlan[],
    shards: number,
    own: OwnWork,
  ): Promise<void> => {
    const ofSets = plans.reduce((sum, plan) => sum + plan.ends.length, 0);
    const message = { weights: weights(), ...shipSources(plans.map((plan) => plan.set)) };
    const next = room.counters >> 2;
    if (shared) {
      const { gradients, sums, counters } = room;
      const work = { gradients: gradients.slice(0, shards), sums: sums.slice(0, shards), counters, shards };
      const replies = crew.call('gradients', (seat) => seat.shards({ ...message, work }));
      own.first();
      for (let n = Atomics.add(arena.i32, next, 1); n < ofSets; n = Atomics.add(arena.i32, next, 1)) own.compute(n);
      for (let spin = 0; spin < SPINS; spin++) if (Atomics.load(arena.i32, next + 1) === size - 1) return;
      await replies;
      return;
    }
    const replies = crew.call('gradients', (seat, k) =>
      seat.shards({ ...message, work: { numbers: share(ofSets, k, size) } }),
    );
    own.first();
    for (const n of share(ofSets, 0, size)) own.compute(n);
    for (const { shard, gradient, sums } of (await replies).flat()) {
      arena.write(room.gradients[shard], gradient);
      arena.f64.set(sums, room.sums[shard] >> 3);
      addShard(arena, room, shard, shards, network.vectorSize);
    }
  };

  return {
    crew,
    async collect(games, options) {
      if (!plays || size === 1) return collect(policy, environments, games, options);
      const jobs = shares(games, options, games.length);
      const copy = weights();
      const replies = crew.call('rollouts', (seat, k) => seat.collect({ ...jobs[k], weights: copy }));
      const own = await collect(policy, environments, jobs[0].games, { ...options, ...jobs[0].options });
      const pieces = [own, ...(await replies)];
      return mergeRollouts(pieces, games, network.batch.shape, environments[0].spec.maxSteps);
    },
    async play(games, options) {
      if (!plays || size === 1) return play(policy, environments, games, options);
      const jobs = shares(games, options, Math.min(environments.length, games.length));
      const copy = weights();
      const replies = crew.call('evaluation', (seat, k) => seat.play({ ...jobs[k], weights: copy }));
      // The other threads are about as far.
      const onEpisode = (done: number): void => options.onEpisode?.(Math.min(done * size, games.length));
      const how = { ...options, ...jobs[0].options, onEpisode };
      const own = await play(policy, environments.slice(0, jobs[0].slots), jobs[0].games, how);
      const returns = new Float64Array(games.length);
      [own, ...(await replies)].forEach((piece, k) => {
        piece.forEach((value, i) => {
          returns[k + i * size] = value;
        });
      });
      return returns;
    },
    async gram(left, right) {
      const blocks = rowBlocks(left.states.length, size);
      if (blocks.length === 1) return gramMatrix(policy, policy.weights, left, right ?? left);
      const pack = (samples: Samples): Samples => ({ ...samples, list: packStates(samples.list, shared) });
      const message = { weights: weights(), left: pack(left), right: right ? pack(right) : null };
      const replies = crew.call('coupling', async (seat, k) =>
        k < blocks.length ? seat.gram({ ...message, rows: blocks[k] }) : null,
      );
      const own = gramMatrix(policy, policy.weights, left, right ?? left, blocks[0]);
      return joinRows([own, ...(await replies).filter((gram) => gram !== null)]);
    },
    async shards(room, plans, count, own) {
      if (size > 1) return shareOut(room, plans, count, own);
      own.first();
      const ofSets = plans.reduce((sum, plan) => sum + plan.ends.length, 0);
      for (let n = 0; n < ofSets; n++) own.compute(n);
    },
  };
}

/** Blocks of rows, one under the other, as one matrix. */
function joinRows(blocks: readonly Gram[]): Gram {
  const [{ columns }] = blocks;
  const rows = blocks.reduce((sum, block) => sum + block.rows, 0);
  const total = new Float64Array(rows * columns);
  const byParameter = new Map<string, Float32Array>();
  let first = 0;
  for (const block of blocks) {
    total.set(block.total, first * columns);
    for (const [name, part] of block.byParameter) {
      const whole = byParameter.get(name) ?? new Float32Array(rows * columns);
      whole.set(part, first * columns);
      byParameter.set(name, whole);
    }
    first += block.rows;
  }
  for (const [name, matrix] of [...byParameter]) if (matrix.every((x) => x === 0)) byParameter.delete(name);
  return { rows, columns, total, byParameter };
}
