/** The worker: one source for every host. Its platform's entry gives it an endpoint. */
import { type Endpoint, expose, transfer } from 'comlink';
import { createSeat, type Seat } from '../src/parallel/worker.ts';

/** The buffers of all arrays in a reply that threads do not share: they are handed over, not copied. */
function buffersOf(value: unknown, found = new Set<ArrayBuffer>()): Set<ArrayBuffer> {
  if (ArrayBuffer.isView(value)) {
    if (value.buffer instanceof ArrayBuffer) found.add(value.buffer);
  } else if (value instanceof Map) for (const item of value.values()) buffersOf(item, found);
  else if (typeof value === 'object' && value !== null) {
    for (const item of Object.values(value)) buffersOf(item, found);
  }
  return found;
}

async function handOver<T>(reply: Promise<T>): Promise<T> {
  const value = await reply;
  return transfer(value, [...buffersOf(value)]);
}

export function serve(endpoint: Endpoint): void {
  const seat = createSeat();
  const served: Seat = {
    attach: seat.attach,
    begin: seat.begin,
    collect: (job) => handOver(seat.collect(job)),
    play: (job) => handOver(seat.play(job)),
    shards: (job) => handOver(seat.shards(job)),
    updates: seat.updates,
    grams: (job) => handOver(seat.grams(job)),
  };
  expose(served, endpoint);
}
