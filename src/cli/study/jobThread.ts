/** Entry of a thread that runs the jobs of a study, one after another. */
import { runJob } from '../../study/jobKinds.ts';
import { namedBridges } from '../shared/bridges.ts';
import { serveThread } from '../shared/thread.ts';
import type { ThreadJob } from './threadRunner.ts';

serveThread(({ job, module, programs }: ThreadJob) =>
  runJob(job, { openBridge: namedBridges(programs), ...(module && { module }) }),
);
