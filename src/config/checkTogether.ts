/** Rejects configs in which the value of one key does not fit that of another. */
import { decouplesByLabel, labelTermsOf, termsOf } from './method.ts';

/** A value for a message, of at most 200 characters. */
export function show(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length <= 200 ? text : `${text.slice(0, 200)}...`;
}

/** The keys that depend on each other. */
interface Dependent {
  readonly policy: string;
  readonly observation: string | null;
  readonly method: string;
  readonly labels: string;
  readonly decouplePairs: string;
  readonly temperature: number;
  readonly shuffledSource: string;
  readonly hindsight: boolean;
  readonly coldStart: number;
  readonly valueNetwork: string;
  readonly normalizeObservations: boolean;
  readonly churnCoef: number;
  readonly minibatches: number;
  readonly learningRate: number;
  readonly muonLearningRate: number | null;
  readonly coldStartClassifier: boolean;
  readonly hint: string;
}

/**
 * Relabelled steps have no policy loss, so `hindsight` needs another loss that uses them.
 *
 * @throws Error where method or labels do not fit `hindsight`
 */
function checkHindsight({ hindsight, method, labels, shuffledSource }: Dependent): void {
  if (!hindsight) return;
  if (!termsOf(method).some((term) => term === 'classifier' || term === 'cloning')) {
    throw new Error(
      `config: hindsight needs a method with classifier or cloning, got ${show(method)}; add one of these terms or set hindsight to false`,
    );
  }
  const source = labels === 'shuffled' ? shuffledSource : labels;
  if (source === 'graph') return;
  throw new Error(
    `config: hindsight needs labels "graph", got ${show(source)}; set ${labels === 'shuffled' ? 'shuffledSource' : 'labels'} to "graph" or hindsight to false`,
  );
}

/** @throws Error naming two keys whose values do not fit each other */
export function checkTogether(config: Dependent): void {
  if (config.policy === 'mlp' && config.observation !== 'vector') {
    throw new Error(
      `config: policy "mlp" needs observation "vector", got ${show(config.observation)}; set observation to "vector"`,
    );
  }
  if (config.labels === 'demonstrations' && config.coldStart === 0 && labelTermsOf(config.method).length > 0) {
    throw new Error(
      'config: labels "demonstrations" must have coldStart >= 1, got 0; raise coldStart or choose another source',
    );
  }
  if (decouplesByLabel(config) && config.labels === 'demonstrations') {
    throw new Error(
      `config: decouplePairs "${config.decouplePairs}" needs labels of rollouts, got labels "demonstrations", which label no rollout; choose another source`,
    );
  }
  if (termsOf(config.method).includes('decouple') && config.temperature !== 1) {
    throw new Error(
      `config: method "decouple" needs temperature 1, at which its inner products of gradients are taken, got ${config.temperature}; set temperature to 1`,
    );
  }
  checkHindsight(config);
  if (config.coldStartClassifier && config.coldStart === 0) {
    throw new Error(
      'config: coldStartClassifier must have coldStart >= 1, got 0; raise coldStart or set coldStartClassifier to false',
    );
  }
  if (config.hint === 'classifier' && !config.coldStartClassifier && !termsOf(config.method).includes('classifier')) {
    throw new Error(
      `config: hint "classifier" needs a classifier that is trained, got method ${show(config.method)}; add classifier to the method or set coldStartClassifier to true`,
    );
  }
  if (config.policy !== 'mlp' && config.normalizeObservations) {
    throw new Error(
      `config: normalizeObservations needs policy "mlp", got ${show(config.policy)}; set policy to "mlp" or normalizeObservations to false`,
    );
  }
  if (config.policy !== 'mlp' && config.valueNetwork === 'separate') {
    throw new Error(
      `config: valueNetwork "separate" needs policy "mlp", got ${show(config.policy)}; set policy to "mlp" or valueNetwork to "shared"`,
    );
  }
  if (config.muonLearningRate !== null && config.learningRate === 0) {
    throw new Error(
      `config: learningRate must be above 0 with muonLearningRate, which is relative to it, got 0 and ${config.muonLearningRate}; set muonLearningRate to null`,
    );
  }
  if (config.churnCoef > 0 && config.minibatches < 3) {
    throw new Error(
      `config: churnCoef needs minibatches >= 3, so that states are left outside two of them, got ${config.minibatches}; raise minibatches or set churnCoef to 0`,
    );
  }
  if (config.policy === 'attention' && config.observation === 'vector') {
    throw new Error(
      'config: policy "attention" needs observation "tokens" or "text", got "vector"; set policy to "mlp"',
    );
  }
}
