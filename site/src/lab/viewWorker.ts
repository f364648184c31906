/** The worker that looks at policies: coupling, embeddings, and episodes in words. It never slows the training down. */
import { expose, type ProxyMarked, transfer } from 'comlink';
import {
  type Config,
  createArena,
  createPolicy,
  type LayerCoupling,
  measureCoupling,
  type Policy,
  resolveConfig,
  type Spillover,
} from 'unbraid';
import { gramMatrix } from 'unbraid/coupling';
import {
  createBandit,
  createCrafting,
  createHousehold,
  createLookAlike,
  type Environment,
  type Split,
} from 'unbraid/env';
import { loadParameters, loadStates, takenLogProbs } from 'unbraid/learn';
import { holdLife } from './alive.ts';
import { type PlayedStep, playGame } from './episode.ts';
import { alignedPlane } from './plane.ts';
import { collectSamples, type LabSamples, type SampleText } from './samples.ts';
import type { PolicyMessage } from './trainWorker.ts';

/** What the lab shows of a policy. */
export interface PolicyView {
  readonly iteration: number;
  /** Mean cosines of pairs by class. */
  readonly cosines: Readonly<Record<'goodBad' | 'goodGood' | 'badBad', number>>;
  readonly layers: readonly LayerCoupling[];
  readonly spillover: Pick<Spillover, 'predicted' | 'actual' | 'relativeError'>;
  /** Inner products of the gradients of the shown samples: f32[samples, samples]. */
  readonly products: Float32Array;
  /** e(s, a) of the shown samples in two dimensions: f32[samples, 2]. */
  readonly points: Float32Array;
  /** pi(a | s) of the shown samples: f32[samples]. */
  readonly probabilities: Float32Array;
}

export interface ViewWorker {
  /**
   * @param policies carries a `PolicyMessage` of each policy; those that come while one is evaluated are skipped
   * @returns the samples that are shown; null where an environment has no pairs to measure
   */
  open(
    config: Partial<Config>,
    life: string,
    onView: ((view: PolicyView) => void) & ProxyMarked,
    onFailure: ((message: string) => void) & ProxyMarked,
  ): Promise<readonly SampleText[] | null>;
  /** Policies come through this port from now on. */
  connect(policies: MessagePort): void;
  /** Whether views are wanted: not in a hidden tab. */
  watch(isWatched: boolean): void;
  /** The inner products of one parameter's part of the gradients; null for a parameter without any. */
  productsOf(parameter: string): Float32Array | null;
  /** The likeliest actions of the latest policy in an episode; null before the first policy. */
  play(game: number, split: Split): Promise<readonly PlayedStep[] | null>;
}

const create: Readonly<Record<string, () => Environment>> = {
  household: () => createHousehold(),
  crafting: () => createCrafting(),
  bandit: () => createBandit(),
  'look-alike': () => createLookAlike(),
};

interface Open {
  readonly environment: Environment;
  readonly policy: Policy;
  readonly samples: LabSamples | null;
  readonly onView: (view: PolicyView) => void;
  readonly onFailure: (message: string) => void;
}

let opened: Open | null = null;
let latest: PolicyMessage | null = null;
let lookedAt: PolicyMessage | null = null;
let parts: ReadonlyMap<string, Float32Array> = new Map();
let axes: Float64Array | null = null;
let isWatched = true;
/** Looks and episodes use one network, so they take turns. */
let queue: Promise<unknown> = Promise.resolve();

function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const result = queue.then(work);
  queue = result.catch(() => {});
  return result;
}

/** e(s, a) of the shown samples: f64[samples, width]. */
function embeddings({ arena, network, weights }: Policy, { pairs, shown }: LabSamples): Float64Array {
  const { width } = network.heads.embedding;
  const found = new Float64Array(shown.length * width);
  for (const [i, { side, state, action }] of shown.entries()) {
    loadStates(arena, network.batch, pairs.sides[side].states, [state], 0, 1);
    network.forward(weights);
    const at = network.heads.embedding.value / 4 + action * width;
    found.set(arena.f32.subarray(at, at + width), i * width);
  }
  return found;
}

async function look({ policy, samples, onView }: Open, message: PolicyMessage): Promise<void> {
  if (!samples) return;
  loadParameters(policy, message.parameters);
  const { pairs, shown, describe } = samples;
  const { classes, layers, spillover } = await measureCoupling(policy, pairs, { describe });
  const list = pairs.sides[1].states;
  const states = shown.map(({ state }) => state);
  const taken = shown.map(({ action }) => action);
  const gram = gramMatrix(policy, policy.weights, { list, states, taken });
  parts = gram.byParameter;
  const products = Float32Array.from(gram.total);
  const probabilities = takenLogProbs(policy, policy.weights, list, states, taken).map(Math.exp);
  const plane = alignedPlane(embeddings(policy, samples), shown.length, axes);
  axes = plane.axes;
  const { predicted, actual, relativeError } = spillover;
  const { goodBad, goodGood, badBad } = classes;
  const view: PolicyView = {
    iteration: message.iteration,
    cosines: { goodBad: goodBad.meanCosine, goodGood: goodGood.meanCosine, badBad: badBad.meanCosine },
    layers: layers.map(({ parameter, share, goodBadCosine, goodGoodCosine, badBadCosine }) => {
      return { parameter, share, goodBadCosine, goodGoodCosine, badBadCosine };
    }),
    spillover: { predicted, actual, relativeError },
    ...{ products, points: plane.points, probabilities },
  };
  onView(transfer(view, [products.buffer, plane.points.buffer, probabilities.buffer]));
}

function lookAtLatest(): void {
  inTurn(async () => {
    if (!opened || !latest || !isWatched || latest === lookedAt) return;
    lookedAt = latest;
    await look(opened, latest);
  }).catch((error: unknown) => opened?.onFailure(error instanceof Error ? error.message : String(error)));
}

const api: ViewWorker = {
  async open(config, life, onView, onFailure) {
    await holdLife(life);
    const resolved = resolveConfig(config);
    const environment = create[resolved.env]();
    const terms = resolved.method.split('+');
    const policy = createPolicy(await createArena(), environment.spec, {
      ...resolved,
      ...{ logitScale: 1, actionHeads: terms.includes('heads'), valueHead: terms.includes('ppo') },
    });
    const { seed, couplingPairs, graphDiscount, graphMaxEdges } = resolved;
    policy.network.initialise(policy.weights, seed);
    policy.network.prepare(policy.weights);
    const samples = await collectSamples(policy, environment, {
      ...{ seed, split: 'out-of-domain', pairs: couplingPairs, graphDiscount, graphMaxEdges },
    });
    opened = { environment, policy, samples, onView, onFailure };
    lookAtLatest();
    return samples?.texts ?? null;
  },
  connect(policies) {
    policies.onmessage = ({ data }: MessageEvent<PolicyMessage>) => {
      latest = data;
      lookAtLatest();
    };
  },
  watch(wanted) {
    isWatched = wanted;
    lookAtLatest();
  },
  productsOf(parameter) {
    return parts.get(parameter) ?? null;
  },
  async play(game, split) {
    return inTurn(async () => {
      if (!opened || !latest) return null;
      const { policy, environment } = opened;
      loadParameters(policy, latest.parameters);
      return playGame(policy, environment, game, split);
    });
  },
};

expose(api);
