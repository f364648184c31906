import type { EnvironmentSpec } from '../env/environment.ts';
import type { PairSample, SamplePairs } from './samplePairs.ts';

/**
 * Returns a function that describes the action of a sample as text: its tokens in order, or the number of a fixed
 * action.
 */
export function describeSample(spec: EnvironmentSpec, samplePairs: SamplePairs): (sample: PairSample) => string {
  return ({ side, state, action }) => {
    const { states } = samplePairs.sides[side];
    const row = states.rowOffsets[state] + action;
    const features = [...states.actionFeatures.subarray(states.actionOffsets[row], states.actionOffsets[row + 1])];
    if (spec.form === 'vector') return `action ${features[0]}`;
    return features.map((feature) => spec.vocabulary[Math.floor(feature / states.shape.actionSlots)]).join(' ');
  };
}
