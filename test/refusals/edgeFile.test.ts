/** What `openPolicy` refuses of modules, files and options. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { openPolicy } from '../../src/edge.ts';
import { randomStream } from '../../src/random.ts';
import { decodeSafetensors, encodeSafetensors } from '../../src/record/safetensors.ts';
import { refusal } from '../refusal.ts';
import { module, saved } from './opened.ts';

describe('openPolicy', () => {
  const file = 'give the bytes of parameters.safetensors';
  const wasm =
    'give unbraid/edge.wasm or unbraid/unbraid.wasm, compiled by the host, or use openPolicyFrom with its URL';
  const opened = (given: unknown, bytes: unknown = saved.parameters, options?: unknown): string =>
    refusal(() => openPolicy(given as WebAssembly.Module, bytes as Uint8Array, options as object));

  test('modules', async () => {
    const empty = new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
    const threads = await WebAssembly.compile(
      await readFile(new URL('../../wasm/unbraid.threads.wasm', import.meta.url)),
    );
    const rule = 'openPolicy: module must be a WebAssembly.Module of this package';
    expect(opened(null)).toBe(`${rule}, got null; ${wasm}`);
    expect(opened(saved.parameters)).toBe(`${rule}, got an array of ${saved.parameters.length} bytes; ${wasm}`);
    expect(opened({})).toBe(`${rule}, got an object; ${wasm}`);
    expect(opened(empty)).toBe(`${rule}, got one without the function heapBase; ${wasm}`);
    expect(opened(threads)).toMatch(/^openPolicy: module must be .*, got one that does not start: .*; give unbraid/);
  });

  test('bytes and options', () => {
    expect(opened(module, null)).toBe(`openPolicy: parameters must be a Uint8Array, got null; ${file}`);
    expect(opened(module, 'x')).toBe(`openPolicy: parameters must be a Uint8Array, got "x"; ${file}`);
    expect(opened(module, saved.parameters.buffer)).toBe(
      `openPolicy: parameters must be a Uint8Array, got an object; ${file}`,
    );
    expect(opened(module, saved.parameters, { temprature: 2 })).toBe(
      'openPolicy: unknown option "temprature"; did you mean "temperature"?',
    );
    expect(opened(module, saved.parameters, null)).toBe(
      'openPolicy: options must be a plain object, got null; its keys are: temperature',
    );
    for (const temperature of [Number.NaN, -1, Number.POSITIVE_INFINITY, null]) {
      expect(opened(module, saved.parameters, { temperature })).toBe(
        `openPolicy: temperature must be a number > 0, got ${temperature}; 1 leaves the scores as they are`,
      );
    }
  });

  /** The saved policy with another blueprint. */
  function withBlueprint(change: (blueprint: Record<string, Record<string, unknown>>) => void): Uint8Array {
    const { tensors, metadata } = decodeSafetensors(saved.parameters);
    const blueprint = JSON.parse(metadata.blueprint);
    change(blueprint);
    return encodeSafetensors(tensors, { ...metadata, blueprint: JSON.stringify(blueprint) });
  }

  const again = 'save the policy again with this version of unbraid';
  const another = 'the checkpoint is of another policy or environment; use the config it was made with';
  const cases: [string, (blueprint: Record<string, Record<string, unknown>>) => void, string][] = [
    [
      '3,000 blocks',
      ({ config }) => Object.assign(config, { blocks: 3000 }),
      `blueprintFromJson: config.blocks must be an integer <= 4, got 3000; ${again}`,
    ],
    [
      'heads that do not divide',
      ({ config }) => Object.assign(config, { heads: 3 }),
      `blueprintFromJson: config.heads must divide tokenWidth 4, got 3; ${again}`,
    ],
    [
      'another policy',
      ({ config }) => Object.assign(config, { policy: 'mlp' }),
      `blueprintFromJson: config.policy must be "attention" for the tokens form, got "mlp"; ${again}`,
    ],
    [
      'a width beyond any memory',
      ({ config }) => Object.assign(config, { hidden: 2 ** 40 }),
      `blueprintFromJson: config.hidden must be an integer <= 16777216, got 1099511627776; ${again}`,
    ],
    [
      'wide layers without their tensors',
      ({ config }) => Object.assign(config, { hidden: 2 ** 24, embedding: 2 ** 24 }),
      `loadParameters: state.weight must have shape [44,16777216], got [44,8]; ${another}`,
    ],
    [
      'control characters',
      (blueprint) => Object.assign(blueprint, { environment: 'house\u001b[2J' }),
      `blueprintFromJson: environment must be text without control characters, got "house\\u001b[2J"; ${again}`,
    ],
    [
      'an unknown key',
      ({ config }) => Object.assign(config, { dropout: 1 }),
      `blueprintFromJson: config must have known keys only, got "dropout"; ${again}`,
    ],
    [
      'one block less',
      ({ config }) => Object.assign(config, { blocks: 0 }),
      `loadParameters: state.weight must have shape [4,88], got [44,8]; ${another}`,
    ],
    [
      'a value head without its tensors',
      ({ config }) => Object.assign(config, { valueHead: true }),
      `loadParameters: the checkpoint has no valueHead.weight; ${another}`,
    ],
  ];
  test.each(cases)('a blueprint with %s', (_, change, message) => {
    expect(opened(module, withBlueprint(change))).toBe(message);
  });

  test('tensors beside those of the policy, and tensors that are no 32-bit floats', () => {
    const { tensors, metadata } = decodeSafetensors(saved.parameters);
    const more = [...tensors, { name: 'extra', shape: [1], values: new Float32Array(1) }];
    expect(opened(module, encodeSafetensors(more, metadata))).toBe(
      `loadParameters: every tensor must be a parameter of the policy, got "extra"; ${another}`,
    );
    const [first, ...rest] = tensors;
    const doubles = [{ ...first, values: Float64Array.from(first.values) }, ...rest];
    expect(opened(module, encodeSafetensors(doubles, metadata))).toBe(
      `loadParameters: ${first.name} must hold ${first.values.length} 32-bit floats, got an array of ${8 * first.values.length} bytes; ${another}`,
    );
  });

  test('a policy whose tables need more memory than a host should give for its file', () => {
    const shape = {
      form: 'tokens',
      layout: 'slots',
      vocabularySize: 100_000,
      stateSlots: 20_000,
      actionSlots: 1,
      vectorWidth: 0,
    };
    const config = {
      policy: 'attention',
      tokenWidth: 1,
      matchWidth: 1,
      hidden: 1,
      embedding: 1,
      blocks: 0,
      heads: 1,
      logitScale: 1,
    };
    const shapes: [string, number[]][] = [
      ['tokens', [100_000, 1]],
      ['state.weight', [1, 20_000]],
      ['state.bias', [1]],
      ['match.key.weight', [1, 1]],
      ['action.weight', [1, 1]],
      ['match.query.weight', [1, 1]],
      ['match.weight', [20_000, 1]],
      ['embedding.weight', [1, 1]],
      ['embedding.bias', [1]],
      ['policyHead.weight', [1, 1]],
      ['classifierHead.weight', [1, 1]],
      ['classifierHead.bias', [1]],
    ];
    const tensors = shapes.map(([name, dimensions]) => ({
      name,
      shape: dimensions,
      values: new Float32Array(dimensions.reduce((a, b) => a * b)),
    }));
    const blueprint = JSON.stringify({ version: 1, environment: 'e 1', shape, config });
    expect(opened(module, encodeSafetensors(tensors, { blueprint }))).toMatch(
      /^openPolicy: a policy must take at most 1024 MiB of memory, got \d{5} MiB; train one with smaller layers or a smaller vocabulary$/,
    );
  });
});

test('a file with any byte of its header changed opens to a policy or is refused by name', () => {
  const { parameters } = saved;
  const header = 8 + Number(new DataView(parameters.buffer, parameters.byteOffset, 8).getBigUint64(0, true));
  const random = randomStream(3, 'test/edge');
  let refused = 0;
  for (let i = 0; i < 400; i++) {
    const bytes = new Uint8Array(parameters);
    const changes = 1 + random.below(3);
    for (let k = 0; k < changes; k++) bytes[random.below(header)] = random.below(256);
    const message = refusal(() => openPolicy(module, bytes).logProbs(saved.states[0]));
    if (message === 'nothing') continue;
    expect(message).toMatch(/^(openPolicy|decodeSafetensors|blueprintFromJson|loadParameters|logProbs|policy): /);
    refused++;
  }
  expect(refused).toBeGreaterThan(200);
});
