/** Layers and networks given what they cannot use. */
import { describe, expect, test } from 'vitest';
import {
  activation,
  addScaled,
  type Builder,
  batchCapacity,
  broadcast,
  createNetwork,
  layerNorm,
  linear,
  tokenTable,
  vectorInput,
} from '../../src/entry/layers.ts';
import { inputShape } from '../../src/entry/learn.ts';

import { refusal } from '../refusal.ts';
import { arena, household } from './smallPolicy.ts';

/** Any argument, as a caller without types may give it. */
// biome-ignore lint/suspicious/noExplicitAny: the wrong types are what is tested
type Anything = any;

test('createNetwork: arena', () => {
  expect(
    refusal(() =>
      createNetwork(
        null as Anything,
        inputShape(household.spec),
        batchCapacity(inputShape(household.spec), 1),
        () => ({}) as never,
      ),
    ),
  ).toBe('createNetwork: arena must be an object, got null; pass the arena that createArena returned');
});

describe('networks of layers', () => {
  const capacity = { states: 1, actions: 4, stateFeatures: 99, actionFeatures: 99 };
  const compose = (layers: (b: Builder) => unknown): string =>
    refusal(() => createNetwork(arena, inputShape(household.spec), capacity, layers as Anything));
  const input = (b: Builder) =>
    ({ rows: 'state', width: 4, value: b.batch.vectors, grad: 0, readers: 0, writers: 1 }) as const;
  const cases: [string, (b: Builder) => unknown, string][] = [
    [
      'a width of NaN',
      (b) => linear(b, 'a', b.tensor('state', 4), Number.NaN),
      'createNetwork: the width of a layer must be an integer in [1, 2147483647], got NaN; change the layer',
    ],
    [
      'rows of another kind',
      (b) => b.tensor('stats' as Anything, 4),
      'createNetwork: the rows of a tensor must be one of state, action, stateSlot, actionSlot, got "stats"; did you mean "state"?',
    ],
    [
      'a scale of NaN',
      (b) => tokenTable(b, 'a', 4, { kind: 'normal', scale: Number.NaN }),
      'createNetwork: the scale of a must be a finite number, got NaN; change init',
    ],
    [
      'a start of another kind',
      (b) => tokenTable(b, 'a', 4, { kind: 'norml', scale: 1 } as Anything),
      'createNetwork: the initialisation of a must be one of uniform, normal, constant, got "norml"; did you mean "normal"?',
    ],
    [
      'an activation of another kind',
      (b) => activation(b, 'relo' as Anything, b.tensor('state', 4)),
      'activation: kind must be one of tanh, relu, gelu, got "relo"; did you mean "relu"?',
    ],
    [
      'a factor of NaN',
      (b) => addScaled(b, b.tensor('state', 4), Number.NaN),
      'addScaled: factor must be a finite number, got NaN; change the layer',
    ],
    [
      'layerNorm on an input',
      (b) => layerNorm(b, 'n', input(b)),
      'createNetwork: an input without a gradient must be read by linear, addScaled or broadcast, got another layer; put a linear layer between',
    ],
    [
      'activation on an input',
      (b) => activation(b, 'relu', input(b)),
      'activation: x must have a gradient, got an input; put a linear layer between',
    ],
    [
      'heads on an input',
      (b) => {
        const x = broadcast(b, input(b));
        return { embedding: input(b), logit: linear(b, 'logit', x, 1), classifier: linear(b, 'classifier', x, 1) };
      },
      'createNetwork: heads.embedding must have a gradient, got an input; put a linear layer between',
    ],
    [
      'vectorInput on tokens',
      (b) => vectorInput(b),
      'vectorInput: shape.form must be vector, got tokens; use slotTokens or slotProjection',
    ],
    ['no heads', () => null, 'createNetwork: heads.embedding must be an object, got undefined; return it from compose'],
  ];
  test.each(cases)('%s', (_, layers, message) => {
    expect(compose(layers)).toBe(message);
  });
});
