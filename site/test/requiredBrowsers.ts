/** Runs before all tests: names the browsers that are missing, and fails where `UNBRAID_REQUIRE` has one of them. */
import { browserNames, programOf } from './browsers.ts';

export default function checkBrowsers(): void {
  const required = (process.env.UNBRAID_REQUIRE ?? '').toLowerCase().split(',');
  for (const name of browserNames) {
    if (programOf(name) !== null) continue;
    if (required.includes(name)) {
      throw new Error(`test:site: ${name} must be installed, got none; install it or unset UNBRAID_REQUIRE`);
    }
    console.log(`skipped: all tests in ${name}, which is not installed`);
  }
}
