/** Check: replays receipts and runs in the browser and says whether they are equal. */
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { durationWords } from '../session/durations.ts';
import { showPage } from '../shell/shell.tsx';
import { filesOfDrop, filesOfInput, type Given, sortFiles } from './collect.ts';
import forgedUrl from './examples/forged.json?url';
import honestUrl from './examples/honest.json?url';
import { check, items, ready, refuse, take, threadReason, threads } from './items.ts';
import { ItemView } from './itemView.tsx';
import { receiptOfFragment } from './link.ts';
import './verify.css';

const isOver = signal(false);
/** What was not read of the last drop, in a sentence; '' if nothing. */
const remark = signal('');

async function takeAll(given: readonly Given[]): Promise<void> {
  const { sources, ignored, problem } = sortFiles(given);
  const shown = ignored.slice(0, 3).join(', ');
  const others = ignored.length > 3 ? ` and ${ignored.length - 3} more` : '';
  const alone = ignored.some((path) => !path.includes('/'));
  const left = `Not read: ${shown}${others}. ${alone ? 'Files of a run are compared together: drop the whole folder of the run.' : 'They belong to no run.'}`;
  remark.value = [problem, ignored.length > 0 ? left : null].filter((text) => text !== null).join(' ');
  if (given.length === 0) remark.value = 'Nothing was read: drop files or folders of this computer.';
  // One after another, so that large files do not fill the memory together.
  for (const source of sources) await take(source);
}

async function takeExample(name: string, url: string): Promise<void> {
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    await take({ name, files: [['', await response.blob()]] });
  } catch (error) {
    refuse(name, `it could not be loaded (${error instanceof Error ? error.message : String(error)}); reload the page`);
  }
}

function takeLink(): void {
  const name = 'Receipt of the link';
  try {
    const receipt = receiptOfFragment(location.hash);
    if (receipt) void take({ name, files: [['', new Blob([receipt])]] });
  } catch (error) {
    refuse(name, error instanceof Error ? error.message : String(error));
  }
}

function FileInput({ isFolder }: { readonly isFolder: boolean }) {
  return (
    <label class="act file">
      {isFolder ? 'Choose a folder' : 'Choose files'}
      <input
        type="file"
        multiple
        accept={isFolder ? undefined : '.json,.zip'}
        {...(isFolder && { webkitdirectory: true })}
        onChange={(event) => {
          const { files } = event.currentTarget;
          if (files) void takeAll(filesOfInput(files));
          // The same file can then be chosen again.
          event.currentTarget.value = '';
        }}
      />
    </label>
  );
}

function DropZone() {
  return (
    <fieldset
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
        if (event.dataTransfer) {
          void filesOfDrop(event.dataTransfer.items).then(takeAll, () => {
            remark.value = 'The browser could not read what was dropped. Use the buttons instead.';
          });
        }
      }}
    >
      <legend class="hidden">Files to check</legend>
      <p>
        <b>Drop receipts, zipped runs or folders of runs here.</b> Several at once are replayed one after another.
      </p>
      <div class="controls">
        <FileInput isFolder={false} />
        <FileInput isFolder={true} />
      </div>
      <p class="quiet">
        No file at hand? Try{' '}
        <button type="button" class="textual" onClick={() => void takeExample('Example: an honest receipt', honestUrl)}>
          an honest receipt
        </button>{' '}
        and{' '}
        <button type="button" class="textual" onClick={() => void takeExample('Example: a forged receipt', forgedUrl)}>
          a forged one
        </button>
        , in which one number was raised and all hashes were computed anew.
      </p>
    </fieldset>
  );
}

function Check() {
  useEffect(() => {
    takeLink();
    addEventListener('hashchange', takeLink);
    return () => removeEventListener('hashchange', takeLink);
  }, []);
  const open = ready.value;
  const seconds = open.reduce((sum, { claim }) => sum + (claim?.seconds ?? 0), 0);
  return (
    <>
      <div class="prose">
        <h1>Check a result in this browser</h1>
        <p class="lead">
          A run of unbraid depends on its configuration and seed alone, to the last bit. So anyone can train it again
          and see whether the stated numbers come out.
        </p>
        <p>
          A <b>receipt</b> states the configuration, hashes of the parameters, state and metrics at each checkpoint, and
          the outcome. This page trains the run again and compares each of them. Whatever you drop stays on your
          computer.
        </p>
      </div>
      <DropZone />
      <p class="quiet" role="status">
        {remark.value}
      </p>
      {open.length > 1 && (
        <div class="controls">
          <button type="button" class="act main" onClick={() => check(open.map(({ id }) => id))}>
            Replay all {open.length} (about {durationWords(seconds)})
          </button>
        </div>
      )}
      <ul class="items">
        {items.value.map((item) => (
          <ItemView key={item.id} item={item} />
        ))}
      </ul>
      <section class="prose">
        <h2>What a replay shows</h2>
        <p>
          <b>Equal</b> means: this configuration leads to these parameters and these numbers. A forger would have to
          find an honest run that does. It does not show that a result is general: another seed may have another
          outcome.
        </p>
        <p>
          <b>Different</b> means: a file was changed or damaged, or belongs to another run. The first difference says
          where.
        </p>
        <p class="quiet">
          {threadReason ?? `Replays use ${threads} threads.`} The result does not depend on their number. The command{' '}
          <code>unbraid verify</code> does the same in Node, and in other runtimes. The format is described in{' '}
          <a href="../docs/receipts.html">Receipts</a>.
        </p>
      </section>
    </>
  );
}

showPage('Check', <Check />);
