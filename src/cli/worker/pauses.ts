/** Pauses of a worker whose commands Redis refuses. */
import type { Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { isRefusal } from '../queue/connection.ts';

/** After a refusal, no job is taken for this time in ms; doubled by each further one, up to the most. */
export const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;

/**
 * Stops the worker from taking jobs for a while after each refusal, because it repeats a refused command at once. Notes
 * a lost connection once.
 */
export function pauseAfterRefusals(worker: Worker, connection: Redis, note: (text: string) => void): () => void {
  let pauseMs = FIRST_PAUSE_MS;
  let timer: NodeJS.Timeout | null = null;
  let quiet: NodeJS.Timeout | null = null;
  let away = false;
  worker.on('error', (error) => {
    if (!isRefusal(error) || timer !== null) return;
    note(`queue: ${error.message}; no job is taken for ${pauseMs / 1000} s`);
    void worker.pause(true).catch(() => {});
    timer = setTimeout(() => {
      timer = null;
      void worker.resume().catch(() => {});
      // Without a further refusal the next pause is short again.
      if (quiet !== null) clearTimeout(quiet);
      quiet = setTimeout(() => {
        pauseMs = FIRST_PAUSE_MS;
      }, 2 * pauseMs);
    }, pauseMs);
    pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
  });
  connection.on('reconnecting', () => {
    if (!away) note('queue: the connection is lost; it is opened again as soon as Redis answers');
    away = true;
  });
  connection.on('ready', () => {
    if (away) note('queue: connected again');
    away = false;
  });
  return () => {
    if (timer !== null) clearTimeout(timer);
    if (quiet !== null) clearTimeout(quiet);
  };
}
