/** Computes Gram matrices on all threads of a run. */
import { type Gram, gramRows, joinRows } from '../coupling/gram.ts';
import { assignPieces, type GramRequest } from '../coupling/gramPieces.ts';
import type { Samples } from '../coupling/samples.ts';
import { type Pause, pauses, runWithPauses, unlessAborted } from '../eventLoop.ts';
import { packStates } from '../rollout/pack.ts';
import type { RunContext } from './runContext.ts';

/** Returns a function that copies samples for other threads, once per object. */
function createPacker(shared: boolean): (samples: Samples) => Samples {
  const packed = new Map<Samples, Samples>();
  return (samples) => {
    const copy = packed.get(samples) ?? { ...samples, list: packStates(samples.list, shared) };
    packed.set(samples, copy);
    return copy;
  };
}

/** How matrices are computed; the results do not depend on it. */
interface GramOptions {
  /** Whether the matrices of parameters are computed, too. */
  readonly parts: boolean;
  /** Whether an abort of the run ends the computation. */
  readonly stops: boolean;
  /** Of the calling thread, between the pieces of its share. */
  readonly pause: Pause;
}

async function computeGrams(
  run: RunContext,
  requests: readonly GramRequest[],
  { parts, stops, pause }: GramOptions,
): Promise<Gram[]> {
  const { policy, workers, counters, size, shared, signal } = run;
  const assigned = assignPieces(requests, size);
  const generation = stops ? counters.next('coupling') : null;
  if (generation) counters.start(generation);
  const weights = run.weights();
  const pack = createPacker(shared);
  const replies = workers.call('coupling', async (api, k) => {
    const pieces = assigned[k].map(({ request, rows }) => {
      const { left, right } = requests[request];
      return { left: pack(left), right: right && pack(right), rows };
    });
    return pieces.length > 0 ? api.grams({ weights, pieces, parts, during: shared ? generation : null }) : [];
  });
  const own: Gram[] = [];
  for (const { request, rows } of assigned[0]) {
    const { left, right } = requests[request];
    own.push(await runWithPauses(gramRows(policy, policy.weights, left, right ?? left, rows, parts), pause));
  }
  const computed = [own, ...(await unlessAborted(replies, stops ? signal : undefined))].flatMap((grams, k) =>
    grams.map((gram, i) => ({ gram, ...assigned[k][i] })),
  );
  return requests.map(({ right }, request) => {
    const blocks = computed.filter((piece) => piece.request === request).sort((a, b) => a.rows[0] - b.rows[0]);
    return joinRows(
      blocks.map(({ gram }) => gram),
      right === null,
    );
  });
}

/**
 * One matrix for each request, with the matrices of parameters. The calling thread pauses between the pieces of its
 * share. On abort the promise rejects.
 */
export function spreadGrams(run: RunContext, requests: readonly GramRequest[], pause: Pause): Promise<Gram[]> {
  return computeGrams(run, requests, { parts: true, stops: true, pause });
}

/**
 * f64[n, n] for each list of n samples: inner products of gradients over all parameters. An abort does not end the
 * computation, because it belongs to an update.
 */
export async function spreadGramTotals(run: RunContext, samples: readonly Samples[]): Promise<Float64Array[]> {
  const requests = samples.map((left) => ({ left, right: null }));
  const grams = await computeGrams(run, requests, { parts: false, stops: false, pause: pauses() });
  return grams.map(({ total }) => total);
}
