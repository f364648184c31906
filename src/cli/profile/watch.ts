/** Wraps the parts of a run so that a recorder receives the beginning and end of each phase. */
import type { Environment } from '../../env/environment.ts';
import type { RunParts } from '../../train/run.ts';
import type { Recorder } from './recorder.ts';

function watchEnvironment(recorder: Recorder, env: Environment): void {
  env.reset = recorder.environment(env.reset.bind(env));
  env.step = recorder.environment(env.step.bind(env));
  env.stateHash = recorder.environment(env.stateHash.bind(env));
  if (env.expertActions) env.expertActions = recorder.environment(env.expertActions.bind(env));
}

/**
 * Reports the beginning and end of each phase to the recorder. The time between two phases counts as `minibatches` if
 * gradients follow (advantages, repeats and permutations before an update), otherwise as `other` (metrics and hashes
 * after an iteration).
 */
export function watchParts(recorder: Recorder, { learner, environments, spread, labelSource }: RunParts): void {
  for (const env of environments) watchEnvironment(recorder, env);
  const { collect, play, grams, updates } = spread;
  const { label } = labelSource;
  const { network } = learner.policy;
  const { prepare, addGradient } = network;
  async function during<T>(phase: 'rollout' | 'evaluate' | 'coupling', work: () => Promise<T>): Promise<T> {
    recorder.endGap('other');
    recorder.enter(phase);
    const result = await work();
    recorder.enter('gap');
    return result;
  }
  spread.collect = (...given) => during('rollout', () => collect(...given));
  spread.play = (...given) => during('evaluate', () => play(...given));
  spread.grams = (...given) => during('coupling', () => grams(...given));
  spread.updates = (...given) => {
    const phase = updates(...given);
    return {
      plans: () => phase.plans(),
      async gradient(work) {
        recorder.endGap('minibatches');
        recorder.enter('gradients');
        await phase.gradient(work);
        recorder.enter('step');
      },
      end: () => phase.end(),
    };
  };
  labelSource.label = async (...given) => {
    recorder.endGap('minibatches');
    recorder.enter('labels');
    const labels = await label.apply(labelSource, given);
    recorder.enter('gap');
    return labels;
  };
  // A step ends with this call.
  network.prepare = (w) => {
    prepare(w);
    if (recorder.place === 'step') recorder.enter('gap');
  };
  network.addGradient = (...given) => {
    recorder.enter('sum');
    addGradient(...given);
    recorder.enter('gradients');
  };
}
