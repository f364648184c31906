import { expect, test } from 'vitest';
import { reliabilityPage } from './report.ts';
import { countOne, fail, inspect, openTally } from './tally.ts';

const circumstances = { command: 'npm run reliability', machine: '2 cores', versions: 'Node 24', seconds: 600 };

test('the page has a row for each part, what was tried, and every failure', () => {
  const [kills, disk] = ['kills', 'full disk'].map(openTally);
  kills.attempts = 2;
  countOne(kills, 'train');
  countOne(kills, 'train');
  disk.notes.push('no file system could be mounted');
  fail(disk, 'lost run', 'disk 1: another result\nmore');
  inspect(kills, 'kill 0', { code: 1, stdout: '', stderr: 'unbraid: no space; free some' }, 2048);
  inspect(kills, 'kill 1', { code: 1, stdout: '', stderr: 'Error: x\n    at open (file.js:1:2)\n' }, 1024);
  inspect(disk, 'disk 1', { code: 1, stdout: '', stderr: 'unbraid: checkpoint undefined is damaged' }, 10_000);
  const lines = reliabilityPage([kills, disk], circumstances).split('\n');
  expect(lines).toContain('| kills | 2 | 2 | 0 | 0 | 0 | 0 | 1 | 0 | 2 |');
  expect(lines).toContain('| full disk | 0 | 1 | 0 | 1 | 0 | 0 | 0 | 1 | 10 |');
  expect(lines).toContain('Machine: 2 cores. Versions: Node 24. Time: 10 minutes.');
  expect(lines).toContain('| train | 2 |');
  expect(lines).toContain('**What was found.** 3 failures in 2 attempts.');
  expect(lines).toContain('Not done: no file system could be mounted.');
  expect(lines.slice(lines.indexOf('## Failures'))).toEqual([
    '## Failures',
    '',
    '* stack trace: kill 1: the output holds a stack trace: Error: x',
    '* lost run: disk 1: another result',
    '* unclear message: disk 1: the output holds an undefined value: unbraid: checkpoint undefined is damaged',
    '',
  ]);
});

test('the page states that there was no failure', () => {
  expect(reliabilityPage([openTally('kills')], circumstances)).toMatch(/## Failures\n\nNone\.\n$/);
});
