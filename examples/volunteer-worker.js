// The worker of volunteer.html: it runs the jobs that the page sends.
import { serveJobs } from '../dist/browser/unbraid.js';

serveJobs(globalThis);
