import { describe, expect, test } from 'vitest';
import type { TestModule } from 'vitest/node';
import { runtimesReporter } from '../runtimesReporter.ts';

type Counts = { passed?: number; failed?: number; skipped?: number; errors?: number };

/** The fields of a test file that the reporter reads. */
function testFile(moduleId: string, counts: Counts): TestModule {
  const allTests = (state: 'passed' | 'failed' | 'skipped') => new Array(counts[state] ?? 0);
  return { moduleId, children: { allTests }, errors: () => new Array(counts.errors ?? 0) } as unknown as TestModule;
}

async function close(
  required: string,
  modules: TestModule[],
  log = '',
  wideObstacle: string | null = null,
): Promise<{ lines: string[]; failures: number }> {
  const lines: string[] = [];
  let failures = 0;
  const reporter = runtimesReporter(
    required,
    (line) => lines.push(line),
    () => failures++,
    wideObstacle,
  );
  await reporter.onUserConsoleLog?.({ content: log } as never);
  await reporter.onTestRunEnd?.(modules, [], 'passed');
  return { lines, failures };
}

const bridge = '/home/me/unbraid/test/env/bridge/bridgeTextworldExpress.test.ts';
const log = 'skipped: TextWorldExpress; Java is missing\n';
const node = `node ${process.versions.node} ran`;

describe('the closing lines of a test run', () => {
  test('name the runtimes that ran, and count tests', async () => {
    const modules = [testFile(bridge, { passed: 13 }), testFile('/a.test.ts', { passed: 2, failed: 1, skipped: 3 })];
    const lines = [`runtimes: ${node}; TextWorldExpress ran`, '15 passed, 1 failed, 3 skipped'];
    expect(await close('TextWorldExpress', modules)).toEqual({ lines, failures: 0 });
  });

  test('count a runtime as skipped where one of its files was', async () => {
    const files = ['/test/runtime/node20.test.ts', '/test/runtime/node20/battery.test.ts'];
    const one = await close('', [testFile(files[0], { passed: 2 }), testFile(files[1], { skipped: 1 })]);
    expect(one.lines[0]).toBe(`runtimes: ${node}; Node 20 skipped: unknown`);
    const both = await close('', [testFile(files[0], { passed: 2 }), testFile(files[1], { passed: 1 })]);
    expect(both.lines[0]).toBe(`runtimes: ${node}; Node 20 ran`);
  });

  test('report why a runtime was skipped', async () => {
    const lines = [`runtimes: ${node}; TextWorldExpress skipped: Java is missing`, '0 passed, 0 failed, 13 skipped'];
    expect(await close('', [testFile(bridge, { skipped: 13 })], log)).toEqual({ lines, failures: 0 });
  });

  test('fail the run where a required runtime was skipped, or not even tried', async () => {
    const missing =
      'runtimes: TextWorldExpress must run, but did not; install what is missing or unset UNBRAID_REQUIRE';
    const skipped = await close('TextWorldExpress', [testFile(bridge, { skipped: 13 })], log);
    expect(skipped.lines[1]).toBe(missing);
    expect(skipped.failures).toBe(1);
    expect(await close('TextWorldExpress', [])).toEqual({
      lines: [`runtimes: ${node}`, missing, '0 passed, 0 failed, 0 skipped'],
      failures: 1,
    });
  });

  test('state whether tests ran on the wide builds, or why not', async () => {
    const wide = { ...testFile('/a.test.ts', { passed: 2 }), project: { name: 'wide' } } as unknown as TestModule;
    expect((await close('', [wide])).lines[0]).toBe(`runtimes: ${node}; wide builds ran`);
    const obstacle = 'the processor has no AVX2';
    expect((await close('', [], '', obstacle)).lines[0]).toBe(`runtimes: ${node}; wide builds skipped: ${obstacle}`);
  });

  test('count a file that cannot be loaded as a failure', async () => {
    const { lines } = await close('', [testFile('/a.test.ts', { errors: 1 })]);
    expect(lines[1]).toBe('0 passed, 1 failed, 0 skipped');
  });
});
