/**
 * Closes a test run with two lines: which runtimes the tests ran on, and the counts.
 *
 *   runtimes: node 24.21.0 ran; TextWorldExpress skipped: the Python package is missing
 *   512 passed, 0 failed, 9 skipped
 *
 * A test file that needs a runtime logs `skipped: NAME; REASON` where that is missing. `UNBRAID_REQUIRE`, names with
 * commas between, makes the run fail if one of them did not run.
 */
import type { UserConsoleLog } from 'vitest';
import type { Reporter, TestModule } from 'vitest/node';

/** Test files of each runtime beyond the Node that runs the tests. */
const testFiles: Readonly<Record<string, readonly string[]>> = {
  TextWorldExpress: ['test/env/bridge/bridgeTextworldExpress.test.ts'],
  Gymnasium: ['test/env/bridge/bridgeGymnasium.test.ts'],
  Box2D: ['test/env/bridge/bridgeBox2d.test.ts'],
  MiniGrid: ['test/env/bridge/bridgeMinigrid.test.ts'],
  TextWorld: ['test/env/bridge/bridgeTextworld.test.ts'],
  ScienceWorld: ['test/env/bridge/bridgeScienceworld.test.ts'],
  MinAtar: ['test/env/bridge/bridgeMinatar.test.ts'],
  'Node 20': ['test/runtime/node20.test.ts', 'test/runtime/node20/battery.test.ts'],
  'Node 22': ['test/runtime/node22.test.ts'],
  'Node 24': ['test/runtime/node24/battery.test.ts'],
  Deno: ['test/runtime/deno/battery.test.ts'],
  Bun: ['test/runtime/bun/battery.test.ts'],
  Chromium: ['test/runtime/chromium/battery.test.ts'],
  Firefox: ['test/runtime/firefox/battery.test.ts'],
  workerd: ['test/runtime/workerd/workerd.test.ts'],
  Vite: ['test/runtime/vite/vite.test.ts'],
  webpack: ['test/runtime/webpack/webpack.test.ts'],
  esbuild: ['test/runtime/esbuild/esbuild.test.ts'],
  'package linters': ['test/runtime/packageLinters.test.ts'],
  'static page': ['test/runtime/staticPage/staticPage.test.ts'],
  PyTorch: ['test/factors/probe.test.ts'],
  Redis: ['test/fleet/faults.test.ts', 'test/fleet/refusals.test.ts', 'test/fleet/strangers.test.ts'],
};

const states = ['passed', 'failed', 'skipped'] as const;

function countsOf(modules: readonly TestModule[]): Record<(typeof states)[number], number> {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const module of modules) {
    for (const state of states) counts[state] += [...module.children.allTests(state)].length;
    // A file that cannot be loaded has no tests that could fail.
    if (module.errors().length > 0) counts.failed++;
  }
  return counts;
}

/**
 * @param required names of runtimes that must run, with commas between; '' for none
 * @param fail called for each of them that did not
 * @param wideObstacle why no test can run on the wide builds; null if one can
 */
export function runtimesReporter(
  required: string,
  print: (line: string) => void,
  fail: () => void,
  wideObstacle: string | null = null,
): Reporter {
  const reasons = new Map<string, string>();
  return {
    onUserConsoleLog({ content }: UserConsoleLog) {
      for (const [, name, reason] of content.matchAll(/^skipped: ([^;\n]+); (.+)$/gm)) reasons.set(name, reason);
    },
    async onTestRunEnd(modules) {
      // After the summary of the default reporter.
      await new Promise((resolve) => setImmediate(resolve));
      const ran = new Map([[`node ${process.versions.node}`, true]]);
      for (const [name, files] of Object.entries(testFiles)) {
        const found = modules.filter((module) => files.some((file) => module.moduleId.endsWith(file)));
        if (found.length === 0) continue;
        const counts = found.map((module) => countsOf([module]));
        ran.set(
          name,
          counts.every(({ passed, failed }) => passed + failed > 0),
        );
      }
      const wide = modules.filter((module) => module.project?.name === 'wide');
      if (wide.length > 0) ran.set('wide builds', countsOf(wide).passed > 0);
      else if (wideObstacle !== null) {
        ran.set('wide builds', false);
        reasons.set('wide builds', wideObstacle);
      }
      const words = [...ran].map(
        ([name, did]) => `${name} ${did ? 'ran' : `skipped: ${reasons.get(name) ?? 'unknown'}`}`,
      );
      print(`runtimes: ${words.join('; ')}`);
      for (const name of required.split(',')) {
        if (name === '' || ran.get(name)) continue;
        print(`runtimes: ${name} must run, but did not; install what is missing or unset UNBRAID_REQUIRE`);
        fail();
      }
      const { passed, failed, skipped } = countsOf(modules);
      print(`${passed} passed, ${failed} failed, ${skipped} skipped`);
    },
  };
}
