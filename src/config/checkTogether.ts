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
  readonly coldStart: number;
  readonly valueNetwork: string;
  readonly normalizeObservations: boolean;
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
  if (config.policy === 'attention' && config.observation === 'vector') {
    throw new Error(
      'config: policy "attention" needs observation "tokens" or "text", got "vector"; set policy to "mlp"',
    );
  }
}
