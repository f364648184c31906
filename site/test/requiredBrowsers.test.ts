/** The browsers that `UNBRAID_REQUIRE` names must run the tests; a browser that is missing otherwise is named. */
import { expect, it } from 'vitest';
import { browserNames, programOf } from './browsers.ts';

const required = (process.env.UNBRAID_REQUIRE ?? '').toLowerCase().split(',');

it.each(browserNames)('%s runs where UNBRAID_REQUIRE names it', (name) => {
  if (programOf(name) !== null) return;
  console.log(`skipped: ${name}; it is not installed`);
  expect(required, `${name} must be installed; install it or unset UNBRAID_REQUIRE`).not.toContain(name);
});
