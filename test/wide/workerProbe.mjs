/** Posts what a worker thread of a process with wide builds reads. */
import { parentPort } from 'node:worker_threads';

const { readFile } = process.getBuiltinModule('node:fs/promises');
const { length } = await readFile(new URL('../../wasm/unbraid.threads.wasm', import.meta.url));
parentPort.postMessage({ flag: process.execArgv.includes('--no-liftoff'), bytes: length });
