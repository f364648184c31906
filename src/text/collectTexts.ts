import type { TextEnvironment } from '../env/environment.ts';
import { randomStream } from '../random.ts';

/**
 * The texts from which a vocabulary is built: every observation and admissible action of episodes of the train split, played with
 * uniformly random actions. Repeats are kept, since words are counted.
 *
 * @param options.episodes how many episodes to play
 * @param options.seed names the games and the actions: the same seed gives the same texts
 */
export async function collectTexts(
  environment: TextEnvironment,
  options: { readonly episodes: number; readonly seed: number },
): Promise<string[]> {
  const { episodes, seed } = options;
  if (!Number.isInteger(episodes) || episodes < 1) {
    throw new RangeError(`collectTexts: episodes must be an integer >= 1, got ${episodes}`);
  }
  const texts: string[] = [];
  for (let episode = 0; episode < episodes; episode++) {
    const random = randomStream(seed, 'text/collect', episode);
    let step = await environment.reset({ seed: random.uint32(), split: 'train' });
    for (;;) {
      const actions = step.info.admissibleActions;
      texts.push(step.observation, ...actions);
      if (step.terminated || step.truncated) break;
      step = await environment.step(random.below(actions.length));
    }
  }
  return texts;
}
