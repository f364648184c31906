/**
 * Rejects configs whose runs fit into no memory, before anything is allocated: a list of 10^12 games would end the
 * process without a message.
 */
import { termsOf } from './method.ts';
import { networkSize, type SizedConfig, shapeOf } from './workload.ts';

/** The keys of a config that decide how much memory its run needs. */
export interface MemoryConfig extends SizedConfig {
  readonly iterations: number;
  readonly trainGames: number;
  readonly numGenerations: number;
  readonly groupsPerIteration: number;
  readonly numIterations: number;
  readonly minibatches: number;
  readonly optimizer: string;
  readonly churnCoef: number;
  readonly coldStart: number;
  readonly coldStartUpdates: number;
  readonly coldStartBatch: number;
  readonly contrastiveSamples: number;
  readonly method: string;
  readonly decoupleChunk: number;
  readonly graphMaxEdges: number;
  readonly criticSteps: number;
  readonly criticBatch: number;
  readonly counterfactualStates: number;
  readonly counterfactualRollouts: number;
  readonly vocabularyEpisodes: number;
  readonly evalEpisodes: number;
  readonly couplingPairs: number;
  readonly randomEpisodes: number;
}

const GIB = 2 ** 30;

/** Size of the address space of a WebAssembly memory; JavaScript engines limit lists to about the same. */
const mostBytes = 4 * GIB;

/** Bytes of a game in a list, of an environment, of a set of an update, of a pair, of an edge, of a text. */
const bytesOf = { game: 150, environment: 4_000, update: 1_000, pair: 2_000, edge: 100, text: 60 } as const;

/** Steps that an episode is expected to take at most, whatever its limit. */
const mostSteps = 2_000;

/** States that a batch of the network holds, and its actions. */
const batch = { states: 128, actions: 2_048 } as const;

/** Bytes of a run, by the config keys on which they depend. */
function demands(config: MemoryConfig): readonly { readonly keys: string; readonly bytes: number }[] {
  const { steps: limit, actions, stateSlots, actionSlots, vectorWidth, form } = shapeOf(config);
  const steps = Math.min(limit, mostSteps);
  const { vector, perState, perAction } = networkSize(config);
  // Weights, moments and gradient; copies of the weights; four buffers of Muon, each at most as large as the weights.
  const vectors = 4 + (config.churnCoef > 0 ? 2 : 0) + (config.optimizer === 'muon' ? 4 : 0);
  const episodes = config.groupsPerIteration * config.numGenerations;
  const states = episodes * steps;
  const state = 4 * (vectorWidth + stateSlots + actions * (2 + actionSlots));
  const seen = config.iterations * states;
  const updates = config.numIterations * Math.min(config.minibatches, states);
  const tried = Math.min(config.counterfactualStates, states) * actions * config.counterfactualRollouts;
  const compared = Math.min(config.contrastiveSamples, states * actions);
  const decoupled = termsOf(config.method).includes('decouple') ? Math.min(config.decoupleChunk, states) : 0;
  return [
    {
      keys: 'hidden, embedding, tokenWidth, matchWidth or blocks',
      bytes: 4 * (vectors * vector + batch.states * perState + batch.actions * perAction),
    },
    { keys: 'trainGames', bytes: config.trainGames * bytesOf.game },
    { keys: 'groupsPerIteration or numGenerations', bytes: episodes * bytesOf.environment + 2 * states * state },
    { keys: 'numIterations or minibatches', bytes: updates * bytesOf.update + config.numIterations * states * 40 },
    { keys: 'coldStart', bytes: config.coldStart * (bytesOf.game + steps * state) },
    {
      keys: 'coldStartUpdates or coldStartBatch',
      bytes: config.coldStartUpdates * (bytesOf.update + 12 * config.coldStartBatch),
    },
    { keys: 'contrastiveSamples', bytes: 8 * compared * compared },
    { keys: 'decoupleChunk', bytes: 40 * decoupled * decoupled },
    { keys: 'graphMaxEdges', bytes: Math.min(config.graphMaxEdges, seen) * bytesOf.edge },
    { keys: 'criticSteps', bytes: 2 * Math.min(config.criticSteps, seen) * state },
    { keys: 'criticBatch', bytes: 12 * config.criticBatch },
    { keys: 'counterfactualRollouts', bytes: tried * bytesOf.environment },
    { keys: 'evalEpisodes', bytes: config.evalEpisodes * bytesOf.game },
    { keys: 'randomEpisodes', bytes: config.randomEpisodes * bytesOf.game },
    { keys: 'couplingPairs', bytes: config.couplingPairs * bytesOf.pair },
    {
      keys: 'vocabularyEpisodes',
      bytes: form === 'sequence' ? config.vocabularyEpisodes * steps * (1 + actions) * bytesOf.text : 0,
    },
  ];
}

/** @throws Error naming the keys because of which the run would need more memory than can exist */
export function requireMemory(config: MemoryConfig): void {
  for (const { keys, bytes } of demands(config)) {
    if (bytes < mostBytes + GIB / 2) continue;
    const needed = Math.round(bytes / GIB);
    throw new Error(
      `config: a run must fit into ${mostBytes / GIB} GiB, got a config that needs about ${needed} GiB; lower ${keys}`,
    );
  }
}
