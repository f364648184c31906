/** How the tests of the project `wide` run: on the wide builds, with merged vector operations. */
import { readFileSync } from 'node:fs';
import { mergingFlag, mergingObstacle } from '../../src/engine/kernels/optimised.ts';

const preload = new URL('./preload.mjs', import.meta.url).href;

/** Test files of `npm run test:wide`: kernels, threads, stored receipts, and the battery in this Node. */
export const wideTests = [
  'test/wide/*.test.ts',
  'test/assembly/*.test.ts',
  'test/parallel/*.test.ts',
  'test/receipts/*.test.ts',
  'test/runtime/node24/*.test.ts',
];

/**
 * Test files that the project leaves out. The first compares the files of the builds, so it must read the narrow ones.
 * The others end threads at many moments, which no build of the kernels changes. With V8's flags set for the whole
 * process, one process that ran them once ended by SIGTRAP, in about ten runs; the cause is unknown. unbraid itself
 * sets these flags during one compilation only.
 */
export const narrowTests = [
  'test/assembly/module.test.ts',
  'test/parallel/faults.test.ts',
  'test/parallel/aborts.test.ts',
];

/** Why vector operations cannot be merged here; null if they can. */
export function wideObstacle(cpuinfo = '/proc/cpuinfo'): string | null {
  const obstacle = mergingObstacle();
  if (obstacle !== null || process.platform !== 'linux') return obstacle;
  return /\bavx2\b/.test(readFileSync(cpuinfo, 'utf8')) ? null : 'the processor has no AVX2';
}

/** Arguments of the processes of tests; their worker threads have them, too. */
export const wideArguments = [`--import=${preload}`, '--no-liftoff', mergingFlag(process.versions.v8)];

/** Environment of the programs that tests start. */
export const wideEnvironment = { UNBRAID_WIDE: '1', NODE_OPTIONS: `--import=${preload}` };
