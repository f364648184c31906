import { describe, expect, test } from 'vitest';
import type { JsonRecord } from '../../src/record/json.ts';
import type { Job } from '../../src/study/job.ts';
import { type JobRunner, runJobs } from '../../src/study/runJobs.ts';

const jobs: readonly Job[] = [1, 2, 3, 4, 5].map((x) => ({ kind: 'square', input: { x }, seconds: 1 }));

/** Runners that square, fail at 3, and count those open. */
function squaring(): { openRunner: () => JobRunner; opened: number; closed: number; most: number } {
  const state = { opened: 0, closed: 0, most: 0, openRunner };
  let running = 0;
  function openRunner(): JobRunner {
    state.opened++;
    let open = true;
    return {
      async run({ input }) {
        state.most = Math.max(state.most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 1));
        running--;
        if (input.x === 3) throw new Error('three is refused');
        return { square: (input.x as number) * (input.x as number) };
      },
      close() {
        if (open) state.closed++;
        open = false;
      },
    };
  }
  return state;
}

describe('runJobs', () => {
  test.each([1, 2, 9])(
    'all but the failing job are kept with %i workers, and every runner is closed',
    async (workers) => {
      const runners = squaring();
      const kept = new Map<unknown, JsonRecord>();
      const ended: unknown[] = [];
      const failed = await runJobs(jobs, {
        workers,
        openRunner: runners.openRunner,
        keep: ({ input }, result) => kept.set(input.x, result),
        onEnd: ({ input }) => ended.push(input.x),
      });
      expect(failed).toEqual([{ job: jobs[2], message: 'three is refused' }]);
      expect([...kept].sort(([a], [b]) => Number(a) - Number(b))).toEqual(
        [1, 2, 4, 5].map((x) => [x, { square: x * x }]),
      );
      expect(ended.toSorted()).toEqual([1, 2, 3, 4, 5]);
      expect(runners.most).toBe(Math.min(workers, 5));
      // The one that failed is replaced.
      expect([runners.opened, runners.closed]).toEqual([Math.min(workers, 5) + 1, Math.min(workers, 5) + 1]);
    },
  );

  test('an abort closes the runners, keeps what was finished and throws its reason', async () => {
    const runners = squaring();
    const abort = new AbortController();
    const kept: unknown[] = [];
    const work = runJobs(jobs, {
      workers: 1,
      openRunner: runners.openRunner,
      keep: ({ input }) => {
        kept.push(input.x);
        if (input.x === 2) abort.abort(new Error('stop now'));
      },
      signal: abort.signal,
    });
    await expect(work).rejects.toThrow('stop now');
    expect(kept).toEqual([1, 2]);
    expect(runners.closed).toBe(runners.opened);
  });

  test('a result that cannot be kept ends the work', async () => {
    const runners = squaring();
    const kept: unknown[] = [];
    const work = runJobs(jobs, {
      workers: 2,
      openRunner: runners.openRunner,
      keep: ({ input }) => {
        kept.push(input.x);
        throw new Error('the disk is full');
      },
    });
    await expect(work).rejects.toThrow('the disk is full');
    expect(kept).toEqual([1]);
    expect(runners.closed).toBe(runners.opened);
  });

  test('it settles when every runner has ended its job, in its own time', async () => {
    const log: string[] = [];
    const openRunner = (): JobRunner => {
      let end = (): void => {};
      return {
        async run({ input }) {
          if (input.x === 2) return {};
          await new Promise<void>((resolve) => (end = resolve));
          log.push(`${input.x} ended`);
          throw new Error('ended');
        },
        close: () => void setTimeout(end, 5),
      };
    };
    const keep = (): void => {
      throw new Error('the disk is full');
    };
    await expect(runJobs(jobs, { workers: 2, openRunner, keep })).rejects.toThrow('the disk is full');
    expect(log).toEqual(['1 ended']);
  });
});
