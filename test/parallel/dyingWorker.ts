/** The real worker with an injected fault: it fails at call number `call` of a method of its API. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';

export interface Fault {
  readonly method: 'begin' | 'collect' | 'shards' | 'updates' | 'play' | 'grams';
  readonly call: number;
  readonly kind: 'exit' | 'throw' | 'arena';
}

const fault = workerData as Fault | null;
const port = parentPort as MessagePort;

function fail(kind: Fault['kind']): void {
  if (kind === 'exit') process.exit(7);
  if (kind === 'throw') throw new Error('a fault in the worker');
  const { Memory } = WebAssembly;
  WebAssembly.Memory = function smallMemory({ initial }: WebAssembly.MemoryDescriptor) {
    return new Memory({ initial, maximum: initial + 4 });
  } as unknown as typeof Memory;
}

let calls = 0;
// Registered before the listener of the worker API, so that the fault comes first.
port.on('message', ({ path }: { path?: string[] }) => {
  if (fault && path?.[0] === fault.method && ++calls === fault.call) fail(fault.kind);
});
await import('../../workers/worker.node.ts');
