/** The dropped items, from reading to their verdicts. Items are replayed one by one, as each uses all threads. */
import { computed, signal } from '@preact/signals';
import { proxy, type Remote, wrap } from 'comlink';
import type { Progress } from 'unbraid';
import { threadChoice } from '../session/threads.ts';
import type { Claim } from './claim.ts';
import type { Source } from './collect.ts';
import { linkOf } from './link.ts';
import type { PlainVerdict, VerifyWorker } from './worker.ts';

/** Where a replay is. Times are of `performance.now`. */
export interface Running {
  readonly phase: Progress['phase'] | 'start';
  readonly done: number;
  readonly total: number;
  readonly started: number;
  /** Start of the phase, and of the last report. */
  readonly phaseStarted: number;
  readonly reported: number;
}

export interface Item {
  readonly id: number;
  readonly source: Source;
  readonly state: 'reading' | 'ready' | 'waiting' | 'running' | 'done' | 'stopped' | 'refused';
  readonly claim: Claim | null;
  readonly problem: string | null;
  readonly running: Running | null;
  readonly verdict: PlainVerdict | null;
  /** A link that carries the receipt; null if it would be too long. */
  readonly link: string | null;
}

export const { most: threads, reason: threadReason } = threadChoice();
export const items = signal<readonly Item[]>([]);
/** Changes every second while an item is replayed. */
export const now = signal(0);
export const ready = computed(() => items.value.filter(({ state }) => state === 'ready' || state === 'stopped'));

interface Opened {
  readonly remote: Remote<VerifyWorker>;
  /** The answer of a call; rejects where the worker cannot be loaded, ends with an error, or is ended here. */
  answer<T>(call: Promise<T>): Promise<T>;
  close(): void;
}
const opened = new Map<number, Opened>();
let nextId = 0;
let ticking: ReturnType<typeof setInterval> | undefined;

const byId = (id: number): Item | undefined => items.value.find((item) => item.id === id);

function update(id: number, change: Partial<Item>): void {
  items.value = items.value.map((item) => (item.id === id ? { ...item, ...change } : item));
}

function end(id: number): void {
  const of = opened.get(id);
  opened.delete(id);
  of?.close();
}

function openWorker(id: number): Opened {
  end(id);
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  const unanswered = new Set<(error: Error) => void>();
  const fail = (error: Error): void => {
    for (const reject of unanswered) reject(error);
  };
  worker.addEventListener('error', (event) => {
    fail(new Error(`its worker ended (${event.message || 'it could not be loaded'}); replay it again`));
  });
  const of: Opened = {
    remote: wrap<VerifyWorker>(worker),
    answer: (call) =>
      new Promise((resolve, reject) => {
        unanswered.add(reject);
        call.then(resolve, reject).finally(() => unanswered.delete(reject));
      }),
    close() {
      worker.terminate();
      // A call to a worker that was ended has no answer.
      fail(new Error('ended'));
    },
  };
  opened.set(id, of);
  return of;
}

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');

/** Reads an item in a new worker; false if the worker was ended meanwhile or the item was refused. */
async function read(id: number, source: Source): Promise<boolean> {
  const of = openWorker(id);
  try {
    const claim = await of.answer(of.remote.read(source.files, threads));
    if (opened.get(id) !== of) return false;
    update(id, { claim });
    return true;
  } catch (error) {
    if (opened.get(id) === of) {
      end(id);
      // Once it was read, it can be replayed again.
      const state = byId(id)?.claim ? 'stopped' : 'refused';
      update(id, { state, problem: words(error), running: null });
    }
    return false;
  }
}

/** A receipt is small, so its link is made here. */
async function linkFor({ files }: Source, kind: Claim['kind']): Promise<string | null> {
  const receipt = kind === 'receipt' ? files[0][1] : files.find(([path]) => path === 'receipt.json')?.[1];
  return receipt ? linkOf(location.href, new Uint8Array(await receipt.arrayBuffer())) : null;
}

const empty = { claim: null, problem: null, running: null, verdict: null, link: null } as const;

export async function take(source: Source): Promise<void> {
  const id = nextId++;
  items.value = [...items.value, { ...empty, id, source, state: 'reading' }];
  if (!(await read(id, source))) return;
  // An item that waits needs no worker.
  end(id);
  const claim = byId(id)?.claim;
  const link = claim ? await linkFor(source, claim.kind) : null;
  update(id, { state: 'ready', link });
}

/** An item that could not be read, with the reason. */
export function refuse(name: string, problem: string): void {
  items.value = [...items.value, { ...empty, id: nextId++, source: { name, files: [] }, state: 'refused', problem }];
}

async function replay(id: number): Promise<void> {
  const item = byId(id);
  if (!item) return;
  const started = performance.now();
  const start = { phase: 'start', done: 0, total: 1, started, phaseStarted: started, reported: started } as const;
  update(id, { state: 'running', running: start, problem: null, verdict: null });
  if (!(await read(id, item.source))) return;
  const of = opened.get(id) as Opened;
  try {
    const report = proxy(({ phase, done, total }: Progress) => {
      const running = byId(id)?.running;
      if (!running || opened.get(id) !== of) return;
      const reported = performance.now();
      const phaseStarted = running.phase === phase ? running.phaseStarted : reported;
      update(id, { running: { ...running, phase, done, total, phaseStarted, reported } });
    });
    const verdict = await of.answer(of.remote.check(threads, report));
    if (opened.get(id) === of) update(id, { state: 'done', verdict, running: null });
  } catch (error) {
    if (opened.get(id) === of) update(id, { state: 'stopped', problem: words(error), running: null });
  }
  if (opened.get(id) === of) end(id);
}

async function work(): Promise<void> {
  if (ticking !== undefined) return;
  ticking = setInterval(() => {
    now.value = performance.now();
  }, 1000);
  for (let next = nextWaiting(); next; next = nextWaiting()) await replay(next.id);
  clearInterval(ticking);
  ticking = undefined;
}

const nextWaiting = (): Item | undefined => items.value.find(({ state }) => state === 'waiting');

/** Replays these items when those before them are done. */
export function check(ids: readonly number[]): void {
  for (const id of ids) update(id, { state: 'waiting', problem: null });
  void work();
}

/** Stops reading, waiting or replaying. The item stays and can be replayed again. */
export function stop(id: number): void {
  const item = byId(id);
  end(id);
  if (!item?.claim) update(id, { state: 'refused', problem: 'reading it was stopped; drop it again' });
  else update(id, { state: item.state === 'waiting' ? 'ready' : 'stopped', running: null });
}

export function remove(id: number): void {
  end(id);
  items.value = items.value.filter((item) => item.id !== id);
}
