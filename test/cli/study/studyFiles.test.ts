import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { writeStudy } from '../../../src/cli/study/studyFiles.ts';
import { finishedJob, jobOf } from '../../../src/study/job.ts';
import { trainKind } from '../../../src/study/trained/trainJob.ts';
import { madeUp, resultsOf } from '../../study/results.ts';

test('receipts.jsonl and jobs.jsonl.gz have a line per finished run: the numerics version that a replay needs, and the result', () => {
  const directory = mkdtempSync(join(tmpdir(), 'unbraid-study-'));
  try {
    const jobs = [1, 2].map((seed) => jobOf(trainKind, { seed }, 60));
    const record = {
      ...{ name: 'two', question: 'two runs?', summary: [], tables: [], figures: [], notes: [], versions: {} },
      ...{ command: 'unbraid study two', jobs: { planned: 2, finished: 1, interrupted: true, failed: [] } },
    };
    writeStudy(
      directory,
      record,
      {},
      jobs,
      resultsOf(jobs, ({ seed }) => seed === 1),
    );
    expect(readFileSync(join(directory, 'receipts.jsonl'), 'utf8')).toBe(
      '{"config":{"seed":1},"parametersSha256":"ab12","receipt":"cd34","environment":"household 1","numerics":2}\n',
    );
    const packed = gunzipSync(readFileSync(join(directory, 'jobs.jsonl.gz'))).toString();
    expect(
      packed
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([finishedJob(jobs[0], madeUp({ seed: 1 }))]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
