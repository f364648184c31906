/** A thread that does a study's jobs, one after another. */
import type { Job } from '../../study/job.ts';
import { runJob } from '../../study/jobKinds.ts';
import { namedBridges } from '../shared/bridges.ts';
import { serveThread } from '../shared/thread.ts';

// A job may come from a file: it starts no program but those of this package.
serveThread((job: Job) => runJob(job, { openBridge: namedBridges('shipped') }));
