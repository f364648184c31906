/** Computes Gram matrices on all threads of a run. */
import { type Gram, gramRows, joinRows } from '../coupling/gram.ts';
import { assignPieces, type GramRequest } from '../coupling/gramPieces.ts';
import type { Samples } from '../coupling/samples.ts';
import { type Pause, runWithPauses, unlessAborted } from '../eventLoop.ts';
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

/** One matrix for each request. The calling thread pauses between the pieces of its share. */
export async function spreadGrams(run: RunContext, requests: readonly GramRequest[], pause: Pause): Promise<Gram[]> {
  const { policy, workers, counters, size, shared, signal } = run;
  const assigned = assignPieces(requests, size);
  const generation = counters.next('coupling');
  counters.start(generation);
  const weights = run.weights();
  const pack = createPacker(shared);
  const replies = workers.call('coupling', async (api, k) => {
    const pieces = assigned[k].map(({ request, rows }) => {
      const { left, right } = requests[request];
      return { left: pack(left), right: right && pack(right), rows };
    });
    return pieces.length > 0 ? api.grams({ weights, pieces, during: shared ? generation : null }) : [];
  });
  const own: Gram[] = [];
  for (const { request, rows } of assigned[0]) {
    const { left, right } = requests[request];
    own.push(await runWithPauses(gramRows(policy, policy.weights, left, right ?? left, rows), pause));
  }
  const computed = [own, ...(await unlessAborted(replies, signal))].flatMap((grams, k) =>
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
