/** Gives a job to a runtime of this machine. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { type BrowserName, runInBrowser } from './browser.ts';
import { runInProcess } from './commandLine.ts';
import type { Installed } from './installed.ts';
import type { Job, JobOptions } from './job.ts';

/** The built package. By its own name, since runtimes run what was built wherever this file itself lies. */
export const dist = new URL('dist/', pathToFileURL(createRequire(import.meta.url).resolve('unbraid/package.json')));

function isBrowser(installed: Installed): installed is Installed & { readonly name: BrowserName } {
  return installed.name === 'chromium' || installed.name === 'firefox' || installed.name === 'webkit';
}

/**
 * Does the job there and gives its result. When this settles, the runtime and its temporary files are gone.
 *
 * @throws if the job fails, the runtime leaves, nothing is heard of it for long, or on abort
 */
export function runJob(installed: Installed, job: Job, options: JobOptions = {}): Promise<unknown> {
  return isBrowser(installed)
    ? runInBrowser(installed, dist, job, options)
    : runInProcess(installed, dist, job, options);
}
