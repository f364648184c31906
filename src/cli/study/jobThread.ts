/** Entry of a thread that runs the jobs of a study, one after another. */
import { runJob } from '../../study/jobKinds.ts';
import { namedBridges } from '../shared/bridges.ts';
import { serveThread } from '../shared/thread.ts';
import type { ThreadJob } from './threadRunner.ts';

serveThread(({ job, choice, programs, folder }: ThreadJob, _, signal) =>
  runJob(job, {
    openBridge: namedBridges(programs),
    ...(choice.module && { module: choice.module }),
    ...(folder !== null && {
      trainFiles: async (config) => {
        // Few jobs need a folder, and the records of a run take time to load.
        const { trainFiles } = await import('./trainFiles.ts');
        return trainFiles(config, folder, choice, programs, signal);
      },
    }),
  }),
);
