import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bridge, type BridgeOptions, openBridge } from '../../../src/env/bridge/bridge.node.ts';
import type { StartProgress } from '../../../src/env/bridge/messages.ts';
import type { Environment, TextEnvironment } from '../../../src/env/environment.ts';

const python = process.env.UNBRAID_PYTHON ?? 'python3';
const hasPython = spawnSync(python, ['--version']).status === 0;
if (!hasPython) console.log(`skipped: bridges/unbraid_bridge.py needs Python, and ${python} does not start`);

const folder = fileURLToPath(new URL('../../../bridges', import.meta.url));
const program = fileURLToPath(new URL('fixtures/pythonEnvironments.py', import.meta.url));
type Kind = 'text' | 'vector' | 'tokens';
const command = (kind: Kind): BridgeOptions => ({
  name: `counter-${kind}`,
  command: python,
  args: [program, folder, kind],
});

/** The answers of a program to some requests, and its standard error. */
function answersTo(kind: Kind, requests: readonly object[]) {
  const input = requests.map((request) => `${JSON.stringify(request)}\n`).join('');
  const run = spawnSync(python, [program, folder, kind], { input, encoding: 'utf8' });
  const answers = run.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  return { answers, stderr: run.stderr, status: run.status };
}

describe.skipIf(!hasPython)('bridges/unbraid_bridge.py', () => {
  it('answers protocol 1 where the client speaks no other, without progress', () => {
    const { answers, status, stderr } = answersTo('text', [
      { id: 0, op: 'hello', protocol: 1 },
      { id: 1, op: 'reset', env: 0, seed: 7, split: 'train' },
      { id: 2, op: 'step', env: 0, action: 'two' },
      { id: 3, op: 'close', env: 0 },
    ]);
    const common = { terminated: false, truncated: false, admissibleActions: ['one', 'two'] };
    expect(answers).toEqual([
      { id: 0, protocol: 1, name: 'counter-text', version: '3', maxSteps: 4 },
      { id: 1, env: 0, observation: 'count 2 of train', reward: 0, ...common, state: '2' },
      { id: 2, env: 0, observation: 'count 4 of train', reward: 0.25, ...common, state: '4' },
      { id: 3, env: 0 },
    ]);
    expect(status).toBe(0);
    expect(stderr).toBe('a library prints this\nand this\nclosed\n');
    const [refusal] = answersTo('vector', [{ id: 0, op: 'hello', protocol: 1 }]).answers;
    expect(refusal).toEqual({
      id: 0,
      error: 'counter-vector: form vector needs protocol 2, the client speaks 1; update unbraid',
    });
  });

  it('answers several requests of a line, each with a step or an error', () => {
    const [, , , { id, steps }] = answersTo('text', [
      { id: 0, op: 'hello', protocol: 1, protocols: [1, 2] },
      {
        id: 5,
        op: 'stepMany',
        requests: [
          { env: 0, seed: 4, split: 'train' },
          { env: 1, seed: 13, split: 'train' },
          { env: 2, seed: 14, split: 'train' },
          { env: 3, action: 'one' },
        ],
      },
    ]).answers;
    expect(id).toBe(5);
    expect(steps[0].observation).toBe('count 4 of train');
    expect(steps[1]).toEqual({
      env: 1,
      error: expect.stringMatching(/^KeyError: 'thirteen' \(pythonEnvironments\.py, line \d+, in reset\)$/),
    });
    expect(steps[2]).toEqual({ env: 2, error: 'lost the connection; try again', retry: true });
    expect(steps[3]).toEqual({ env: 3, error: 'step: environment 3 is unknown; send reset first' });
  });

  it('closes its environments when standard input ends', () => {
    const { stderr } = answersTo('text', [
      { id: 0, op: 'hello', protocol: 1 },
      { id: 1, op: 'reset', env: 0, seed: 1, split: 'train' },
      { id: 2, op: 'reset', env: 4, seed: 1, split: 'train' },
    ]);
    expect(stderr.match(/closed/g)).toHaveLength(2);
  });

  it.each([
    [{ op: 'reset', env: 0, seed: 1, split: 'test' }, 'split must be one of train, in-domain, out-of-domain, got test'],
    [{ op: 'jump', env: 0 }, 'op must be hello, reset, step, stepMany or close, got jump'],
  ])('rejects %j and continues', (request, problem) => {
    const { answers } = answersTo('text', [
      { id: 0, op: 'hello', protocol: 1 },
      { id: 1, ...request },
      { id: 2, op: 'reset', env: 0, seed: 1, split: 'train' },
    ]);
    expect(answers[1].error).toContain(problem);
    expect(answers[2].observation).toBe('count 1 of train');
  });

  describe('with the client', () => {
    const progress: StartProgress[] = [];
    const open: Bridge[] = [];
    const bridgeOf = async (kind: Kind, options: Partial<BridgeOptions> = {}): Promise<Bridge> => {
      const bridge = await openBridge({ ...command(kind), onProgress: (each) => progress.push(each), ...options });
      open.push(bridge);
      return bridge;
    };
    let vector: Environment;
    beforeAll(async () => {
      vector = (await bridgeOf('vector')).create() as Environment;
    });
    afterAll(async () => {
      await Promise.all(open.map((bridge) => bridge.close()));
    });

    it('describes itself and reports progress', async () => {
      expect(vector.spec).toEqual({
        ...{ name: 'counter-vector', version: '3', maxSteps: 4, hasExpert: false, form: 'vector', success: 'step' },
        ...{ vectorWidth: 2, actionCount: 3, packages: { counter: '1.0' } },
      });
      expect(open[0].hello).toMatchObject({
        ...{ actionNames: ['stay', 'one', 'two'], observationNames: ['count', 'half'], splits: { train: 'numbers' } },
      });
      expect(progress.map(({ text, done, total }) => [text, done ?? null, total ?? null])).toEqual([
        ['makes levels', 1, 2],
        ['almost there', null, null],
      ]);
    });

    it('plays vectors, with ids in ascending order, and reports success at the end', async () => {
      const first = await vector.reset({ seed: 2, split: 'train' });
      expect([Array.from(first.observation as Float32Array), first.info.admissibleActions]).toEqual([
        [2, 0.5],
        [0, 2],
      ]);
      const steps = [await vector.step(1), await vector.step(1)];
      expect(steps.map(({ terminated, success }) => [terminated, success])).toEqual([
        [false, undefined],
        [true, true],
      ]);
    });

    it('names what is wrong with a vector', async () => {
      const reset = async (seed: number) => vector.reset({ seed, split: 'train' });
      await expect(reset(15)).rejects.toThrow('each number of an observation must be finite, got nan');
      await expect(reset(16)).rejects.toThrow('observation must have vector_width = 2 numbers, got 3');
    });

    it('takes the step limit of the request, and truncates there', async () => {
      const limited = (await bridgeOf('text', { maxSteps: 2 })).create() as TextEnvironment;
      expect(limited.spec.maxSteps).toBe(2);
      await limited.reset({ seed: 0, split: 'train' });
      const steps = [await limited.step(0), await limited.step(0)];
      expect(steps.map(({ truncated, success }) => [truncated, success])).toEqual([
        [false, undefined],
        [true, false],
      ]);
    });

    it('plays tokens', async () => {
      const tokens = (await bridgeOf('tokens')).create() as Environment;
      const first = await tokens.reset({ seed: 3, split: 'train' });
      expect([first.observation, first.info.admissibleActions]).toEqual([[3], [[0], [1, 2]]]);
      expect((await tokens.step(1)).observation).toEqual([5]);
    });

    it('rejects only the request that failed, and repeats a reset whose error requests it', async () => {
      const bridge = await bridgeOf('text');
      const environment = bridge.create() as TextEnvironment;
      await expect(environment.reset({ seed: 13, split: 'train' })).rejects.toThrow("KeyError: 'thirteen'");
      await expect(environment.reset({ seed: 14, split: 'train' })).rejects.toThrow('lost the connection; try again');
      expect(bridge.retries()).toBe(2);
      expect((await environment.reset({ seed: 0, split: 'train' })).observation).toBe('count 0 of train');
    });
  });
});
