import { afterEach, describe, expect, test, vi } from 'vitest';
import { openCrew, type SpawnWorker } from '../../src/parallel/crew.ts';
import type { WorkerHandle } from '../../src/parallel/crewMember.ts';
import { createWorkerApi, type WorkerApi } from '../../src/parallel/worker.ts';

interface Fake extends WorkerHandle {
  readonly name: string;
  end(reason: string): void;
  terminated: number;
}

/** Workers on this thread; `changes` replaces methods of each worker API. */
function fakes(changes: (name: string) => Partial<WorkerApi> = () => ({})): { spawn: SpawnWorker; workers: Fake[] } {
  const workers: Fake[] = [];
  const spawn: SpawnWorker = (name) => {
    let end: (reason: string) => void = () => {};
    const ended = new Promise<never>((_, reject) => {
      end = (reason) => reject(new Error(reason));
    });
    const api = { ...createWorkerApi(), ...changes(name) };
    const worker: Fake = { name, api, ended, end, terminated: 0, terminate: () => void worker.terminated++ };
    workers.push(worker);
    return worker;
  };
  return { spawn, workers };
}

const never = (): Promise<never> => new Promise(() => {});

const advice = 'the latest checkpoint is valid; resume with: unbraid train --resume DIR';

describe('openCrew', () => {
  test.each([0, -1, 1.5, Number.NaN])('rejects %d threads', async (size) => {
    await expect(openCrew(fakes().spawn, size, { cores: null })).rejects.toThrow(
      new RangeError(`openCrew: size must be an integer >= 1, got ${size}; pass the number of threads`),
    );
  });

  test('one thread starts no worker', async () => {
    const { spawn, workers } = fakes();
    const crew = await openCrew(spawn, 1);
    expect([crew.size, crew.memory, crew.reason, workers.length]).toEqual([1, 'own', 'one thread', 0]);
    expect((await crew.arena()).shared).toBe(false);
  });

  test('one core starts no worker, and the reason states why', async () => {
    const { spawn, workers } = fakes();
    const crew = await openCrew(spawn, 2, { cores: 1 });
    expect([crew.size, crew.memory, crew.reason, workers.length]).toEqual([
      1,
      'own',
      'one core, on which threads cannot run in parallel',
      0,
    ]);
    // Node 20 does not report the number.
    expect((await openCrew(spawn, 2, { cores: null })).size).toBe(2);
  });

  test('names its workers from 2 on, shares memory where possible, and uses copies with the option copied', async () => {
    const { spawn, workers } = fakes();
    const shared = await openCrew(spawn, 3, { cores: null });
    expect(workers.map(({ name }) => name)).toEqual(['unbraid worker 2', 'unbraid worker 3']);
    expect([shared.size, shared.memory, shared.reason]).toEqual([
      3,
      'shared',
      'the host shares memory between threads',
    ]);
    expect((await shared.arena()).shared).toBe(true);
    const copied = await openCrew(spawn, 2, { copied: true, cores: null });
    expect([copied.size, copied.memory, copied.reason]).toEqual([2, 'copied', 'the option copied is set']);
    expect((await copied.arena()).shared).toBe(false);
  });

  test('uses copies where a worker cannot receive shared memory, and the reason states why', async () => {
    const attach: WorkerApi['attach'] = async (memory) => {
      if (memory) throw new Error('the memory could not be cloned');
    };
    const crew = await openCrew(fakes(() => ({ attach })).spawn, 2, { cores: null });
    expect([crew.memory, crew.reason]).toEqual([
      'copied',
      'this runtime does not share memory between threads: the memory could not be cloned',
    ]);
  });

  test('a worker that exits while it receives the memory is an error: the crew does not change to copies', async () => {
    const { spawn, workers } = fakes((name) => ({
      attach(memory) {
        if (memory && name === 'unbraid worker 3') workers[1].end('killed');
        return memory ? never() : Promise.resolve();
      },
    }));
    await expect(openCrew(spawn, 3, { cores: null })).rejects.toThrow(
      new Error('openCrew: 2 workers must start, but one failed: killed; use one thread'),
    );
    expect(workers.map(({ terminated }) => terminated)).toEqual([1, 1]);
  });

  test('a runtime that starts only some of the workers: the started ones are terminated', async () => {
    const { spawn, workers } = fakes();
    const limited: SpawnWorker = (name) => {
      if (workers.length === 2) throw new Error('too many threads');
      return spawn(name);
    };
    await expect(openCrew(limited, 4, { cores: null })).rejects.toThrow(
      new Error('openCrew: 3 workers must start, but one failed: too many threads; use one thread'),
    );
    expect(workers.map(({ terminated }) => terminated)).toEqual([1, 1]);
  });

  describe('where there is no SharedArrayBuffer', () => {
    afterEach(() => vi.unstubAllGlobals());

    test('uses copies, and the reason states which headers a page needs', async () => {
      vi.stubGlobal('SharedArrayBuffer', undefined);
      const crew = await openCrew(fakes().spawn, 2, { cores: null });
      expect([crew.memory, crew.reason]).toEqual([
        'copied',
        'this runtime has no SharedArrayBuffer; a page needs the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp',
      ]);
    });
  });
});

describe('a call', () => {
  test('returns the replies in the order of the workers', async () => {
    const { spawn } = fakes();
    const { call } = (await openCrew(spawn, 4, { cores: null })).forRun();
    const replies = await call('test', async (_, worker) => {
      for (let turn = 4; turn > worker; turn--) await Promise.resolve();
      return worker;
    });
    expect(replies).toEqual([1, 2, 3]);
  });

  test('fails with the worker and the phase when one worker fails, even if others never reply', async () => {
    const { spawn } = fakes();
    const { call } = (await openCrew(spawn, 3, { cores: null })).forRun();
    const failing = call('test', (_, worker) => (worker === 2 ? Promise.reject(new Error('no room')) : never()));
    await expect(failing).rejects.toThrow(new Error(`worker 3 of 3 failed in phase "test": no room; ${advice}`));
  });

  test('fails when a worker exits during it; later calls of the run fail with the same message', async () => {
    const { spawn, workers } = fakes();
    const crew = await openCrew(spawn, 3, { cores: null });
    const { call } = crew.forRun();
    const during = call('first', never);
    const meanwhile = call('second', never);
    workers[0].end('killed');
    const told = (phase: string): Error =>
      new Error(
        `worker 2 of 3 failed in phase "${phase}": killed; ${phase === 'start' ? 'the run has not started; start it again' : advice}`,
      );
    await expect(during).rejects.toThrow(told('first'));
    await expect(meanwhile).rejects.toThrow(told('first'));
    await expect(call('third', async () => 0)).rejects.toThrow(told('first'));
    // If a worker exits before the run begins, the first call of the run fails.
    await expect(crew.forRun().call('start', never)).rejects.toThrow(told('start'));
  });

  test.each(['shared', 'copied'] as const)(
    'that is finished is not named as the failed one when the exit event arrives before its reply: memory %s',
    async (memory) => {
      const { spawn, workers } = fakes();
      const crew = await openCrew(spawn, 2, { copied: memory === 'copied', cores: null });
      const { call } = crew.forRun();
      let finish: () => void = () => {};
      const finished = new Promise<void>((resolve) => {
        finish = resolve;
      });
      const overtaken = call('first', async (api) => {
        await expect(api.updates({} as never)).rejects.toThrow('worker: a run must have begun');
        finish();
        return never();
      });
      const unfinished = [call('second', never), call('third', never)];
      await finished;
      workers[0].end('killed');
      // On copies only the reply shows that a call is finished.
      const phase = memory === 'shared' ? 'second' : 'first';
      for (const reply of [overtaken, ...unfinished]) {
        await expect(reply).rejects.toThrow(new Error(`worker 2 of 2 failed in phase "${phase}": killed; ${advice}`));
      }
    },
  );

  test('that was the last is named as the failed one where all are finished', async () => {
    const { spawn, workers } = fakes();
    const { call } = (await openCrew(spawn, 2, { cores: null })).forRun();
    const calls = ['first', 'second'].map((phase) =>
      call(phase, async (api) => {
        await api.updates({} as never).catch(() => {});
        if (phase === 'second') workers[0].end('killed');
        return never();
      }),
    );
    for (const reply of calls) {
      await expect(reply).rejects.toThrow(new Error(`worker 2 of 2 failed in phase "second": killed; ${advice}`));
    }
  });

  test('whose failed replies are not awaited makes the next call fail', async () => {
    const { each, call } = (await openCrew(fakes().spawn, 2, { cores: null })).forRun();
    await Promise.allSettled(each('gradients', () => Promise.reject(new Error('no room'))));
    await expect(call('rollouts', async () => 0)).rejects.toThrow(
      new Error(`worker 2 of 2 failed in phase "gradients": no room; ${advice}`),
    );
  });

  test('fails when the crew is closed during it; later calls are rejected', async () => {
    const { spawn, workers } = fakes();
    const crew = await openCrew(spawn, 2, { cores: null });
    const { call } = crew.forRun();
    const during = call('test', never);
    crew.close();
    await expect(during).rejects.toThrow(
      new Error(`worker 2 of 2 failed in phase "test": the crew was closed; ${advice}`),
    );
    expect(workers[0].terminated).toBe(1);
    await expect(call('next', async () => 0)).rejects.toThrow(
      new Error('Crew: the crew must be open in phase "next", got a closed crew; open another'),
    );
  });

  test('of a run is rejected once another run has begun', async () => {
    const crew = await openCrew(fakes().spawn, 2, { cores: null });
    const first = crew.forRun().call;
    const second = crew.forRun().call;
    await expect(first('gradients', async () => 0)).rejects.toThrow(
      new Error(
        'Crew: workers hold one run at a time, got phase "gradients" of an earlier run; await each run before the next, or open a crew for each',
      ),
    );
    expect(await second('gradients', async () => 5)).toEqual([5]);
  });
});
