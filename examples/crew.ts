/** A pool of worker threads: one run on two threads has the bits of the same run on one. */
import { train } from 'unbraid';
import { openCrew, spawnWorker } from 'unbraid/workers';

const config = { env: 'household', iterations: 2, evalEpisodes: 20, coldStartUpdates: 10 };
const alone = await train(config);
const crew = await openCrew(spawnWorker, 2);
try {
  const together = await train(config, { crew });
  console.log('bitwise identical:', together.parametersSha256 === alone.parametersSha256);
} finally {
  crew.close();
}

// Output:
// bitwise identical: true
