import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Explanation, StateList } from '../../../src/cli/saved/explain.ts';
import { resolveConfig } from '../../../src/config/config.ts';
import { small } from '../../train/recordedRun.ts';
import { makeRun, realUnbraid } from '../realRun.ts';

const folder = mkdtempSync(join(tmpdir(), 'unbraid-explain-'));
afterAll(() => rmSync(folder, { recursive: true }));
const run = join(folder, 'run');
const changes = {
  ...{ iterations: 5, groupsPerIteration: 4, numGenerations: 6, coldStart: 40, coldStartUpdates: 60 },
  ...{ couplingPairs: 0, evalEpisodes: 2, checkpointEvery: 2, keepCheckpoints: 5 },
};
await makeRun(run, resolveConfig({ ...small, ...changes }));
const files = readdirSync(run).sort();

async function listed(): Promise<StateList> {
  const { code, stdout } = await realUnbraid('coupling', run, '--explain', 'list', '--json');
  expect(code).toBe(0);
  return JSON.parse(stdout) as StateList;
}

async function explained(...words: string[]): Promise<Explanation> {
  const { code, stdout, stderr } = await realUnbraid('coupling', run, '--json', '--explain', ...words);
  expect(stderr).not.toContain('unbraid:');
  expect(code).toBe(0);
  return JSON.parse(stdout) as Explanation;
}

describe('--explain list', () => {
  test('states in words with the probabilities of their actions', async () => {
    const { states, iteration } = await listed();
    expect(iteration).toBe(5);
    expect(states.map(({ number }) => number)).toEqual(states.map((_, i) => i + 1));
    for (const { state, actions } of states) {
      expect(state).toMatch(/You are at .* Task: /);
      expect(actions.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 5);
    }
    const { stdout } = await realUnbraid('coupling', run, '--explain', 'list');
    expect(stdout).toContain(states[0].actions[0].action);
    expect(stdout).toContain(`unbraid coupling ${run} --explain STATE ACTION`);
  });

  test('other games of another split', async () => {
    const other = await realUnbraid('coupling', run, '--split', 'train', '--json', '--explain', 'list');
    expect((JSON.parse(other.stdout) as StateList).states[0].state).not.toBe((await listed()).states[0].state);
  });
});

describe('--explain STATE ACTION', () => {
  test('names samples of the iterations after the checkpoints, in words, the largest influence first', async () => {
    const { states } = await listed();
    const { state, actions } = states[2];
    const [{ action, probability }] = actions;
    const explanation = await explained('3', action);
    expect(explanation.explained).toMatchObject({ number: 3, state, action, iteration: 5, probability });
    expect(explanation.explained.logProb).toBeCloseTo(Math.log(probability), 4);
    expect(explanation.checkpoints.map(({ iteration }) => iteration)).toEqual([0, 2, 4]);
    const { helped, hindered } = explanation;
    for (const [samples, sign] of [
      [helped, 1],
      [hindered, -1],
    ] as const) {
      expect(samples.length).toBeGreaterThan(3);
      for (const [i, sample] of samples.entries()) {
        expect(sample.state).toMatch(/You are at /);
        expect([1, 3, 5]).toContain(sample.iteration);
        expect(sample.episode).toBeLessThan(24);
        expect(sign * sample.influence).toBeGreaterThan(0);
        expect(sample.advantage).not.toBe(0);
        if (i > 0) expect(sign * sample.influence).toBeLessThanOrEqual(sign * samples[i - 1].influence);
      }
    }
    // The text of the state names it, too, and no file is written.
    expect(await explained(state, action)).toEqual(explanation);
    expect(readdirSync(run).sort()).toEqual(files);
  });

  test('the text says which checkpoints were used and how to keep more', async () => {
    const { stdout } = await realUnbraid(
      'coupling',
      run,
      '--explain',
      '1',
      (await listed()).states[0].actions[0].action,
    );
    for (const part of ['made this action likelier', 'less likely', 'checkpoint 0, 2, 4', 'keepCheckpoints', 'TracIn'])
      expect(stdout.replaceAll(/\s+/g, ' ')).toContain(part);
  });
});

describe('wrong words', () => {
  test.each([
    [['3'], /--explain must be list, or a state and an action, got 1 word; quote both texts/],
    [['1', 'a', 'b'], /--explain must be list, or a state and an action, got 3 words/],
    [['999', 'a'], /the number of a state must be in \[1, \d+\], got 999; list all with/],
    [['zebra crossing', 'a'], /got "zebra crossing": no state contains these words; .* nearest: \d+: You are at/],
    [['you are at', 'a'], /got "you are at": \d+ states contain these words; .* nearest: \d+: You are at/],
    [['1', 'fly away'], /ACTION must be an action of the state, got "fly away", nearest: .*; its actions are: /],
  ])('%j', async (words, message) => {
    const { code, stderr } = await realUnbraid('coupling', run, '--explain', ...words);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });
});
