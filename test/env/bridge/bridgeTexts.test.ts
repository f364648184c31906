import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { shownText } from '../../../src/env/bridge/receivedText.ts';
import type { TextEnvironment } from '../../../src/env/environment.ts';
import { textHash } from '../../../src/env/textHash.ts';
import { openTextBridge, type TextBridge } from './openText.ts';

const program = fileURLToPath(new URL('fixtures/textProgram.mjs', import.meta.url));
const open = (kind: string): Promise<TextBridge> =>
  openTextBridge({ name: 'texts', command: process.execPath, args: [program, kind] });
const start = { seed: 1, split: 'train' } as const;

/** What the reset shows, the action that comes back for each index, and the hash of the state. */
async function playFirst(kind: string) {
  const bridge = await open(kind);
  const environment = bridge.create();
  const step = await environment.reset(start);
  const hash = environment.stateHash?.();
  const sent: string[] = [];
  for (const index of step.info.admissibleActions.keys()) {
    if (index >= 8) break;
    await environment.reset(start);
    sent.push(JSON.parse((await environment.step(index)).observation));
  }
  await bridge.close();
  return { step, hash, sent };
}

async function failureOf(kind: string, use: (environment: TextEnvironment) => unknown = (e) => e.reset(start)) {
  let bridge: TextBridge | undefined;
  try {
    bridge = await open(kind);
    await use(bridge.create());
    return 'no error';
  } catch (error) {
    return (error as Error).message;
  } finally {
    await bridge?.close();
  }
}

describe.concurrent('texts of a bridge', () => {
  test('a byte order mark before each line and CR LF after it are no part of it', async () => {
    const { step, sent } = await playFirst('marks');
    expect([step.observation, step.info.admissibleActions, sent]).toEqual(['""', ['go'], ['go']]);
  });

  test('control characters are shown as spaces; actions that look alike stay apart and go back as they came', async () => {
    const { step, sent, hash } = await playFirst('controls');
    const observation = 'a\u0000b\u001b[31mc\r\nd\te\u007f\u0085\u009b2Jf';
    expect(step.observation).toBe('a b [31mc \nd\te   2Jf');
    expect(step.info.admissibleActions).toEqual(['go ', 'go ', 'go ']);
    expect(sent).toEqual(['go\u0000', 'go\u0007', 'go ']);
    expect(hash).toBe(textHash([observation, ...sent].join('\n')));
  });

  test('halves of surrogate pairs are shown as U+FFFD', async () => {
    const { step, sent } = await playFirst('surrogates');
    expect(step.observation).toBe('x\ufffdy\ufffdz 😀');
    expect(step.info.admissibleActions).toEqual(['\ufffdA', '😀', '\ufffdA', '\ufffdA']);
    expect(sent).toEqual(['\ud800A', '😀', '\udfffA', '\ufffdA']);
  });

  test('byte order marks in texts are not shown', async () => {
    const { step, sent } = await playFirst('inner-mark');
    expect([step.observation, step.info.admissibleActions, sent]).toEqual([
      'You see it.',
      ['go', 'go'],
      ['go', '\ufeffgo'],
    ]);
  });

  test('texts and lists as long as they may be are taken', async () => {
    expect((await playFirst('many-actions')).step.info.admissibleActions.length).toBe(65_536);
    const { step, hash } = await playFirst('long-texts');
    expect([step.observation.length, step.info.admissibleActions[0].length]).toEqual([65_536, 4_096]);
    expect(hash).toBe(textHash('y'.repeat(65_536)));
  });

  test.each([
    ['too-many-actions', 'admissibleActions must list at most 65536 actions (it lists 65537)'],
    ['too-long-observation', 'observation must have at most 65536 characters (it has 65537)'],
    ['too-long-state', 'state must have at most 65536 characters (it has 65537)'],
    ['too-long-action', 'each of admissibleActions must have at most 4096 characters (it has 4097)'],
  ])('%s: the limit is named', async (kind, rule) => {
    expect(await failureOf(kind)).toMatch(`bridge texts: ${rule}, got {"id":1,"env":0,"reward":0,`);
  });

  test.each([
    ['name-controls', 'name must have no control characters, byte order marks or halves of surrogate pairs'],
    ['name-long', 'name must have at most 1000 characters (it has 1001)'],
    ['version-newline', 'version must have no control characters, byte order marks or halves of surrogate pairs'],
    ['too-many-steps', 'maxSteps must be at most 10000'],
    ['a-billion-steps', 'maxSteps must be at most 10000'],
  ])('%s is refused at the start', async (kind, rule) => {
    expect(await failureOf(kind)).toMatch(`bridge texts: ${rule}, got {"id":0,"protocol":1,`);
  });

  test.each([
    ['not-utf8', /an answer must be UTF-8 \(it has the bytes [0-9a-f]+\), got/],
    ['cut-character', /an answer must be UTF-8 \(it has the bytes [0-9a-f]+\), got/],
    ['utf16', /an answer must be UTF-8 \(it has the bytes fffe7b00[0-9a-f]+\), got/],
  ])('%s is refused', async (kind, message) => {
    expect(await failureOf(kind)).toMatch(message);
  });

  test('what an error repeats of a program moves no cursor and is short', async () => {
    expect(await failureOf('stderr')).toBe(
      'bridge texts: an answer must be one line of JSON, got cleared; last lines of its stderr:\nred and   bold \nlast',
    );
    expect(await failureOf('error')).toBe(`bridge texts: bad  luck${'!'.repeat(1_981)}`);
  });
});

test('most texts are shown as they are', () => {
  const text = 'You are in the kitchen.\n\tThere is a "table" — 椅子, 😀 and crème brûlée.';
  expect(shownText(text)).toBe(text);
});
