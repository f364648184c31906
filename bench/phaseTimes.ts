/** Measures the phases of a run on one thread, as input of the model in `criticalPath.ts`. */
import { resolveConfig } from '../src/config/config.ts';
import { blockSize } from '../src/parallel/blocks.ts';
import type { Crew } from '../src/parallel/crew.ts';
import type { RunParts } from '../src/train/run.ts';
import { train } from '../src/train/trainer.ts';
import type { Phase } from './criticalPath.ts';

/** Chunks per thread and smallest mean number of episodes per chunk, as in `src/parallel/assignedGames.ts`. */
const CHUNKS_PER_THREAD = 2;
const EPISODES_PER_CHUNK = 8;

/** Matrices of a measurement of coupling. */
const MATRICES = 3;

interface Total {
  ms: number;
  count: number;
}

/** Trains once on one thread and returns its phases. The phase `alone` is the time outside all other phases. */
export async function measurePhases(config: Parameters<typeof train>[0], crew: Crew): Promise<Phase[]> {
  const total = (): Total => ({ ms: 0, count: 0 });
  const [collected, played, grams, shards, begun] = [total(), total(), total(), total(), total()];
  let shardCount = 0;
  const timed =
    <A extends unknown[], T>(sum: Total, work: (...given: A) => Promise<T>) =>
    async (...given: A): Promise<T> => {
      const startMs = performance.now();
      const result = await work(...given);
      sum.ms += performance.now() - startMs;
      sum.count++;
      return result;
    };
  const watch = ({ spread }: RunParts): void => {
    const { updates } = spread;
    spread.collect = timed(collected, spread.collect);
    spread.play = timed(played, spread.play);
    spread.grams = timed(grams, spread.grams);
    spread.updates = (...given) => {
      begun.count++;
      const phase = updates(...given);
      return {
        plans: () => phase.plans(),
        gradient: timed(shards, (work) => {
          shardCount += work.shards.length;
          return phase.gradient(work);
        }),
        end: () => phase.end(),
      };
    };
  };
  const startMs = performance.now();
  await train(config, { crew, onParts: watch });
  const allMs = performance.now() - startMs;
  const { groupsPerIteration, numGenerations, evalEpisodes } = resolveConfig(config);
  const chunks = (episodes: number) => (threads: number) =>
    Math.min(CHUNKS_PER_THREAD * threads, Math.ceil(episodes / EPISODES_PER_CHUNK));
  const meanShards = shardCount / Math.max(1, shards.count);
  const sharedMs = collected.ms + played.ms + grams.ms + shards.ms;
  const episodes = groupsPerIteration * numGenerations;
  return [
    phase('collect', collected, chunks(episodes), 1, 1),
    phase('evaluate', played, chunks(evalEpisodes), 1, 2),
    phase('coupling', grams, (threads) => Math.max(MATRICES, threads), 1, 2),
    phase('gradients', shards, (threads) => meanShards / blockSize(meanShards, threads), 2, 0),
    { ...phase('alone', begun, () => 1, 0, 2), sharedMs: 0, aloneMs: allMs - sharedMs },
  ];
}

function phase(name: string, { ms, count }: Total, pieces: Phase['pieces'], waits: number, messages: number): Phase {
  return { name, count, sharedMs: ms, pieces, aloneMs: 0, waits, messages };
}
