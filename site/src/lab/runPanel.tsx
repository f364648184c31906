/** What the lab shows of one run: its state, its problem where there is one, the views, and its files. */
import { useSignal } from '@preact/signals';
import { AgentView } from './agentView.tsx';
import { runName } from './charts.tsx';
import { commandOf, folderName } from './command.ts';
import { CopyButton } from './copyButton.tsx';
import { EmbeddingView } from './embeddingView.tsx';
import { GramView } from './gramView.tsx';
import { LayersView } from './layersView.tsx';
import type { Session } from './session.ts';
import { configOf } from './settings.ts';
import { silentSeconds } from './silence.ts';
import type { Threads } from './trainWorker.ts';
import type { PolicyView } from './viewWorker.ts';

const phases: Readonly<Record<string, string>> = {
  start: 'starting',
  'sample pairs': 'collecting sample pairs',
  demonstrations: 'playing demonstrations',
  'cold start': 'cloning demonstrations',
  random: 'playing at random',
  evaluate: 'evaluating',
  coupling: 'measuring coupling',
};

function save(name: string, bytes: Uint8Array): void {
  const url = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>], { type: 'application/zip' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

function threadWords({ size, reason }: Threads): string {
  if (size > 1) return `${size} threads: ${reason}.`;
  return reason === 'one thread' ? 'One thread.' : `One thread: ${reason}.`;
}

function Status({ session }: { readonly session: Session }) {
  const { settings, metrics, progress, state, ended, threads } = session;
  const iteration = metrics.value.at(-1)?.iteration ?? 0;
  const phase = progress.value ? phases[progress.value.phase] : undefined;
  const used = threads.value;
  return (
    <>
      <p role="status">
        Iteration {iteration} of {settings.iterations}
        {state.value === 'running' &&
          phase &&
          progress.value &&
          `, ${phase}: ${progress.value.done} of ${progress.value.total}`}
        {state.value === 'paused' && iteration > 0 && ', paused'}
        {ended.value && (
          <>
            , ended. <span class="hash">parameters {ended.value.parametersSha256.slice(0, 16)}</span>
          </>
        )}
      </p>
      {used && <p class="quiet">{threadWords(used)}</p>}
    </>
  );
}

function Silent({ session }: { readonly session: Session }) {
  if (!session.isSilent.value || session.state.value !== 'running') return null;
  return (
    <div class="problem" role="alert">
      <p>
        Nothing was reported for {silentSeconds} seconds. On a slow device it can be one long step. If the browser has
        ended a thread, the run cannot continue: stop it, and resume from its checkpoint.
      </p>
      <div class="controls">
        <button type="button" class="act" onClick={session.giveUp}>
          Stop it
        </button>
      </div>
    </div>
  );
}

function Problem({ session, startAgain }: { readonly session: Session; readonly startAgain: () => void }) {
  const { problem, saved } = session;
  if (problem.value === null) return null;
  return (
    <div class="problem" role="alert">
      <p>
        The training stopped: {problem.value}.
        {/memory|allocate/i.test(problem.value) &&
          ' Close other pages, or choose a smaller width, one thread or a single method.'}
      </p>
      <p>
        {saved.value >= 0
          ? `The checkpoint of iteration ${saved.value} is kept: resume from it to the same result, or download the run so far.`
          : 'There is no checkpoint yet.'}
      </p>
      <div class="controls">
        {saved.value >= 0 && (
          <button type="button" class="act main" onClick={() => session.run(false)}>
            Resume from iteration {saved.value}
          </button>
        )}
        <button type="button" class="act" onClick={startAgain}>
          Start again
        </button>
      </div>
    </div>
  );
}

function Files({ session }: { readonly session: Session }) {
  const problem = useSignal<string | null>(null);
  const config = configOf(session.settings);
  const command = commandOf(config);
  const folder = folderName(config);
  return (
    <div class="panel files">
      <h3>The same run at the command line</h3>
      <pre>
        <code>{command}</code>
      </pre>
      <div class="controls">
        <CopyButton label="Copy the command" textOf={() => command} />
        <button
          type="button"
          class="act"
          disabled={session.state.value === 'running' || session.saved.value < 0}
          onClick={() => {
            problem.value = null;
            session.files(folder).then(
              (bytes) => save(`${folder}.zip`, bytes),
              (error: unknown) => {
                problem.value = error instanceof Error ? error.message : String(error);
              },
            );
          }}
        >
          Download the run
        </button>
      </div>
      {problem.value !== null && (
        <div class="problem" role="alert">
          <p>The files could not be packed: {problem.value}. Pause the run and press again.</p>
        </div>
      )}
      <p class="quiet">
        {session.state.value === 'running' && 'Pause the run to download it. '}
        Unzip it, then <code>unbraid verify {folder}</code> trains it again and compares every file
        {session.ended.value ? '' : '; a run that has not ended can be resumed, evaluated and measured'}.
      </p>
    </div>
  );
}

/** Relative error above which the step of the measurement is called large. */
const largeError = 0.25;

function Spillover({ view: { iteration, spillover } }: { readonly view: PolicyView }) {
  const { predicted, actual, relativeError } = spillover;
  const signed = (x: number): string => (x < 0 ? '' : '+') + x.toFixed(4);
  return (
    <p class="quiet">
      The policy after iteration {iteration}. A step that raises log π of the good samples by 0.01 on average changes
      that of the bad samples by {signed(actual)}. The inner products predict {signed(predicted)}.
      {relativeError > largeError &&
        ' The prediction is off: where the good actions are almost certain, their gradients are small, and such a step is a large one.'}
    </p>
  );
}

interface RunPanelProps {
  readonly session: Session;
  /** The iteration that the views show; -1: the latest. */
  readonly at: number;
  readonly startAgain: () => void;
}

export function RunPanel({ session, at, startAgain }: RunPanelProps) {
  const { watcher } = session;
  const views = watcher.views.value;
  const samples = watcher.samples.value;
  const view = (at < 0 ? undefined : views.findLast(({ iteration }) => iteration <= at)) ?? views.at(-1);
  return (
    <section class="run" aria-label={runName(session)}>
      <h2>{runName(session)}</h2>
      <Silent session={session} />
      <Problem session={session} startAgain={startAgain} />
      <Status session={session} />
      {watcher.problem.value !== null && (
        <div class="problem" role="alert">
          <p>{watcher.problem.value}</p>
          <div class="controls">
            <button type="button" class="act" onClick={() => session.restartViews()}>
              Start the views again
            </button>
          </div>
        </div>
      )}
      {view && samples && (
        <>
          <Spillover view={view} />
          <div class="views">
            <GramView {...{ view, samples, watcher }} />
            <EmbeddingView {...{ view, samples }} />
            <LayersView view={view} name={runName(session)} />
            <AgentView watcher={watcher} />
          </div>
        </>
      )}
      <Files session={session} />
    </section>
  );
}
