/**
 * The place of a hint in the observations of an environment: a word of its own in a slot of its own, or one more number
 * of a vector. `rollout/hints.ts` decides in which states the hint appears.
 */
import { refuse } from '../check/values.ts';
import type { Environment, EnvironmentSpec, Features, MaybePromise, Step } from './environment.ts';

/** Version of the place of the hint; joins the environment's own version in `spec.version`. */
const layoutVersion = 'hint1';

/** The word of the hint. No text contains it, because `<` is a separate token. */
const hintWord = '<hint>';

/** How hints are given; see `EnvironmentSpec.hint`. */
type HintRule = NonNullable<EnvironmentSpec['hint']>;

/** The spec with one more word and slot, or one more number. */
function specWithHint(spec: EnvironmentSpec, hint: HintRule): EnvironmentSpec {
  const version = `${spec.version}+${layoutVersion}`;
  if (spec.form === 'vector') return { ...spec, version, hint, vectorWidth: spec.vectorWidth + 1 };
  const { vocabulary, stateSlots } = spec;
  return { ...spec, version, hint, vocabulary: [...vocabulary, hintWord], stateSlots: stateSlots + 1 };
}

/** Features of the same slots and tokens for a vocabulary that has one word more. */
function widened(features: Features, words: number, slots: number): Features {
  return features.map((feature) => {
    const slot = Math.floor(feature / words);
    if (slot < slots) return feature + slot;
    const rule = `below ${slots * words}, ${slots} slots of ${words} words`;
    return refuse('environment', 'each feature', rule, feature, "check the environment's encoding");
  });
}

/**
 * The environment with a place for a hint in its observations. All observations that it returns are without a hint.
 *
 * - `tokens`: the vocabulary ends in `<hint>` and there is one more state slot. In the layout `slots` the hint has this
 *   slot; in the layout `sequence` it follows the last token.
 * - `vector`: the last number is 0 without a hint and 1 with it.
 *
 * @param rule see `EnvironmentSpec.hint`
 */
export function withHints(environment: Environment, rule: HintRule): Environment {
  const { spec: own } = environment;
  const show = (step: Step): Step => {
    const { observation, info } = step;
    if (own.form === 'vector') {
      const vector = new Float32Array(observation.length + 1);
      vector.set(observation);
      return { ...step, observation: vector };
    }
    const words = own.vocabulary.length;
    const actions = info.admissibleActions as readonly Features[];
    return {
      ...step,
      observation: widened(observation as Features, words, own.stateSlots),
      info: { ...info, admissibleActions: actions.map((action) => widened(action, words, own.actionSlots)) },
    };
  };
  const shown = (step: MaybePromise<Step>): MaybePromise<Step> =>
    step instanceof Promise ? step.then(show) : show(step);
  const { achieved, expertActions, taskOf, clone, close } = environment;
  return {
    spec: specWithHint(own, rule),
    reset: (episode) => shown(environment.reset(episode)),
    step: (action) => shown(environment.step(action)),
    observationText: () => environment.observationText(),
    actionTexts: () => environment.actionTexts(),
    stateHash: () => environment.stateHash(),
    ...(expertActions && { expertActions: () => expertActions.call(environment) }),
    ...(achieved && { achieved: () => achieved.call(environment) }),
    ...(taskOf && { taskOf: (game) => taskOf.call(environment, game) }),
    ...(clone && { clone: () => withHints(clone.call(environment), rule) }),
    ...(close && { close: () => close.call(environment) }),
  };
}

/** A step of an environment from `withHints`, with the hint in its observation. */
export function stepWithHint(spec: EnvironmentSpec, step: Step): Step {
  const { observation } = step;
  if (spec.form === 'vector') {
    const vector = Float32Array.from(observation);
    vector[vector.length - 1] = 1;
    return { ...step, observation: vector };
  }
  const words = spec.vocabulary.length;
  const slot = spec.layout === 'slots' ? spec.stateSlots - 1 : observation.length;
  return { ...step, observation: [...(observation as Features), slot * words + words - 1] };
}
