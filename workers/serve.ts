/** The worker's code for all runtimes. The entry file of the platform passes the endpoint to `serve`. */
import { type Endpoint, expose, transfer } from 'comlink';
import { createWorkerApi, type WorkerApi } from '../src/parallel/worker.ts';

/** The unshared buffers of all arrays in a reply. They are transferred, which avoids a copy. */
function buffersOf(value: unknown, found = new Set<ArrayBuffer>()): Set<ArrayBuffer> {
  if (ArrayBuffer.isView(value)) {
    if (value.buffer instanceof ArrayBuffer) found.add(value.buffer);
  } else if (value instanceof Map) for (const item of value.values()) buffersOf(item, found);
  else if (typeof value === 'object' && value !== null) {
    for (const item of Object.values(value)) buffersOf(item, found);
  }
  return found;
}

async function transferred<T>(reply: Promise<T>): Promise<T> {
  const value = await reply;
  return transfer(value, [...buffersOf(value)]);
}

/** Exposes the worker API at the endpoint. */
export function serve(endpoint: Endpoint): void {
  const api = createWorkerApi();
  const served: WorkerApi = {
    attach: api.attach,
    begin: api.begin,
    useModule: api.useModule,
    collect: (job) => transferred(api.collect(job)),
    play: (job) => transferred(api.play(job)),
    shards: (job) => transferred(api.shards(job)),
    updates: api.updates,
    grams: (job) => transferred(api.grams(job)),
  };
  expose(served, endpoint);
}
