/** Check: replays receipts and runs in the browser and says whether they are equal. */
import { type Signal, signal } from '@preact/signals';
import { proxy, type Remote, transfer, wrap } from 'comlink';
import { useEffect } from 'preact/hooks';
import { durationWords } from '../session/durations.ts';
import { threadChoice } from '../session/threads.ts';
import { showPage } from '../shell/shell.tsx';
import { linkOf, receiptOfFragment } from './link.ts';
import type { Claim, PlainVerdict, VerifyWorker } from './worker.ts';

/** One dropped file, from reading to its verdict. */
interface Item {
  readonly id: number;
  readonly name: string;
  readonly claim: Claim | null;
  readonly problem: string | null;
  /** `ready` to be replayed, being replayed, or done. */
  readonly state: 'reading' | 'ready' | 'running' | 'done';
  readonly progress: { readonly words: string; readonly done: number; readonly total: number } | null;
  readonly verdict: PlainVerdict | null;
  readonly link: string | null;
}

const items = signal<readonly Item[]>([]);
const { most, reason } = threadChoice();
const workers = new Map<number, { readonly worker: Worker; readonly remote: Remote<VerifyWorker> }>();
const isOver: Signal<boolean> = signal(false);
let nextId = 0;

function update(id: number, change: Partial<Item>): void {
  items.value = items.value.map((item) => (item.id === id ? { ...item, ...change } : item));
}

function end(id: number): void {
  workers.get(id)?.worker.terminate();
  workers.delete(id);
}

function fail(id: number, error: unknown): void {
  end(id);
  update(id, { state: 'done', problem: error instanceof Error ? error.message : String(error) });
}

async function take(name: string, bytes: Uint8Array): Promise<void> {
  const id = nextId++;
  const item: Item = { id, name, claim: null, problem: null, state: 'reading', progress: null, verdict: null, link: null };
  items.value = [...items.value, item];
  const link = bytes[0] === 0x7b ? linkOf(location.href, bytes) : null;
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  worker.addEventListener('error', (event) => fail(id, new Error(event.message || 'its worker could not be loaded')));
  const remote = wrap<VerifyWorker>(worker);
  workers.set(id, { worker, remote });
  try {
    const claim = await remote.read(transfer(bytes, [bytes.buffer as ArrayBuffer]), most);
    update(id, { claim, state: 'ready', link });
  } catch (error) {
    fail(id, error);
  }
}

const phases: Readonly<Record<string, string>> = {
  'cold start': 'cold start',
  demonstrations: 'demonstrations of the cold start',
  evaluate: 'evaluation',
  coupling: 'coupling',
  train: 'iteration',
};

async function check(id: number): Promise<void> {
  const remote = workers.get(id)?.remote;
  if (!remote) return;
  update(id, { state: 'running', progress: { words: 'starting', done: 0, total: 1 } });
  try {
    const verdict = await remote.check(
      most,
      proxy(({ phase, done, total }) => {
        update(id, { progress: { words: `${phases[phase] ?? phase} ${done} of ${total}`, done, total } });
      }),
    );
    update(id, { state: 'done', verdict });
    end(id);
  } catch (error) {
    fail(id, error);
  }
}

async function takeFiles(files: Iterable<File>): Promise<void> {
  for (const file of files) await take(file.name, new Uint8Array(await file.arrayBuffer()));
}

function Verdict({ verdict }: { readonly verdict: PlainVerdict }) {
  const { equal, first, checked, notChecked, hash } = verdict;
  return (
    <div class={equal ? 'verdict equal' : 'verdict different'} role="status">
      <p>
        <b>{equal ? 'Equal.' : 'Different.'}</b>{' '}
        {equal
          ? `The replay in this browser has the same bits: hash ${hash.slice(0, 16)}.`
          : `${first && 'file' in first ? first.message : JSON.stringify(first)}`}
      </p>
      <p class="quiet">
        Compared: {checked.length > 0 ? checked.join(', ') : 'nothing before the difference'}.
        {notChecked.length > 0 && ` Not compared: ${notChecked.map(([path]) => path).join(', ')}.`}
      </p>
    </div>
  );
}

function ItemView({ item }: { readonly item: Item }) {
  const { id, name, claim, problem, state, progress, verdict, link } = item;
  return (
    <li class="panel">
      <h3>{name}</h3>
      {problem !== null && (
        <div class="problem" role="alert">
          <p>
            {name}: {problem}.
          </p>
        </div>
      )}
      {claim && (
        <>
          <p class="quiet">
            {claim.kind === 'run' ? 'A run with all its files' : 'A receipt'} of {claim.iterations} iterations:{' '}
            {claim.settings.length > 0 ? claim.settings.map(([key, value]) => `${key} ${value}`).join(', ') : 'defaults'}.
            {claim.success &&
              ` It states success ${Object.entries(claim.success)
                .map(([split, value]) => `${value?.toFixed(3) ?? 'none'} (${split})`)
                .join(', ')}.`}
          </p>
          {state === 'ready' && (
            <div class="controls">
              <button type="button" class="act main" onClick={() => void check(id)}>
                Replay it (about {durationWords(claim.seconds)})
              </button>
            </div>
          )}
        </>
      )}
      {state === 'running' && progress && (
        <p>
          <progress max={progress.total} value={progress.done} aria-label={`Progress of ${name}`} /> {progress.words}{' '}
          <button
            type="button"
            class="act"
            onClick={() => fail(id, new Error('stopped; drop it again to replay it'))}
          >
            Stop
          </button>
        </p>
      )}
      {verdict && <Verdict verdict={verdict} />}
      {link !== null && (
        <p class="quiet">
          <a href={link}>A link that carries this receipt</a>: whoever opens it can replay it.
        </p>
      )}
    </li>
  );
}

function Check() {
  useEffect(() => {
    try {
      const receipt = receiptOfFragment(location.hash);
      if (receipt) void take('receipt of the link', receipt);
    } catch (error) {
      const id = nextId++;
      const name = 'receipt of the link';
      items.value = [{ id, name, claim: null, problem: null, state: 'done', progress: null, verdict: null, link: null }];
      fail(id, error);
    }
  }, []);
  return (
    <>
      <div class="prose">
        <h1>Check a result in this browser</h1>
        <p>
          A run of unbraid depends on its configuration and seed alone, to the last bit. Its receipt states a chain of
          hashes from the configuration to the outcome. This page trains the run again and compares every link. Nothing
          that you drop here leaves your computer.
        </p>
      </div>
      <div
        class="drop"
        data-over={isOver.value || undefined}
        onDragOver={(event) => {
          event.preventDefault();
          isOver.value = true;
        }}
        onDragLeave={() => {
          isOver.value = false;
        }}
        onDrop={(event) => {
          event.preventDefault();
          isOver.value = false;
          void takeFiles(event.dataTransfer?.files ?? []);
        }}
      >
        <label>
          <b>Drop receipts (receipt.json) or zipped run folders here</b>, or choose files:{' '}
          <input
            type="file"
            multiple
            accept=".json,.zip"
            onChange={(event) => {
              const { files } = event.currentTarget;
              if (files) void takeFiles(files);
            }}
          />
        </label>
      </div>
      <p class="quiet">{reason ?? `Replays use ${most} threads. The result does not depend on their number.`}</p>
      <ul class="items">
        {items.value.map((item) => (
          <ItemView key={item.id} item={item} />
        ))}
      </ul>
    </>
  );
}

showPage('Check', <Check />);
