/** Entry of a thread that runs the jobs of a study, one after another. */
import type { Job } from '../../study/job.ts';
import { runJob } from '../../study/jobKinds.ts';
import { namedBridges } from '../shared/bridges.ts';
import { serveThread } from '../shared/thread.ts';

// Only programs of this package may be started, because a job may come from a file.
serveThread((job: Job) => runJob(job, { openBridge: namedBridges('shipped') }));
