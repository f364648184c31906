/** The work of this page for a gateway, as signals. Nothing is sent before `start`. */
import { signal } from '@preact/signals';
import { type VolunteerEvent, volunteer, workerRunner } from 'unbraid/volunteer';
import { words } from './words.ts';

/** Most lines of the log. */
const MOST_LINES = 50;

export const state = signal<'idle' | 'running' | 'stopping'>('idle');
export const counted = signal(0);
/** Jobs that run now, by their hash. */
export const current = signal<ReadonlyMap<string, string>>(new Map());
/** Why nothing runs; null while a job runs. */
export const waiting = signal<string | null>(null);
export const problem = signal<string | null>(null);
export const log = signal<readonly string[]>([]);

let stopping = new AbortController();

const without = (id: string): ReadonlyMap<string, string> =>
  new Map([...current.value].filter(([each]) => each !== id));

const say = (line: string): void => {
  log.value = [line, ...log.value].slice(0, MOST_LINES);
};

function show(event: VolunteerEvent): void {
  if (event.type === 'wait') {
    waiting.value = `${event.reason}; asking again in ${event.seconds} s`;
    return;
  }
  waiting.value = null;
  const short = event.id.slice(0, 12);
  if (event.type === 'start') {
    current.value = new Map(current.value).set(event.id, words(event.job));
    return;
  }
  const was = current.value.get(event.id) ?? 'job';
  current.value = without(event.id);
  if (event.type === 'lost') say(`${short} · ${was} · lost: ${event.reason}`);
  else if (event.counted) {
    counted.value++;
    say(`${short} · ${was} · sent`);
  } else say(`${short} · ${was} · sent, but others had finished it`);
}

/** Works until `stop`. */
export async function start(gateway: string, token: string, threads: number): Promise<void> {
  stopping = new AbortController();
  problem.value = null;
  state.value = 'running';
  waiting.value = 'asking the gateway for a job';
  try {
    await volunteer({
      ...{ gateway, threads, signal: stopping.signal, onJob: show },
      ...(token !== '' && { token }),
      openRunner: () => workerRunner(new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })),
    });
  } catch (error) {
    problem.value = error instanceof Error ? error.message : String(error);
  }
  state.value = 'idle';
  waiting.value = null;
  current.value = new Map();
}

/** Stops running jobs and gives them back. */
export function stop(): void {
  state.value = 'stopping';
  stopping.abort();
}
