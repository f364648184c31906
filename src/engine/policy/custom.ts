/** A policy whose network a user composes of layers. */
import { checkObject } from '../../check/values.ts';
import type { EnvironmentSpec } from '../../env/environment.ts';
import type { Arena } from '../kernels/arena.ts';
import { createNetwork } from '../layers/createNetwork.ts';
import type { Builder, Heads } from '../layers/network.ts';
import { inputShape } from '../states/stateList.ts';
import type { PolicyConfig } from './heads.ts';
import { batchCapacity, createPolicy, type Policy, policyOn } from './policy.ts';

/**
 * Composes a network: declares layers on the builder and returns the tensors in which the network ends. Called once for
 * every thread, and again to count memory; it must compose the same layers each time. `config.valueHead` and
 * `config.actionHeads` say which heads the method needs; `heads(builder, embedding, config)` adds them all.
 */
export type ComposeNetwork = (builder: Builder, config: PolicyConfig) => Heads;

/**
 * The policy of a composed network for an environment. Weights are zero until initialised or loaded.
 *
 * @param states most states of a batch
 * @throws if `compose` returns no embedding, logit or classifier, or no value although the method needs one
 */
export function customPolicy(
  arena: Arena,
  spec: EnvironmentSpec,
  config: PolicyConfig,
  compose: ComposeNetwork,
  states = 128,
): Policy {
  const shape = inputShape(spec);
  const network = createNetwork(arena, shape, batchCapacity(shape, states), (builder) => {
    const heads = compose(builder, config);
    checkObject(
      'policy',
      'the result of the policy function',
      heads,
      'return what heads(builder, embedding, config) returns',
    );
    for (const name of [
      'embedding',
      'logit',
      'classifier',
      ...(config.valueHead ? (['value'] as const) : []),
    ] as const) {
      checkObject('policy', `heads.${name}`, heads[name], 'return what heads(builder, embedding, config) returns');
    }
    return heads;
  });
  return policyOn(network);
}

/** The policy that a run's config names, or the composed one where the user supplies it. */
export function policyFor(
  arena: Arena,
  spec: EnvironmentSpec,
  config: PolicyConfig,
  compose: ComposeNetwork | null,
): Policy {
  return compose ? customPolicy(arena, spec, config, compose) : createPolicy(arena, spec, config);
}
