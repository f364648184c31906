import { type MessagePort, parentPort } from 'node:worker_threads';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { serve } from './serve.ts';

serve(nodeEndpoint(parentPort as MessagePort));
