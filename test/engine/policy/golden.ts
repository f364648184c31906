/** Opens a golden file of test/golden: the policy it describes, with its parameters and states loaded. */
import { readFileSync } from 'node:fs';
import { createArena } from '../../../src/engine/kernels/createArena.ts';
import type { PolicyConfig } from '../../../src/engine/policy/heads.ts';
import { createPolicy, type Policy } from '../../../src/engine/policy/policy.ts';
import { loadStates } from '../../../src/engine/states/loadBatch.ts';
import { createStateList, inputShape, pushState, type StateList } from '../../../src/engine/states/stateList.ts';
import type { EnvironmentSpec } from '../../../src/env/environment.ts';

type ByParameter = Record<string, number[]>;

interface GoldenPolicy {
  readonly spec:
    | {
        readonly form: 'tokens';
        readonly layout: 'slots' | 'sequence';
        readonly vocabularySize: number;
        readonly stateSlots: number;
        readonly actionSlots: number;
      }
    | { readonly form: 'vector'; readonly vectorWidth: number; readonly actionCount: number };
  readonly config: PolicyConfig;
  readonly temperature: number;
  readonly states: readonly { readonly observation: number[]; readonly admissibleActions: number[] | number[][] }[];
  readonly taken: number[];
  readonly shapes: Record<string, number[]>;
  readonly parameters: ByParameter;
  readonly embeddings: number[];
  readonly logits: number[];
  readonly classifierLogits: number[];
  readonly logProbs: number[];
  readonly gradientOfSines: ByParameter;
  readonly gram: number[];
  readonly gramByParameter: ByParameter;
}

export function readGolden<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../../golden/${name}.json`, import.meta.url), 'utf8'));
}

function specOf({ spec }: GoldenPolicy): EnvironmentSpec {
  const common = { name: 'golden', version: '1', maxSteps: 20, hasExpert: false };
  if (spec.form === 'vector') return { ...common, ...spec };
  const { vocabularySize, ...rest } = spec;
  return { ...common, ...rest, vocabulary: Array.from({ length: vocabularySize }, (_, i) => `word${i}`) };
}

export interface Opened {
  readonly golden: GoldenPolicy;
  readonly policy: Policy;
  readonly list: StateList;
  /** Address of a zeroed gradient vector. */
  readonly gradient: number;
}

/** A policy in an arena of its own, its parameters and all five states of the golden file loaded. */
export async function openGolden(name: string): Promise<Opened> {
  const golden = readGolden<GoldenPolicy>(name);
  const arena = await createArena();
  const spec = specOf(golden);
  const policy = createPolicy(arena, spec, golden.config, 8);
  const gradient = arena.floats(policy.network.vectorSize);
  const list = createStateList(inputShape(spec));
  for (const { observation, admissibleActions } of golden.states) {
    pushState(list, spec.form === 'vector' ? Float32Array.from(observation) : observation, admissibleActions);
  }
  setParameters(policy, golden);
  loadStates(arena, policy.network.batch, list, [0, 1, 2, 3, 4], 0, 5);
  return { golden, policy, list, gradient };
}

function setParameters({ arena, network, weights }: Policy, golden: GoldenPolicy): void {
  for (const { name, offset } of network.parameters) arena.write(weights + offset, golden.parameters[name]);
  network.prepare(weights);
}

/** The gradient of each parameter, once `finish` has run. */
export function gradients({ arena, network }: Policy, gradient: number): Record<string, Float32Array> {
  return Object.fromEntries(network.parameters.map((p) => [p.name, arena.read(gradient + p.offset, p.size)]));
}

/**
 * Largest |actual - expected| over the largest |expected|; Infinity if the lengths differ or a number is not finite.
 */
export function errorOfLargest(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    largest = Math.max(largest, Math.abs(expected[i]));
    const error = Math.abs(actual[i] - expected[i]);
    worst = Number.isFinite(error) ? Math.max(worst, error) : Number.POSITIVE_INFINITY;
  }
  return largest > 0 ? worst / largest : worst;
}

/** As `errorOfLargest`, the worst over all parameters; names must agree. */
export function worstParameter(actual: Record<string, ArrayLike<number>>, expected: ByParameter): number {
  const names = Object.keys(expected);
  if (Object.keys(actual).sort().join() !== names.sort().join()) return Number.POSITIVE_INFINITY;
  return Math.max(...names.map((name) => errorOfLargest(actual[name], expected[name])));
}
