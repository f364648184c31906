import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { BridgeOptions } from '../../../src/env/bridge/bridge.node.ts';
import type { TextEnvironment } from '../../../src/env/environment.ts';
import { textHash } from '../../../src/env/textHash.ts';
import { openTextBridge } from './openText.ts';

const program = fileURLToPath(new URL('fixtures/bridgeProgram.mjs', import.meta.url));
const fixture = (fault: string, more: Partial<BridgeOptions> = {}): BridgeOptions => ({
  name: 'fixture',
  command: process.execPath,
  args: [program, fault],
  ...more,
});
const episode = { seed: 1, split: 'train' } as const;

async function withEnvironment(
  options: BridgeOptions,
  use: (environment: TextEnvironment) => Promise<void>,
): Promise<void> {
  const bridge = await openTextBridge(options);
  try {
    await use(bridge.create());
  } finally {
    await bridge.close();
  }
}

const messageOf = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no error',
    (error: Error) => error.message,
  );

describe('a bridge', () => {
  it('plays an episode; actions come sorted and without repeats, and step takes their index', async () => {
    await withEnvironment(fixture('none'), async (environment) => {
      expect(environment.spec).toEqual({ name: 'fixture', version: '7', maxSteps: 3, hasExpert: false });
      const first = await environment.reset(episode);
      expect(first.info.admissibleActions).toEqual(['east', 'north', 'south']);
      expect([first.reward, first.terminated, first.truncated]).toEqual([0, false, false]);
      expect((await environment.step(1)).reward).toBe(0.5);
      expect((await environment.step(0)).reward).toBe(0);
      const last = await environment.step(2);
      expect([last.terminated, last.info.admissibleActions]).toEqual([true, []]);
    });
  });

  it('sends the requests of one turn in one write and keeps environments apart', async () => {
    for (const fault of ['none', 'reversed']) {
      const bridge = await openTextBridge(fixture(fault));
      const environments = Array.from({ length: 16 }, () => bridge.create());
      const observations = async (steps: Promise<{ observation: string }>[]) =>
        (await Promise.all(steps)).map((step) => step.observation);
      expect(await observations(environments.map(async (environment) => environment.reset(episode)))).toEqual(
        environments.map((_, env) => `environment ${env}, step 0, chunk 2`),
      );
      expect(await observations(environments.map(async (environment) => environment.step(0)))).toEqual(
        environments.map((_, env) => `environment ${env}, step 1, chunk 3`),
      );
      await Promise.all(environments.map((environment) => environment.close?.()));
      await bridge.close();
    }
  });

  it('hashes the state text, or the observation and actions where the program returns none', async () => {
    await withEnvironment(fixture('own-state'), async (environment) => {
      await environment.reset(episode);
      expect(environment.stateHash?.()).toBe(textHash('environment 0, step 0, chunk 2\neast\nnorth\nsouth'));
      await environment.step(0);
      expect(environment.stateHash?.()).toBe(textHash('always the same'));
    });
  });

  it('rejects a step that no episode allows', async () => {
    await withEnvironment(fixture('none'), async (environment) => {
      const step = async (action: number) => messageOf(Promise.resolve(environment.step(action)));
      expect(await step(0)).toBe('bridge fixture: step needs an episode; call and await reset first');
      expect(() => environment.stateHash?.()).toThrow('bridge fixture: stateHash needs an episode; call reset first');
      await environment.reset(episode);
      expect(await step(3)).toBe('bridge fixture: step needs the index of one of 3 admissible actions, got 3');
      for (const action of [0, 0, 0]) await environment.step(action);
      expect(await step(0)).toBe('bridge fixture: step after the end of the episode; call reset first');
    });
  });

  it('rejects only the request that the program itself rejects', async () => {
    await withEnvironment(fixture('refuses'), async (environment) => {
      await environment.reset(episode);
      expect(await messageOf(Promise.resolve(environment.step(0)))).toBe('bridge fixture: the door is stuck');
      expect((await environment.reset(episode)).observation).toBe('environment 0, step 0, chunk 4');
    });
  });
});

describe('a bridge program that breaks the protocol at a step', () => {
  const line = (fields: string) => `{"id":2,"env":0,"observation":"environment 0, step 1, chunk 3",${fields}}`;
  const tail = '"terminated":false,"truncated":false,"admissibleActions":["south","north","north","east"]';
  it.each([
    ['not-json', `an answer must be one line of JSON, got Loading the game${'.'.repeat(184)}`],
    ['endless-line', `an answer must have at most 16777216 characters, got ${'x'.repeat(200)}`],
    ['not-object', 'an answer must be a JSON object, got [1]'],
    [
      'no-id',
      `an answer must carry the id of its request, got {"env":0,"observation":"environment 0, step 1, chunk 3","reward":0,${tail}}`,
    ],
    [
      'wrong-id',
      `an answer must carry the id of a request that waits for one, got ${line(`"reward":0,${tail}`).replace('"id":2', '"id":99')}`,
    ],
    [
      'wrong-env',
      `env must be 0, the environment of the request, got ${line(`"reward":0,${tail}`).replace('"env":0', '"env":7')}`,
    ],
    ['no-observation', `observation must be a string, got {"id":2,"env":0,"reward":0,${tail}}`],
    [
      'no-terminated',
      `terminated must be a boolean, got ${line(`"reward":0,${tail.replace('"terminated":false,', '')}`)}`,
    ],
    [
      'no-truncated',
      `truncated must be a boolean, got ${line(`"reward":0,${tail.replace('"truncated":false,', '')}`)}`,
    ],
    ['reward-infinite', `reward must be a finite number, got ${line(`"reward":1e999,${tail}`)}`],
    [
      'actions-not-texts',
      `admissibleActions must be a list of strings, got ${line('"reward":0,"terminated":false,"truncated":false,"admissibleActions":[1]')}`,
    ],
    [
      'actions-empty',
      `admissibleActions must not be empty before the episode ends, got ${line('"reward":0,"terminated":false,"truncated":false,"admissibleActions":[]')}`,
    ],
    ['state-not-text', `state must be a string or absent, got ${line(`"reward":0,${tail},"state":5`)}`],
    ['crash', 'the program ended with exit code 3; last lines of its stderr:\nfirst line\nOut of memory'],
    ['leaves-child', 'the program ended with exit code 4'],
    ['silent', 'no answer to step within 1000 ms'],
  ])(
    '%s: all that waits and all that follows rejects, and the program is gone',
    async (fault, problem) => {
      const bridge = await openTextBridge(fixture(fault, fault === 'silent' ? { requestTimeoutMs: 1000 } : {}));
      const [one, other] = [bridge.create(), bridge.create()];
      await one.reset(episode);
      const shown = problem.includes(', got {') ? problem.slice(0, problem.indexOf(', got {') + 6 + 200) : problem;
      const waiting = [one.step(0), other.reset(episode)].map(async (step) => messageOf(Promise.resolve(step)));
      const messages = await Promise.all(waiting);
      expect(messages[0]).toBe(`bridge fixture: ${shown}`);
      // A program that is silent at steps still answers the reset.
      if (fault !== 'silent') expect(messages[1]).toBe(messages[0]);
      expect(await messageOf(Promise.resolve(other.reset(episode)))).toBe(messages[0]);
      await bridge.close();
    },
    10_000,
  );

  it('never-ends: an episode longer than maxSteps is rejected', async () => {
    const bridge = await openTextBridge(fixture('never-ends'));
    const environment = bridge.create();
    await environment.reset(episode);
    for (const action of [0, 0]) await environment.step(action);
    expect(await messageOf(Promise.resolve(environment.step(0)))).toBe(
      'bridge fixture: terminated or truncated must be true at step 3 of 3, got {"id":4,"env":0,"observation":"environment 0, step 3, chunk 5","reward":0,"terminated":false,"truncated":false,"admissibleActions":["east"]}',
    );
    await bridge.close();
  });
});

describe('openBridge', () => {
  it.each([
    [
      'hello-protocol',
      'protocol must be 1 or 2, the versions this client speaks',
      '"protocol":3,"name":"fixture","version":"7","maxSteps":3',
    ],
    ['hello-name', 'name must be a string that is not empty', '"protocol":1,"name":"","version":"7","maxSteps":3'],
    [
      'hello-version',
      'version must be a string that is not empty',
      '"protocol":1,"name":"fixture","version":7,"maxSteps":3',
    ],
    ['hello-max-steps', 'maxSteps must be an integer >= 1', '"protocol":1,"name":"fixture","version":"7","maxSteps":0'],
  ])('refuses %s', async (fault, rule, got) => {
    expect(await messageOf(openTextBridge(fixture(fault)))).toBe(`bridge fixture: ${rule}, got {"id":0,${got}}`);
  });

  it.each(['hello-refuses', 'hello-refuses-and-leaves'])('passes on why the program refuses: %s', async (fault) => {
    expect(await messageOf(openTextBridge(fixture(fault)))).toBe('bridge fixture: the game is not installed');
  });

  it('waits for hello no longer than startTimeoutMs', async () => {
    expect(await messageOf(openTextBridge(fixture('hello-silent', { startTimeoutMs: 300 })))).toBe(
      'bridge fixture: no answer to hello within 300 ms',
    );
  });

  it('reports that the program cannot be started', async () => {
    expect(await messageOf(openTextBridge(fixture('none', { command: 'no-such-program' })))).toBe(
      'bridge fixture: cannot start no-such-program: spawn no-such-program ENOENT; check that it is installed and in PATH',
    );
  });

  it('rejects time limits that no timer can keep', async () => {
    expect(await messageOf(openTextBridge(fixture('none', { requestTimeoutMs: 0 })))).toBe(
      'openBridge: requestTimeoutMs must be in [1, 2^31 - 1] milliseconds, got 0',
    );
    expect(await messageOf(openTextBridge(fixture('none', { startTimeoutMs: 1e10 })))).toBe(
      'openBridge: startTimeoutMs must be in [1, 2^31 - 1] milliseconds, got 10000000000',
    );
  });
});

describe('close', () => {
  it('rejects what waits and what follows', async () => {
    const bridge = await openTextBridge(fixture('silent'));
    const environment = bridge.create();
    await environment.reset(episode);
    const waiting = messageOf(Promise.resolve(environment.step(0)));
    await bridge.close();
    expect(await waiting).toBe('bridge fixture: the bridge was closed');
    expect(await messageOf(Promise.resolve(environment.reset(episode)))).toBe('bridge fixture: the bridge was closed');
  });

  it('kills a program that stays after its input ended', async () => {
    const bridge = await openTextBridge(fixture('deaf-to-end'));
    await bridge.close();
    expect(await messageOf(Promise.resolve(bridge.create().reset(episode)))).toBe(
      'bridge fixture: the bridge was closed',
    );
  });

  it.skipIf(!process.features.typescript)('is not needed for the own process to end', () => {
    const script = `
      const { openBridge: openTextBridge } = await import(${JSON.stringify(new URL('../../../src/env/bridge/bridge.node.ts', import.meta.url).href)});
      const bridge = await openTextBridge(${JSON.stringify(fixture('none'))});
      console.log((await bridge.create().reset({ seed: 1, split: 'train' })).observation);`;
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect([run.stdout, run.status]).toEqual(['environment 0, step 0, chunk 2\n', 0]);
  });
});
