/** The built site that the tests visit. `npm run test:site` builds it for a path below the root of a host. */
import { fileURLToPath } from 'node:url';
import { siteHeaders } from '../scripts/headers.ts';
import { type SiteServer, serveSite } from '../scripts/server.ts';
import { testBase } from '../scripts/testBuild.ts';

/** The folder of a server whose files at `testBase` are the site. */
const root = fileURLToPath(new URL('../dist-test', import.meta.url));

/** The site's own folder. */
export const dist = `${root}${testBase}`.slice(0, -1);

interface Serving {
  /** A folder like the built one, with the site at `testBase`. */
  readonly folder?: string;
  readonly port?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Serves the site; the URL is that of its story. */
export async function serveBuilt({
  folder = root,
  port = 0,
  headers = siteHeaders,
}: Serving = {}): Promise<SiteServer> {
  const { url, close } = await serveSite(folder, port, headers);
  return { url: url.slice(0, -1) + testBase, close };
}
