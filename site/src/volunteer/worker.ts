/** The worker that runs jobs of a gateway. It only computes: the page talks to the gateway. */
import { serveJobs } from 'unbraid/volunteer';

serveJobs(globalThis);
