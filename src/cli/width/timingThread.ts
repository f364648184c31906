/** Entry of the thread that times both builds: opens the wide build, and posts the faster of both. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Build } from '../../engine/kernels/load.ts';
import { openWide } from '../../engine/kernels/wide.ts';
import { fasterOf } from './battery.ts';

const build = workerData as Build;
const choice = await openWide(build);
parentPort?.postMessage(
  choice.module === null ? choice : await fasterOf(build, choice.module, () => performance.now()),
);
