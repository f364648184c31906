import { expect, test } from 'vitest';
import { householdFeatures, trainingJob, trainingSeeds, trainingTensors } from '../../bench/training.ts';
import { engineModule } from '../../src/engine/kernels/load.ts';
import { trainingGames } from '../../src/rollout/success.ts';

const tensors = new Map(trainingTensors().map((tensor) => [tensor.name, tensor]));

test('each seed has its training games, and demonstrations on the first 60 of them', () => {
  for (const seed of trainingSeeds) {
    expect(tensors.get(`training/${seed}/games`)?.shape).toEqual([150, 16]);
    const play = tensors.get(`training/${seed}/play`);
    const games = Array.from(play?.values ?? []).filter((_, i) => i % 3 === 0);
    expect(new Set(games)).toEqual(new Set(Array.from({ length: 60 }, (_, i) => i)));
  }
  // Column 0 is the task; tasks cycle with the seed of the game.
  const { values } = tensors.get('training/1/games') ?? { values: [] };
  const tasks = Array.from({ length: 150 }, (_, i) => values[16 * i]);
  expect(tasks).toEqual(trainingGames(1, 150).map(({ seed }) => seed % 6));
});

test('features are sums of words, by state and slot', () => {
  const { states, actions, counts } = householdFeatures(1);
  const steps = (tensors.get('training/1/play')?.shape[0] ?? 0) as number;
  expect([states.length, actions.length, counts.length]).toEqual([11 * steps, 6 * steps, steps]);
  // Slot 0 holds one of the six task words, which follow `none`.
  expect(Array.from({ length: steps }, (_, s) => states[11 * s]).every((word) => word >= 1 && word <= 6)).toBe(true);
  expect(Math.min(...counts)).toBeGreaterThan(1);
});

test('a job returns the success of each of its iterations', async () => {
  const success = await trainingJob(await engineModule(), false, { iterations: 2, coldStart: 2, coldStartUpdates: 1 })(
    1,
  );
  expect(success.length).toBe(2);
});
