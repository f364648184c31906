/** Runs a job in a page of a headless browser with a new profile. This process serves the page. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Installed } from './installed.ts';
import { followJob, type Job, type JobOptions } from './job.ts';
import { lastly } from './lastly.ts';
import { servePage } from './pageServer.ts';
import { type Program, startProgram } from './program.ts';

export type BrowserName = 'chromium' | 'firefox' | 'webkit';

/** Preferences that switch off questions, updates and reports of a new profile. */
const firefoxPreferences: Readonly<Record<string, boolean | string>> = {
  'app.normandy.enabled': false,
  'app.update.enabled': false,
  'browser.aboutwelcome.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.homepage_override.mstone': 'ignore',
  'datareporting.policy.dataSubmissionEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': 'data:,',
  'toolkit.telemetry.unified': false,
};

/** The arguments that open a page in a browser with a new profile. */
const openPage: Readonly<Record<BrowserName, (profile: string, url: string) => readonly string[]>> = {
  chromium(profile, url) {
    const off = ['background-networking', 'component-update', 'gpu', 'quic', 'sync'].map((what) => `--disable-${what}`);
    // Chromium refuses to run its sandbox as root.
    const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    // Log level 3: only fatal errors.
    return ['--headless', '--no-first-run', '--log-level=3', ...off, ...sandbox, `--user-data-dir=${profile}`, url];
  },
  firefox(profile, url) {
    const lines = Object.entries(firefoxPreferences).map(
      ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
    );
    writeFileSync(join(profile, 'user.js'), lines.join(''));
    return ['--headless', '--no-remote', '--profile', profile, url];
  },
  webkit: (_profile, url) => ['--private', url],
};

/** The environment with all user folders in `home`, so that all files of the browser are removed with it. */
function homeAt(home: string): NodeJS.ProcessEnv {
  const { XDG_CONFIG_HOME: _1, XDG_CACHE_HOME: _2, XDG_DATA_HOME: _3, ...rest } = process.env;
  return { ...rest, HOME: home, TMPDIR: home, GDK_BACKEND: 'x11', LIBGL_ALWAYS_SOFTWARE: '1', GIO_USE_VFS: 'local' };
}

/** A headless browser with a new profile. */
export interface Browser {
  readonly ended: Program['ended'];
  /** Ends it and removes its profile. */
  close(): Promise<void>;
}

/** Opens a page. */
export function openBrowser(
  { name, command: [path, ...args] }: Pick<Installed, 'command'> & { readonly name: BrowserName },
  url: string,
): Browser {
  const home = mkdtempSync(join(tmpdir(), 'unbraid-browser-'));
  // Processes of the browser that are still exiting may write files; retry the removal.
  const removeHome = (): void => rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  const forget = lastly(removeHome);
  const { ended, close } = startProgram(path, [...args, ...openPage[name](home, url)], homeAt(home));
  return {
    ended,
    async close() {
      await close();
      removeHome();
      forget();
    },
  };
}

/**
 * Runs a job in a page and returns its result. It is an error if the page is closed or hidden.
 *
 * @param dist folder of the built package, with its build for pages
 */
export async function runInBrowser(
  installed: Installed & { readonly name: BrowserName },
  dist: URL,
  job: Job,
  options: JobOptions,
): Promise<unknown> {
  const following = followJob(`${installed.name} ${installed.version}`, options);
  const server = await servePage(dist, job, following.receive);
  const browser = openBrowser(installed, server.url);
  void browser.ended.then(({ how, stderr }) => following.fail(how, stderr));
  try {
    return await following.outcome;
  } finally {
    await browser.close();
    await server.close();
  }
}
