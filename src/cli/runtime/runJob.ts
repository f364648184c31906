/** Runs a job in a runtime of this machine. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { type BrowserName, runInBrowser } from './browser.ts';
import { runInProcess } from './commandLine.ts';
import type { Installed } from './installed.ts';
import type { Job, JobOptions } from './job.ts';

/** Folder of the built package, found by its name: runtimes run the build even if this file is in src/. */
export const dist = new URL('dist/', pathToFileURL(createRequire(import.meta.url).resolve('unbraid/package.json')));

function isBrowser(installed: Installed): installed is Installed & { readonly name: BrowserName } {
  return installed.name === 'chromium' || installed.name === 'firefox' || installed.name === 'webkit';
}

/**
 * Runs the job and returns its result. The runtime has ended, and its temporary files are removed, when the promise
 * settles.
 *
 * @throws if the job fails, the runtime ends, no message arrives within the limit of `followJob`, or on abort
 */
export function runJob(installed: Installed, job: Job, options: JobOptions = {}): Promise<unknown> {
  return isBrowser(installed)
    ? runInBrowser(installed, dist, job, options)
    : runInProcess(installed, dist, job, options);
}
