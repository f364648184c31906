import { fileURLToPath } from 'node:url';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { runtimesReporter } from './test/runtimesReporter.ts';
import { narrowTests, wideArguments, wideEnvironment, wideObstacle, wideTests } from './test/wide/forced.ts';

const all = ['test/**/*.test.ts'];

/** Tests with a Redis server (`npm run test:fleet`): they start and kill processes, which takes minutes. */
const fleet = ['test/fleet/**/*.test.ts'];

/**
 * Worker threads and commands of the tests run from TypeScript sources. Node removes the types in every thread anew, by
 * a Wasm module of its own, unless it finds the result in its compile cache: threads then start in half of the time.
 */
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('node_modules/.cache/node', import.meta.url));

/**
 * V8 13 can crash when several threads free compiled Wasm code at once (a race in its registry of code pages, reported
 * to Node.js). Test processes end after one file, so that they need not free any.
 */
const keepWasmCode = ['--no-wasm-code-gc'];

const obstacle = wideObstacle();

/** Some tests again, on the wide builds (`npm run test:wide`), or all of them (`npm run test:wide:all`). */
const wide: TestProjectInlineConfiguration = {
  extends: true,
  test: {
    name: 'wide',
    include: process.env.UNBRAID_TEST_WIDE === 'all' ? all : wideTests,
    exclude: [...narrowTests, ...fleet],
    execArgv: [...keepWasmCode, ...wideArguments],
    env: wideEnvironment,
  },
};

export default defineConfig({
  test: {
    environment: 'node',
    pool: 'forks',
    execArgv: keepWasmCode,
    testTimeout: 60_000,
    projects: [
      { extends: true, test: { name: 'narrow', include: all, exclude: fleet } },
      { extends: true, test: { name: 'fleet', include: fleet } },
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
