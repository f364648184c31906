import { expect, test } from 'vitest';
import { type Circumstances, fleetPage } from './fleetPage.ts';

const circumstances: Circumstances = {
  ...{ command: 'npm run fleet', machine: '2 cores', versions: 'Node 24', date: '2026-11-29' },
  ...{ load: [3, 9], seconds: 600 },
};
const numbers = {
  scaling: [
    { name: 'jobs that wait for 500 ms', workers: 2, concurrency: 10, jobs: 400, seconds: 12.5, ideal: 10 },
    { name: 'training runs', workers: 1, concurrency: 1, jobs: 24, seconds: 8, ideal: null },
  ],
  overhead: { jobs: 1000, p50: 5, p95: 60 },
  queued: { jobs: 10_000, bytes: 12_000_000 },
  many: { jobs: 10_000, seconds: 70, events: 10_010, bytes: 30_000_000 },
  large: { jobs: 100, events: 50_000, bytes: 90_000_000 },
};
const row = { name: 'FLUSHALL', faults: 3, jobs: 24, starts: 26, contradictions: 0, repeats: 1, failures: [] };

test('the page has a row for each fault, whether the aims were met, and every failure', () => {
  const failed = { ...row, name: 'kill', failures: ['files that differ: a.json\nmore'] };
  const lines = fleetPage([row, failed], numbers, circumstances).split('\n');
  expect(lines).toContain('| FLUSHALL | 3 | 24 | 26 | 1 | 0 | 0 |');
  expect(lines).toContain('| kill | 3 | 24 | 26 | 1 | 0 | see below |');
  expect(lines).toContain('| jobs that wait for 500 ms | 2 | 20 | 400 | 12.5 | 10.0 | 0.80 |');
  expect(lines).toContain('| training runs | 1 | 1 | 24 | 8.0 |  |  |');
  expect(lines.join('\n')).toContain('6 faults in 2 studies; 1 failures; 0 results');
  expect(lines.join('\n')).toContain('percentile 60 ms (aim: below 50 ms, not met). 10000 queued jobs: 12.0 MB');
  expect(lines.slice(lines.indexOf('## Failures'))).toEqual([
    ...['## Failures', '', '* kill: files that differ: a.json', ''],
  ]);
});

test('the page states that there was no failure', () => {
  expect(fleetPage([row], numbers, circumstances)).toMatch(/## Failures\n\nNone\.\n$/);
});
