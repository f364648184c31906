import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { type Chain, type Learned, openChain } from '../../src/record/chain.ts';
import type { JsonRecord } from '../../src/record/json.ts';
import { createReceipt, firstDifference, outcomeOf, type Receipt, receiptFlaw } from '../../src/record/receipt.ts';
import { encodeReceipt, parseReceipt } from '../../src/record/receiptFile.ts';
import { encodeSafetensors } from '../../src/record/safetensors.ts';

const sha = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');

const config = { seed: 3, iterations: 4, env: 'e' };
// Canonical: keys in alphabetical order.
const configSha256 = sha('{"env":"e","iterations":4,"seed":3}');
const head = { numerics: 1, configSha256, environment: 'e 1', vocabularySha256: null };
const result = { success: { train: 1 }, coupling: {}, envSteps: 8, updates: 2, parametersSha256: 'ab', wallMs: 7 };

function learnedAt(iteration: number, x = iteration): Learned {
  return {
    iteration,
    parameters: [{ name: 'w', shape: [1], values: new Float32Array([x]) }],
    state: [{ name: 'm', shape: [1], values: new Float32Array([2]) }],
    counters: { updates: iteration },
  };
}

/** A run of four iterations with a checkpoint at every second. */
function chainOf(changes: { x?: number; metric?: number } = {}, upTo = 4): Chain {
  const writer = openChain({ head, links: [], open: [] });
  let chain: Chain | null = null;
  for (let iteration = 0; iteration <= upTo; iteration++) {
    writer.addMetrics({ iteration, 'charts/success': iteration === 3 ? (changes.metric ?? 0.5) : 0.25 });
    const x = iteration >= 2 ? changes.x : undefined;
    if (iteration % 2 === 0) chain = writer.addLink(learnedAt(iteration, x), true);
  }
  return chain as Chain;
}

const receiptOf = (chain: Chain, outcome: object | null = result): Receipt =>
  createReceipt('0.1.0', config, chain, outcome);
const receipt = receiptOf(chainOf());

test('every hash is the one that docs/receipts.md describes', () => {
  const root = sha(`{"configSha256":"${configSha256}","environment":"e 1","numerics":1,"vocabularySha256":null}`);
  expect(receipt.root).toBe(root);
  const { parameters, state } = learnedAt(2);
  const parametersSha256 = sha(encodeSafetensors(parameters));
  const stateSha256 = sha(`{"counters":{"updates":2},"tensors":"${sha(encodeSafetensors(state))}"}`);
  const metricsSha256 = sha('{"iteration":1,"charts/success":0.25}\n{"iteration":2,"charts/success":0.25}\n');
  const previous = receipt.links[0].link;
  const link = sha(
    `{"iteration":2,"metricsSha256":"${metricsSha256}","parametersSha256":"${parametersSha256}","previous":"${previous}","stateSha256":"${stateSha256}"}`,
  );
  expect(receipt.links[1]).toEqual({ iteration: 2, parametersSha256, stateSha256, metricsSha256, link });
  const outcome = '{"coupling":{},"envSteps":8,"parametersSha256":"ab","success":{"train":1},"updates":2}';
  expect(receipt.hash).toBe(sha(`{"outcome":${outcome},"previous":"${receipt.links[2].link}"}`));
  expect(receiptOf(chainOf(), null).hash).toBe(receipt.links[2].link);
  expect(Object.keys(receipt.config)).toEqual(['env', 'iterations', 'seed']);
});

test('a chain goes on from any checkpoint, and the link of an interruption is left out', () => {
  const first = chainOf({}, 2);
  const on = (chain: Chain): Chain => {
    const writer = openChain(chain);
    for (let iteration = (chain.links.at(-1)?.iteration ?? 0) + 1; iteration <= 4; iteration++)
      writer.addMetrics({ iteration, 'charts/success': iteration === 3 ? 0.5 : 0.25 });
    return writer.addLink(learnedAt(4), true);
  };
  expect(on(first)).toEqual(chainOf());
  const writer = openChain(first);
  writer.addMetrics({ iteration: 3, 'charts/success': 0.5 });
  const interrupted = writer.addLink(learnedAt(3), false);
  expect(interrupted.links.map((link) => link.iteration)).toEqual([0, 2, 3]);
  expect(interrupted.open).toEqual(['{"iteration":3,"charts/success":0.5}\n']);
  expect(on(interrupted)).toEqual(chainOf());
});

test('the first checkpoint that differs is named, and what differs in it', () => {
  const at = (other: Receipt, until = 4): unknown => firstDifference(receipt, other, until);
  expect(at(receiptOf(chainOf()))).toBeNull();
  const otherWeights = receiptOf(chainOf({ x: 9 }));
  expect(at(otherWeights)).toEqual({
    at: 2,
    differs: [
      {
        what: 'parameters',
        receipt: receipt.links[1].parametersSha256,
        replay: otherWeights.links[1].parametersSha256,
      },
    ],
  });
  expect(at(otherWeights, 1)).toBeNull();
  expect(at(receiptOf(chainOf({ metric: 0.6 })))).toMatchObject({ at: 4, differs: [{ what: 'metrics' }] });
  expect(at(receiptOf(chainOf(), { ...result, envSteps: 9, wallMs: 1 }))).toEqual({
    at: 'outcome',
    differs: [{ what: 'envSteps', receipt: 8, replay: 9 }],
  });
  expect(at({ ...receipt, environment: 'e 2', vocabularySha256: 'cd' })).toEqual({
    at: 'start',
    differs: [
      { what: 'environment', receipt: 'e 1', replay: 'e 2' },
      { what: 'vocabulary', receipt: null, replay: 'cd' },
    ],
  });
  // A receipt with a checkpoint too few or too many is not the replay's.
  const shorter = receiptOf(chainOf({}, 2), null);
  expect(firstDifference(shorter, receipt, 4)).toMatchObject({ at: 4 });
  expect(at(shorter)).toMatchObject({ at: 4 });
  expect(firstDifference(shorter, receipt, 2)).toBeNull();
});

test('a receipt that contradicts itself is found', () => {
  const [first, second, third] = receipt.links;
  const flaws: [Partial<Receipt>, string][] = [
    [{ config: { ...config, seed: 4 } }, 'config does not match configSha256'],
    [{ environment: 'e 2' }, 'root does not follow from what the run starts from'],
    [{ numerics: 2 }, 'root does not follow from what the run starts from'],
    [{ links: [first, { ...second, iteration: 3 }, third] }, 'link 3 does not follow from the one before it'],
    [{ links: [first, third] }, 'link 4 does not follow from the one before it'],
    [{ links: [first, second, { ...second }] }, 'checkpoint 2 comes after checkpoint 2'],
    [{ outcome: outcomeOf({ ...result, envSteps: 9 }) }, 'hash does not follow from the last link and the outcome'],
    [{ links: [first, second] }, 'an outcome needs a checkpoint of the last iteration'],
  ];
  expect(receiptFlaw(receipt)).toBeNull();
  for (const [changes, flaw] of flaws) expect(receiptFlaw({ ...receipt, ...changes })).toBe(flaw);
});

test('the file gives back the receipt, and any flipped bit of it is found', () => {
  const file = { receipt, check: 'unbraid verify runs/first', files: { 'config.json': sha('x') } };
  const text = encodeReceipt(file);
  expect(parseReceipt(text)).toEqual(file);
  const bytes = new TextEncoder().encode(text);
  for (let i = 0; i < bytes.length; i++) {
    const changed = bytes.slice();
    changed[i] ^= 1 << (i % 8);
    expect(parseReceipt(new TextDecoder().decode(changed)), `byte ${i}`).toHaveProperty('flaw');
  }
});

test('the last field is the hash of the text without it', () => {
  const text = encodeReceipt({ receipt, check: '', files: {} });
  const { sha256, ...rest } = JSON.parse(text) as JsonRecord;
  expect(sha256).toBe(sha(`${JSON.stringify(rest, null, 2)}\n`));
  expect(text.endsWith(`\n  "sha256": "${sha256}"\n}\n`)).toBe(true);
});

test('files that are no receipt, and formats to come', () => {
  const signed = (changes: object): string => {
    const rest = { ...receipt, check: '', files: {}, ...changes };
    return `${JSON.stringify({ ...rest, sha256: sha(`${JSON.stringify(rest, null, 2)}\n`) }, null, 2)}\n`;
  };
  expect(parseReceipt('{')).toEqual({ flaw: 'is not JSON' });
  expect(parseReceipt('[]')).toEqual({ flaw: 'is not a JSON object' });
  expect(parseReceipt('{}')).toEqual({ flaw: 'does not match its own hash' });
  expect(parseReceipt(signed({ links: [{}] }))).toEqual({ flaw: 'has no good links.0.iteration' });
  expect(parseReceipt(signed({ hash: sha('x') }))).toEqual({
    flaw: 'contradicts itself: hash does not follow from the last link and the outcome',
  });
  expect(() => parseReceipt(signed({ format: 2 }))).toThrow(
    new Error('parseReceipt: format must be 1, got 2; use the version of unbraid that made the receipt'),
  );
});
