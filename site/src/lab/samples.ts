/** The samples of good and bad actions on which a policy is looked at: which ones, and their words. */
import type { CouplingOptions, Policy } from 'unbraid';
import { collectSamplePairs, type PairSample, type SamplePairOptions, type SamplePairs } from 'unbraid/coupling';
import type { Environment, Step } from 'unbraid/env';

/** A sample in words. */
export interface SampleText {
  readonly good: boolean;
  readonly action: string;
  /** The action and its state, as sentences. */
  readonly words: string;
}

/** Samples that are shown of each class, good and bad. */
const mostOfClass = 30;

export interface LabSamples {
  readonly pairs: SamplePairs;
  /** Samples of the right side, good ones first, then by action. */
  readonly shown: readonly PairSample[];
  readonly texts: readonly SampleText[];
  readonly describe: NonNullable<CouplingOptions['describe']>;
}

/** The tokens of a state with their slots. An environment and a list of states number them differently. */
const keyOf = (features: readonly (readonly [slot: number, token: number])[]): string =>
  features
    .map(([slot, token]) => `${slot}:${token}`)
    .sort()
    .join();

/** An environment that also keeps the words of every state that it shows, by the state's features. */
function remembering(
  environment: Environment,
  words: Map<string, { state: string; actions: readonly string[] }>,
): Environment {
  const keep = (step: Step): Step => {
    const { spec } = environment;
    if (spec.form === 'vector') return step;
    const size = spec.vocabulary.length;
    const key = keyOf(Array.from(step.observation, (f) => [Math.floor(f / size), f % size]));
    if (!words.has(key)) words.set(key, { state: environment.observationText(), actions: environment.actionTexts() });
    return step;
  };
  return {
    ...environment,
    spec: environment.spec,
    reset: async (options) => keep(await environment.reset(options)),
    step: async (action) => keep(await environment.step(action)),
  };
}

/** The words of a state of numbers: the action that it needs tells more than its numbers. */
export function needText(name: string, needs: readonly number[]): string {
  if (name === 'look-alike') return needs[0] === 0 ? 'the common state s' : "its rare look-alike s'";
  return `a state that needs ${needs.map((need) => `action ${need}`).join(' or ')}`;
}

/** null where an environment has no pairs to measure. */
export async function collectSamples(
  policy: Policy,
  environment: Environment,
  options: SamplePairOptions,
): Promise<LabSamples | null> {
  const words = new Map<string, { state: string; actions: readonly string[] }>();
  const pairs = await collectSamplePairs(policy, [remembering(environment, words)], options);
  if (!pairs) return null;
  const { spec } = environment;

  function textOf({ side, state, action, good }: PairSample): SampleText {
    const { states, labels } = (pairs as SamplePairs).sides[side];
    const [first, end] = [states.rowOffsets[state], states.rowOffsets[state + 1]];
    if (spec.form === 'vector') {
      const needs = Array.from(labels.subarray(first, end), (label, a) => (label === 1 ? a : -1)).filter((a) => a >= 0);
      return { good, words: `action ${action} in ${needText(spec.name, needs)}.`, action: `action ${action}` };
    }
    const features = states.stateFeatures.subarray(states.stateOffsets[state], states.stateOffsets[state + 1]);
    const slots = states.shape.stateSlots;
    const found = words.get(keyOf(Array.from(features, (f) => [f % slots, Math.floor(f / slots)])));
    const taken = found?.actions[action] ?? `action ${action}`;
    return { good, words: `${taken}. ${found?.state ?? `State ${state}.`}`, action: taken };
  }

  const { goodBad, goodGood, badBad } = pairs.byClass;
  const rights = [...goodBad, ...goodGood, ...badBad].map(([, right]) => right);
  const distinct = [...new Map(rights.map((right) => [`${right.state}/${right.action}`, right])).values()];
  const described = distinct.map((sample) => ({ sample, text: textOf(sample) }));
  const chosen = [true, false].flatMap((good) =>
    described
      .filter(({ sample }) => sample.good === good)
      .slice(0, mostOfClass)
      .sort(
        (a, b) => a.text.action.localeCompare(b.text.action, 'en') || a.text.words.localeCompare(b.text.words, 'en'),
      ),
  );
  return {
    pairs,
    shown: chosen.map(({ sample }) => sample),
    texts: chosen.map(({ text }) => text),
    describe: (sample) => textOf(sample).action,
  };
}
