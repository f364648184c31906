import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type Bridge, type BridgeOptions, openBridge } from '../../../src/env/bridge/bridge.node.ts';
import type { Environment, Split } from '../../../src/env/environment.ts';
import { textHash } from '../../../src/env/textHash.ts';
import { openTextBridge } from './openText.ts';

const program = fileURLToPath(new URL('fixtures/version2.mjs', import.meta.url));

function counter(form: string, fault = 'none', more: Partial<BridgeOptions> & { readonly file?: string } = {}) {
  const { file, ...options } = more;
  const args = [program, form, fault, ...(file === undefined ? [] : [file])];
  return { name: 'counter', command: process.execPath, args, ...options };
}

const game = (seed = 1, split: Split = 'train') => ({ seed, split });

const messageOf = async (work: Promise<unknown> | unknown): Promise<string> =>
  Promise.resolve(work).then(
    () => 'no error',
    (error: Error) => error.message,
  );

async function withStates<T>(options: BridgeOptions, use: (environment: Environment, bridge: Bridge) => Promise<T>) {
  const bridge = await openBridge(options);
  try {
    if (bridge.form === 'text') throw new Error('the form must not be text');
    return await use(bridge.create(), bridge);
  } finally {
    await bridge.close();
  }
}

/** The message of the error that the first step ends with. */
const stepError = (form: string, fault: string): Promise<string> =>
  withStates(counter(form, fault), async (environment) => {
    await environment.reset(game());
    return messageOf(environment.step(1));
  });

describe('the vector form', () => {
  test('shows finite 32-bit floats, takes ids, and names what they mean', async () => {
    await withStates(counter('vector'), async (environment) => {
      expect(environment.spec).toEqual({
        ...{ name: 'counter', version: '1', maxSteps: 6, hasExpert: false },
        ...{ form: 'vector', vectorWidth: 3, actionCount: 2 },
      });
      const first = await environment.reset(game());
      expect(first).toEqual({
        ...{ observation: Float32Array.of(1 / 3, 0, 1), reward: 0, terminated: false, truncated: false },
        info: { admissibleActions: [0, 1] },
      });
      expect(environment.observationText()).toBe('place 0.3333333432674408, steps 0, sign 1');
      expect(environment.actionTexts()).toEqual(['back', 'on']);
      expect(environment.stateHash()).toBe(
        textHash(
          JSON.stringify([
            [Math.fround(1 / 3), 0, 1],
            [0, 1],
          ]),
        ),
      );
      expect((await environment.step(1)).observation).toEqual(Float32Array.of(2 / 3, 1, 1));
      expect((await environment.step(0)).observation).toEqual(Float32Array.of(1 / 3, 2, 1));
      await environment.step(1);
      const last = await environment.step(1);
      expect([last.reward, last.terminated, last.info.admissibleActions]).toEqual([1, true, []]);
      expect(last).not.toHaveProperty('success');
      expect(await messageOf(environment.step(1))).toBe(
        'bridge counter: step after the end of the episode; call reset first',
      );
    });
  });

  test('a program that lists no actions admits all', async () => {
    await withStates(counter('vector', 'all-actions'), async (environment) => {
      await environment.reset(game());
      expect((await environment.step(0)).info.admissibleActions).toEqual([0, 1]);
    });
  });

  test.each([
    ['short', 'observation must have 3 numbers (it has 2)'],
    ['nan', 'observation must consist of finite 32-bit floats (number 0 is NaN)'],
    ['null-number', 'observation must consist of finite 32-bit floats (number 0 is null)'],
    ['huge', 'observation must consist of finite 32-bit floats (number 0 is 1e+39)'],
    ['image', 'observation must have 3 numbers (it has 1)'],
    ['reward-nan', 'reward must be a finite number'],
    ['ids-descend', 'admissibleActions must list ids in [0, 2) in ascending order (number 1 is 0)'],
    ['id-too-large', 'admissibleActions must list ids in [0, 2) in ascending order (number 1 is 2)'],
  ])('%s: the rule, its place and what arrived', async (fault, rule) => {
    expect(await stepError('vector', fault)).toMatch(`bridge counter: steps[0]: ${rule}, got {"env":0,"reward":`);
  });
});

describe('the tokens form', () => {
  test('shows features, takes the index of an action, and reads as words', async () => {
    await withStates(counter('tokens'), async (environment) => {
      expect(environment.spec).toMatchObject({ form: 'tokens', stateSlots: 2, actionSlots: 1, layout: 'sequence' });
      const first = await environment.reset(game());
      expect(first.observation).toEqual([0, 8 + 2]);
      expect(first.info.admissibleActions).toEqual([[5], [6]]);
      expect([environment.observationText(), environment.actionTexts()]).toEqual(['at one', ['back', 'on']]);
      expect((await environment.step(1)).observation).toEqual([0, 8 + 3]);
      expect((await environment.step(0)).observation).toEqual([0, 8 + 2]);
    });
  });

  test.each([
    ['feature-too-large', 'observation must consist of integers slot * 8 + token with slot < 2 (number 0 is 99)'],
    ['gap', 'observation must have one feature for each slot from 0 on (number 0 has slot 1)'],
  ])('%s: the rule, its place and what arrived', async (fault, rule) => {
    expect(await stepError('tokens', fault)).toMatch(`bridge counter: steps[0]: ${rule}, got {"env":0,"reward":`);
  });
});

describe('hello', () => {
  test.each([
    ['text', 'hello-form', 'form must be "text", "vector" or "tokens"; images are not supported'],
    ['vector', 'hello-width', 'vectorWidth must be an integer >= 1: one list of numbers, not the shape of an image'],
    [
      'vector',
      'hello-continuous',
      'actionCount must be an integer >= 1: the number of discrete actions; continuous actions are not supported',
    ],
    ['vector', 'hello-names', 'actionNames must be a list of 2 texts'],
    ['tokens', 'hello-slots', 'stateSlots must be at most 4096'],
    ['tokens', 'hello-layout', 'layout must be "slots" or "sequence"'],
    ['tokens', 'hello-words', 'vocabulary must be a list of one or more texts'],
    ['text', 'hello-success', 'success must be "return", "step" or null, or absent for "return"'],
    ['text', 'hello-packages', 'packages must be an object of at most 100 versions by name'],
  ])('%s %s is refused', async (form, fault, rule) => {
    expect(await messageOf(openBridge(counter(form, fault)))).toMatch(`bridge counter: ${rule}, got {"id":0,`);
  });

  test('a step limit is passed on, and the answer must have it', async () => {
    await withStates(counter('vector', 'none', { maxSteps: 2 }), async (environment) => {
      expect(environment.spec.maxSteps).toBe(2);
      await environment.reset(game(0));
      await environment.step(1);
      expect((await environment.step(0)).truncated).toBe(true);
    });
    expect(await messageOf(openBridge(counter('text', 'hello-limit', { maxSteps: 2 })))).toMatch(
      'bridge counter: maxSteps must be 2, the limit in the request, got {"id":0,',
    );
    const old = fileURLToPath(new URL('fixtures/bridgeProgram.mjs', import.meta.url));
    const version1 = { ...counter('text'), args: [old, 'none'] };
    expect(await messageOf(openBridge({ ...version1, maxSteps: 2 }))).toBe(
      'config: env "counter" has a step limit of its own, 3, got maxSteps 2; leave maxSteps null',
    );
    const bridge = await openBridge({ ...version1, maxSteps: 3 });
    await bridge.close();
  });

  test('states packages, splits and what success is', async () => {
    const bridge = await openTextBridge(counter('text', 'packages'));
    await bridge.close();
    expect(JSON.stringify(bridge.spec.packages)).toBe('{"my-game":"2.0","zlib":"1.3"}');
    expect(bridge.hello.splits).toEqual({ train: 'places 0 to 2' });
    expect(bridge.spec).not.toHaveProperty('success');
    for (const [fault, success] of [
      ['success-step', 'step'],
      ['success-null', null],
    ]) {
      await withStates(counter('vector', fault as string), async (environment) => {
        expect(environment.spec.success).toBe(success);
        await environment.reset(game(2));
        const last = await environment.step(1);
        expect([last.terminated, last.success]).toEqual([true, success === 'step' ? true : undefined]);
      });
    }
    expect(
      await withStates(counter('vector', 'no-success'), async (environment) => {
        await environment.reset(game(2));
        return messageOf(environment.step(1));
      }),
    ).toMatch('success must be true, false or a number in [0, 1] in the last step of an episode, got {"env":0,');
  });

  test('progress is passed on without control characters, and restarts the timeout', async () => {
    const reports: unknown[] = [];
    const options = counter('text', 'slow-start', {
      startTimeoutMs: 1200,
      onProgress: (report) => reports.push(report),
    });
    const from = performance.now();
    const bridge = await openBridge(options);
    expect(performance.now() - from).toBeGreaterThan(1300);
    await bridge.close();
    expect(reports).toEqual([1, 2, 3, 4].map((n) => ({ text: `loading [2J part ${n}`, done: n, total: 4 })));
    expect(await messageOf(openBridge({ ...options, startTimeoutMs: 100 }))).toBe(
      'bridge counter: no answer to hello within 100 ms',
    );
  });

  test('progress of a wrong type or after hello ends the bridge', async () => {
    expect(await messageOf(openBridge(counter('text', 'bad-progress')))).toBe(
      'bridge counter: done must be a number >= 0 or absent, got {"progress":"x","done":"much"}',
    );
    const bridge = await openTextBridge(counter('text', 'late-progress'));
    expect(await messageOf(bridge.create().reset(game()))).toBe(
      'bridge counter: progress must come before the answer to hello, got {"progress":"more"}',
    );
    await bridge.close();
  });
});

describe('stepMany', () => {
  let folder: string | undefined;
  afterEach(() => {
    vi.unstubAllEnvs();
    if (folder) rmSync(folder, { recursive: true });
    folder = undefined;
  });

  /** The lines that the client sends while `use` runs. */
  async function linesOf(options: BridgeOptions, use: (bridge: Bridge) => Promise<unknown>): Promise<string[]> {
    folder = mkdtempSync(join(tmpdir(), 'unbraid-version2-'));
    const log = join(folder, 'log');
    vi.stubEnv('UNBRAID_TEST_LOG', log);
    const bridge = await openBridge(options);
    await use(bridge);
    await bridge.close();
    return readFileSync(log, 'utf8').trimEnd().split('\n');
  }

  test('carries all requests of one turn in one line, each environment once', async () => {
    const lines = await linesOf(counter('vector'), async (bridge) => {
      const environments = [bridge.create(), bridge.create(), bridge.create()];
      await Promise.all(environments.map((environment, i) => environment.reset(game(i))));
      await Promise.all([environments[0].step(1), environments[1].reset(game(5)), environments[0].reset(game(6))]);
      const closing = environments[2].reset(game(7));
      await Promise.all([closing, environments[2].close?.()]);
    });
    expect(lines).toEqual([
      '{"id":0,"op":"hello","protocol":1,"protocols":[1,2]}',
      '{"id":1,"op":"stepMany","requests":[{"env":0,"seed":0,"split":"train"},{"env":1,"seed":1,"split":"train"},{"env":2,"seed":2,"split":"train"}]}',
      '{"id":2,"op":"stepMany","requests":[{"env":0,"action":1},{"env":1,"seed":5,"split":"train"}]}',
      '{"id":3,"op":"stepMany","requests":[{"env":0,"seed":6,"split":"train"}]}',
      '{"id":4,"op":"stepMany","requests":[{"env":2,"seed":7,"split":"train"}]}',
      '{"id":5,"op":"close","env":2}',
    ]);
  });

  test('single requests are sent instead if they are asked for', async () => {
    const lines = await linesOf(counter('text', 'none', { joinsRequests: false, maxSteps: 4 }), async (bridge) => {
      const environments = [bridge.create(), bridge.create()];
      await Promise.all(environments.map((environment, i) => environment.reset(game(i))));
      await environments[1].step(0);
    });
    expect(lines).toEqual([
      '{"id":0,"op":"hello","protocol":1,"protocols":[1,2],"maxSteps":4}',
      '{"id":1,"op":"reset","env":0,"seed":0,"split":"train"}',
      '{"id":2,"op":"reset","env":1,"seed":1,"split":"train"}',
      '{"id":3,"op":"step","env":1,"action":"back"}',
    ]);
  });

  test('a refused request of a line rejects alone', async () => {
    const bridge = await openTextBridge(counter('text', 'refuses'));
    const resets = [12, 13, 14].map(async (seed) => messageOf(bridge.create().reset(game(seed))));
    expect(await Promise.all(resets)).toEqual(['no error', 'bridge counter: seed 13 has no game', 'no error']);
    await bridge.close();
  });

  test.each([
    ['one-missing', 'steps must be a list of 2 steps, one for each request, got {"id":1,"steps":[{"env":1,'],
    ['swapped', 'steps[0]: env must be 0, the environment of the request, got {"env":1,'],
    ['not-steps', 'steps[0]: a step must be a JSON object, got 5'],
    ['noise', 'an answer must be one line of JSON, got Loading level 3'],
    ['dies-in-play', 'the program ended with exit code 7; last lines of its stderr:\nout of fuel'],
  ])('%s: every request that waits and every later one rejects', async (fault, problem) => {
    const bridge = await openTextBridge(counter('text', fault, { file: '2' }));
    const [one, other] = [bridge.create(), bridge.create()];
    const messages = await Promise.all([one, other].map(async (environment) => messageOf(environment.reset(game()))));
    expect(messages[0]).toMatch(`bridge counter: ${problem}`);
    expect(messages[1]).toBe(messages[0]);
    expect(await messageOf(one.reset(game()))).toBe(messages[0]);
    await bridge.close();
  });

  test('an error of the whole line rejects its requests, and the bridge continues', async () => {
    const bridge = await openTextBridge(counter('text', 'many-refused'));
    const resets = [1, 2].map(async (seed) => messageOf(bridge.create().reset(game(seed))));
    expect(await Promise.all(resets)).toEqual(Array(2).fill('bridge counter: too many at once'));
    expect(await messageOf(bridge.create().reset(game()))).toBe('bridge counter: too many at once');
    await bridge.close();
  });

  test('a second answer to a line ends the bridge at the next request', async () => {
    const bridge = await openTextBridge(counter('text', 'late-line'));
    const environment = bridge.create();
    await environment.reset(game());
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await messageOf(environment.step(0))).toMatch(
      'bridge counter: an answer must carry the id of a request that waits for one, got {"id":1,"steps":[',
    );
    await bridge.close();
  });

  test('an episode that goes on after maxSteps, and no answer in time, end the bridge', async () => {
    const endless = await withStates(counter('vector', 'endless', { maxSteps: 1 }), async (environment) => {
      await environment.reset(game());
      return messageOf(environment.step(0));
    });
    expect(endless).toMatch('steps[0]: terminated or truncated must be true at step 1 of 1, got {"env":0,');
    const silent = await openTextBridge(counter('text', 'silent', { requestTimeoutMs: 300 }));
    expect(await messageOf(silent.create().reset(game()))).toBe('bridge counter: no answer to stepMany within 300 ms');
    await silent.close();
  });
});

describe('a failed reset that the program asks to repeat', () => {
  test.each([1, 2])('%i times is repeated and counted', async (failures) => {
    for (const joinsRequests of [true, false]) {
      const bridge = await openTextBridge(counter('text', 'retry', { file: String(failures), joinsRequests }));
      expect((await bridge.create().reset(game())).observation).toBe('You are at 1.');
      expect(bridge.retries()).toBe(failures);
      await bridge.close();
    }
  });

  test('three times is an error that names the episode', async () => {
    const bridge = await openTextBridge(counter('text', 'retry', { file: '3' }));
    expect(await messageOf(bridge.create().reset(game(4, 'in-domain')))).toBe(
      'bridge counter: the port is taken; the reset of seed 4, split in-domain failed 3 times; check the program',
    );
    expect(bridge.retries()).toBe(2);
    await bridge.close();
  });
});
