/** Your own environment: a 5 x 5 grid with a visible goal. Success in games not trained on is at least 0.9. */
import { isMainThread } from 'node:worker_threads';
import { train } from 'unbraid';
import type { CustomVectorEnvironment } from 'unbraid/env';
import { openCrew, spawnWorker } from 'unbraid/workers';

const size = 5;
const dx = [1, -1, 0, 0];
const dy = [0, 0, 1, -1];
const inside = (value: number): number => Math.min(size - 1, Math.max(0, value));

export default function grid(): CustomVectorEnvironment {
  let [x, y, goalX, goalY] = [0, 0, 0, 0];
  const observation = (): number[] => [x, y, goalX, goalY, goalX - x, goalY - y].map((value) => value / size);
  return {
    spec: { name: 'grid', form: 'vector', vectorWidth: 6, actionCount: 4, maxSteps: 12 },
    reset({ seed }) {
      [x, y, goalX, goalY] = [1, 5, 25, 125].map((step) => Math.floor(seed / step) % size);
      return { observation: observation() };
    },
    step(action) {
      [x, y] = [inside(x + dx[action]), inside(y + dy[action])];
      const terminated = x === goalX && y === goalY;
      return { observation: observation(), reward: terminated ? 1 : 0, terminated };
    },
  };
}

async function main(threads: number): Promise<void> {
  const crew = await openCrew(spawnWorker, threads);
  const config = { iterations: 120, learningRate: 0.01, evalEpisodes: 200 };
  const { success, parametersSha256 } = await train(config, { environment: new URL(import.meta.url), crew });
  crew.close();
  console.log(JSON.stringify({ success: success.outOfDomain, parametersSha256 }));
}
if (isMainThread) void main(Number(process.argv[process.argv.indexOf('--workers') + 1]) || 1);

// Output:
// {"success":0.955,"parametersSha256":"ce02661e40797cf5af3615512f91395c70439fe8c31e3a2eb7d9d0d85b12cee2"}
