import { defineConfig } from 'vitest/config';
import { runtimesReporter } from './test/runtimesReporter.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    environment: 'node',
    pool: 'forks',
    testTimeout: 60_000,
    reporters: [
      'default',
      runtimesReporter(process.env.UNBRAID_REQUIRE ?? '', console.log, () => {
        process.exitCode = 1;
      }),
    ],
  },
});
