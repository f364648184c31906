import { defineConfig } from 'vitest/config';
import { runtimesReporter } from '../test/runtimesReporter.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Browsers wait for the network and for workers, so two files at a time take little longer than one.
    maxWorkers: 2,
    hookTimeout: 60_000,
    // No runtime is required by name here: test/requiredBrowsers.test.ts checks the browsers.
    reporters: ['default', runtimesReporter('', console.log, () => {})],
  },
});
