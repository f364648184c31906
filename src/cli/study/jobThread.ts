/** Entry of a thread that runs the jobs of a study, one after another. */
import { runJob } from '../../study/jobKinds.ts';
import { namedBridges } from '../shared/bridges.ts';
import { serveThread } from '../shared/thread.ts';
import type { ThreadJob } from './threadRunner.ts';

// Only programs of this package may be started, because a job may come from a file.
serveThread(({ job, module }: ThreadJob) =>
  runJob(job, { openBridge: namedBridges('shipped'), ...(module && { module }) }),
);
