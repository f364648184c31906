import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { runtimesReporter } from './test/runtimesReporter.ts';
import { narrowTests, wideArguments, wideEnvironment, wideObstacle, wideTests } from './test/wide/forced.ts';

const all = ['test/**/*.test.ts'];
const obstacle = wideObstacle();

/** Some tests again, on the wide builds (`npm run test:wide`), or all of them (`npm run test:wide:all`). */
const wide: TestProjectInlineConfiguration = {
  extends: true,
  test: {
    name: 'wide',
    include: process.env.UNBRAID_TEST_WIDE === 'all' ? all : wideTests,
    exclude: narrowTests,
    execArgv: wideArguments,
    env: wideEnvironment,
  },
};

export default defineConfig({
  test: {
    environment: 'node',
    pool: 'forks',
    testTimeout: 60_000,
    projects: [
      { extends: true, test: { name: 'narrow', include: all } },
      obstacle === null ? wide : { extends: true, test: { name: 'wide', include: [] } },
    ],
    passWithNoTests: obstacle !== null,
    reporters: [
      'default',
      runtimesReporter(
        process.env.UNBRAID_REQUIRE ?? '',
        console.log,
        () => {
          process.exitCode = 1;
        },
        obstacle,
      ),
    ],
  },
});
