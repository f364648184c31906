/** The lab: trains runs of the real trainer in the page, one or two side by side. */
import { signal } from '@preact/signals';
import { showPage } from '../shell/shell.tsx';
import './lab.css';
import { Charts } from './charts.tsx';
import { Controls } from './controls.tsx';
import { createFrames } from './frames.ts';
import { at, runs, settingsWords, speed, threadsOfRun } from './labState.ts';
import { PresetLinks } from './presetLinks.tsx';
import { RunPanel } from './runPanel.tsx';
import { openSession, type Session } from './session.ts';
import { SettingsForm } from './settingsForm.tsx';
import { obstacle } from './support.ts';

const frames = createFrames();
const sessions = signal<readonly Session[]>([]);
/** Whether the settings are folded, so that the run has the page. */
const isFolded = signal(false);
const flaw = obstacle();
const title = document.title;

/** The title tells how far the runs are, so that a hidden tab tells it too. */
function showDone(): void {
  const all = sessions.value;
  const total = all.reduce((sum, { settings }) => sum + settings.iterations, 0);
  const done = all.reduce((sum, session) => sum + session.done(), 0);
  document.title = total === 0 ? title : `${Math.floor((100 * done) / total)}% · ${title}`;
}

function start(): void {
  for (const session of sessions.value) session.close();
  // A link can name the policy that the first run shows; a run after it shows the latest.
  if (sessions.value.length > 0) at.value = -1;
  isFolded.value = true;
  sessions.value = runs.value.map((of) => openSession(of, threadsOfRun.value, speed, frames, showDone));
  showDone();
  for (const session of sessions.value) session.run(false);
}

/** Which policy the views show: the latest, or an earlier one. */
function History() {
  const steps = [
    ...new Set(sessions.value.flatMap(({ watcher }) => watcher.views.value.map(({ iteration }) => iteration))),
  ];
  steps.sort((a, b) => a - b);
  if (steps.length < 2) return null;
  const last = steps.length - 1;
  const place =
    at.value < 0
      ? last
      : Math.max(
          0,
          steps.findLastIndex((step) => step <= at.value),
        );
  return (
    <label class="field history">
      <span>
        Policy after iteration {steps[place]}
        {at.value < 0 && ' (latest)'}
      </span>
      <input
        type="range"
        min={0}
        max={last}
        value={place}
        onInput={(event) => {
          const next = event.currentTarget.valueAsNumber;
          at.value = next >= last ? -1 : steps[next];
        }}
      />
    </label>
  );
}

function Lab() {
  const all = sessions.value;
  return (
    <>
      <div class="prose">
        <h1>The lab</h1>
        <p>
          The trainer of the command line, in this page. With the same settings and seed it computes the same
          parameters, to the last bit. Choose, press Start, and look into the policy while it learns.
        </p>
      </div>
      {flaw !== null ? (
        <div class="problem" role="alert">
          <p>{flaw}</p>
        </div>
      ) : (
        <>
          <PresetLinks />
          <details
            class="settings"
            open={!isFolded.value}
            onToggle={(event) => {
              isFolded.value = !event.currentTarget.open;
            }}
          >
            <summary>{isFolded.value ? settingsWords() : 'Settings'}</summary>
            <SettingsForm />
          </details>
          <Controls sessions={all} start={start} />
          {all.length > 0 && (
            <>
              <Charts sessions={all} />
              <History />
              <div class={all.length > 1 ? 'runs two' : 'runs'}>
                {all.map((session, i) => (
                  <RunPanel
                    key={`${i}-${session.settings.method}`}
                    session={session}
                    at={at.value}
                    startAgain={start}
                  />
                ))}
              </div>
            </>
          )}
        </>
      )}
    </>
  );
}

showPage('Lab', <Lab />);
