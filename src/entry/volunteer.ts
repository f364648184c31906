/**
 * Work for a gateway: a page or a program that runs jobs of studies for others. `unbraid gateway` serves them.
 *
 * @module unbraid/volunteer
 */

export type { ReceivedJob } from '../study/checkJob.ts';
export { type JobScope, localRunner, runVolunteerJob, serveJobs } from '../study/volunteer/jobRunners.ts';
export {
  type VolunteerEvent,
  type VolunteerOptions,
  type VolunteerOutcome,
  volunteer,
} from '../study/volunteer/volunteer.ts';
export { type VolunteerRunner, workerRunner } from '../study/volunteer/workerRunner.ts';
