/** A thread that does a study's jobs, one after another. */
import type { Job } from '../../study/job.ts';
import { runJob } from '../../study/jobKinds.ts';
import { serveThread } from '../thread.ts';
import { openNamedBridge } from '../trainRun.ts';

serveThread((job: Job) => runJob(job, { openBridge: openNamedBridge }));
