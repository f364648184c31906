/** The worker that looks at policies: coupling, embeddings, and episodes in words. It never slows the training down. */
import { expose, transfer } from 'comlink';
import {
  type Config,
  type CouplingMeasurement,
  createArena,
  createPolicy,
  measureCoupling,
  type Policy,
  resolveConfig,
} from 'unbraid';
import { collectSamplePairs, type PairSample, type SamplePairs } from 'unbraid/coupling';
import { createBandit, createCrafting, createHousehold, createLookAlike, type Environment } from 'unbraid/env';
import {
  actionLogProbs,
  clearStates,
  createStateList,
  inputShape,
  loadParameters,
  loadStates,
  pushState,
} from 'unbraid/learn';
import type { Checkpoint } from 'unbraid/record';
import { alignedPlane } from './plane.ts';

type Parameters = Checkpoint['parameters'];

/** What the lab shows of a policy. */
export interface PolicyView {
  readonly coupling: Pick<CouplingMeasurement, 'classes' | 'layers' | 'matrix' | 'spillover'>;
  /** e(s, a) of the samples in two dimensions: f32[samples, 2]. */
  readonly points: Float32Array;
  /** Whether each of these samples is good, and its words. */
  readonly samples: readonly { readonly good: boolean; readonly text: string }[];
}

/** A step of an episode in words. */
export interface PlayedStep {
  readonly observation: string;
  readonly actions: readonly { readonly text: string; readonly probability: number; readonly taken: boolean }[];
  readonly reward: number;
  readonly ended: boolean;
}

export interface ViewWorker {
  open(config: Partial<Config>): Promise<void>;
  /** null where an environment has no pairs to measure. */
  look(parameters: Parameters): Promise<PolicyView | null>;
  /** The likeliest actions of a policy in an episode of a game that it was not trained on. */
  play(parameters: Parameters, game: number): Promise<readonly PlayedStep[]>;
}

const create: Readonly<Record<string, () => Environment>> = {
  household: () => createHousehold(),
  crafting: () => createCrafting(),
  bandit: () => createBandit(),
  'look-alike': () => createLookAlike(),
};

/** Samples whose embeddings are shown. */
const mostPoints = 120;

/** Steps of an episode that are shown. */
const mostSteps = 40;

let environment: Environment | null = null;
let policy: Policy | null = null;
let pairs: SamplePairs | null = null;
let previous: Float64Array | null = null;

function opened(): { environment: Environment; policy: Policy } {
  if (!environment || !policy) throw new Error('look: open a run first');
  return { environment, policy };
}

/** The words of a sample's action, and of its state where it has tokens. */
function wordsOf(of: Environment, { sides }: SamplePairs, { side, state, action }: PairSample): string {
  const { spec } = of;
  const { states } = sides[side];
  const row = states.rowOffsets[state] + action;
  const ids = states.actionFeatures.subarray(states.actionOffsets[row], states.actionOffsets[row + 1]);
  if (spec.form === 'vector') return `action ${ids[0]} in state ${state}`;
  return Array.from(ids, (id) => spec.vocabulary[Math.floor(id / states.shape.actionSlots)]).join(' ');
}

/** e(s, a) of samples of one side: f64[samples, width]. */
function embeddings(of: Policy, { sides }: SamplePairs, samples: readonly PairSample[]): Float64Array {
  const { arena, network } = of;
  const { width } = network.heads.embedding;
  const found = new Float64Array(samples.length * width);
  for (const [i, { side, state, action }] of samples.entries()) {
    loadStates(arena, network.batch, sides[side].states, [state], 0, 1);
    network.forward(of.weights);
    const at = network.heads.embedding.value / 4 + action * width;
    found.set(arena.f32.subarray(at, at + width), i * width);
  }
  return found;
}

const api: ViewWorker = {
  async open(config) {
    const resolved = resolveConfig(config);
    environment = create[resolved.env]();
    const arena = await createArena();
    policy = createPolicy(arena, environment.spec, {
      ...resolved,
      logitScale: 1,
      actionHeads: resolved.method.includes('heads'),
      valueHead: resolved.method.includes('ppo'),
    });
    const { seed, couplingPairs, graphDiscount, graphMaxEdges } = resolved;
    policy.network.initialise(policy.weights, seed);
    policy.network.prepare(policy.weights);
    pairs = await collectSamplePairs(policy, [environment], {
      ...{ seed, split: 'out-of-domain', pairs: couplingPairs, graphDiscount, graphMaxEdges },
    });
    previous = null;
  },
  async look(parameters) {
    const now = opened();
    if (!pairs) return null;
    loadParameters(now.policy, parameters);
    const describe = (sample: PairSample): string => wordsOf(now.environment, pairs as SamplePairs, sample);
    const { classes, layers, matrix, spillover } = await measureCoupling(now.policy, pairs, { describe });
    const { goodBad, goodGood, badBad } = pairs.byClass;
    const rights = [...goodBad, ...goodGood, ...badBad].map(
      ([, right]) => [`${right.state}/${right.action}`, right] as const,
    );
    const shown = [...new Map(rights).values()].slice(0, mostPoints);
    const { points, axes } = alignedPlane(embeddings(now.policy, pairs, shown), shown.length, previous);
    previous = axes;
    const view: PolicyView = {
      coupling: { classes, layers, matrix, spillover },
      points,
      samples: shown.map((sample) => ({ good: sample.good, text: describe(sample) })),
    };
    return transfer(view, [points.buffer]);
  },
  async play(parameters, game) {
    const now = opened();
    loadParameters(now.policy, parameters);
    const { arena, network, logProbs } = now.policy;
    const list = createStateList(inputShape(now.environment.spec), 1);
    const steps: PlayedStep[] = [];
    let step = await now.environment.reset({ seed: game, split: 'out-of-domain' });
    while (steps.length < mostSteps && !step.terminated && !step.truncated) {
      clearStates(list);
      pushState(list, step.observation, step.info.admissibleActions);
      loadStates(arena, network.batch, list, [0], 0, 1);
      actionLogProbs(now.policy);
      const logProb = arena.read(logProbs, list.actions);
      const taken = logProb.indexOf(Math.max(...logProb));
      const observation = now.environment.observationText();
      const actions = now.environment.actionTexts().map((text, a) => {
        return { text, probability: Math.exp(logProb[a]), taken: a === taken };
      });
      step = await now.environment.step(taken);
      steps.push({ observation, actions, reward: step.reward, ended: step.terminated || step.truncated });
    }
    return steps;
  },
};

expose(api);
