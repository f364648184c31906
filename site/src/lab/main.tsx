/** The lab: trains runs of the real trainer in the page, one or two side by side. */
import { computed, signal } from '@preact/signals';
import { estimateSeconds, resolveConfig } from 'unbraid';
import { durationWords } from '../session/durations.ts';
import { threadChoice } from '../session/threads.ts';
import { Choices } from '../shell/choices.tsx';
import { showPage } from '../shell/shell.tsx';
import { choiceFromAddress, fromAddress, numberFromAddress, toAddress } from '../shell/urlState.ts';
import { RunView } from './runView.tsx';
import { openSession, type Session } from './session.ts';
import { configOf, environments, labelSources, methods, type Settings, widths } from './settings.ts';

const { most, reason } = threadChoice();
const names = <T extends string>(rows: readonly (readonly [T, string])[]): T[] => rows.map(([name]) => name);

const settings = signal<Settings>({
  env: choiceFromAddress('env', names(environments)),
  method: choiceFromAddress('method', names(methods)),
  labels: choiceFromAddress('labels', names(labelSources)),
  hidden: Number(choiceFromAddress('hidden', ['64', ...widths.map(String)])),
  seed: Math.floor(numberFromAddress('seed', 1, 0, 99_999)),
  iterations: Math.floor(numberFromAddress('iterations', 60, 1, 500)),
});
/** The method of the second run; empty: there is none. */
const beside = signal(fromAddress('beside') === null ? '' : choiceFromAddress('beside', names(methods)));
const threads = signal(Math.min(2, most));
const sessions = signal<readonly Session[]>([]);

function change(next: Partial<Settings>): void {
  settings.value = { ...settings.value, ...next };
  for (const [key, value] of Object.entries(next)) toAddress(key, `${value}`);
}

const methodWords = (method: string): string => methods.find(([name]) => name === method)?.[1] ?? method;

/** Seconds that the chosen runs take, roughly; null for settings that do not go together. */
const seconds = computed(() => {
  try {
    const config = resolveConfig(configOf(settings.value));
    return estimateSeconds(config, config.iterations, threads.value) * (beside.value === '' ? 1 : 2);
  } catch {
    return null;
  }
});

function start(): void {
  for (const session of sessions.value) session.close();
  const first = settings.value;
  const runs = beside.value === '' ? [first] : [first, { ...first, method: beside.value }];
  const each = Math.max(1, Math.floor(threads.value / runs.length));
  sessions.value = runs.map((of) => openSession(of, each));
  for (const session of sessions.value) session.run(false);
}

/** Milliseconds between iterations in slow motion. */
const slowMs = 700;
const slow = signal(false);

/** In slow motion each iteration is a step of its own. */
function playSlowly(session: Session): void {
  if (!slow.value || session.state.value === 'ended' || session.state.value === 'broken') return;
  if (session.state.value === 'paused') session.run(true);
  setTimeout(() => playSlowly(session), slowMs);
}

function Controls() {
  const all = sessions.value;
  const isRunning = all.some(({ state }) => state.value === 'running');
  const canRun = all.some(({ state }) => state.value === 'paused');
  return (
    <div class="controls">
      <button type="button" class="act main" onClick={start}>
        {all.length === 0 ? 'Start' : 'Start anew'}
      </button>
      {seconds.value !== null && <span class="quiet">takes about {durationWords(seconds.value)}</span>}
      {all.length > 0 && (
        <>
          <button
            type="button"
            class="act"
            disabled={!isRunning && !canRun}
            onClick={() => {
              slow.value = false;
              for (const session of all) isRunning ? session.pause() : session.run(false);
            }}
          >
            {isRunning ? 'Pause' : 'Play'}
          </button>
          <button
            type="button"
            class="act"
            disabled={isRunning || !canRun}
            onClick={() => {
              for (const session of all) session.run(true);
            }}
          >
            Step
          </button>
          <label>
            <input
              type="checkbox"
              checked={slow.value}
              onChange={(event) => {
                slow.value = event.currentTarget.checked;
                for (const session of all) {
                  session.pause();
                  if (slow.value) playSlowly(session);
                  else session.run(false);
                }
              }}
            />{' '}
            slow motion
          </label>
        </>
      )}
    </div>
  );
}

function Lab() {
  const { env, method, labels, hidden, seed, iterations } = settings.value;
  const usesLabels = [method, beside.value].some((name) => /classifier|cloning|contrastive|label/.test(name));
  return (
    <>
      <div class="prose">
        <h1>The lab</h1>
        <p>
          The trainer of the command line, in this page. With the same settings and seed it computes the same
          parameters, to the last bit. Choose, press Start, and look into the policy while it learns.
        </p>
      </div>
      <div class="controls">
        <label class="field">
          <span>Environment</span>
          <select value={env} onChange={(event) => change({ env: event.currentTarget.value as Settings['env'] })}>
            {environments.map(([name, words]) => (
              <option key={name} value={name}>
                {words}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          <span>Method</span>
          <select value={method} onChange={(event) => change({ method: event.currentTarget.value })}>
            {methods.map(([name, words]) => (
              <option key={name} value={name}>
                {words}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          <span>Beside it</span>
          <select
            value={beside.value}
            onChange={(event) => {
              beside.value = event.currentTarget.value;
              toAddress('beside', beside.value === '' ? null : beside.value);
            }}
          >
            <option value="">nothing</option>
            {methods.map(([name, words]) => (
              <option key={name} value={name}>
                {words}
              </option>
            ))}
          </select>
        </label>
        {usesLabels && (
          <Choices
            legend="Labels"
            name="labels"
            options={labelSources}
            value={labels as 'graph'}
            choose={(value) => change({ labels: value })}
          />
        )}
        <label class="field">
          <span>Hidden width</span>
          <select value={hidden} onChange={(event) => change({ hidden: Number(event.currentTarget.value) })}>
            {widths.map((width) => (
              <option key={width}>{width}</option>
            ))}
          </select>
        </label>
        <label class="field">
          <span>Seed</span>
          <input
            type="number"
            min={0}
            max={99_999}
            value={seed}
            onChange={(event) => {
              const value = event.currentTarget.valueAsNumber;
              if (Number.isInteger(value) && value >= 0 && value <= 99_999) change({ seed: value });
            }}
          />
        </label>
        <label class="field">
          <span>Iterations</span>
          <input
            type="number"
            min={1}
            max={500}
            value={iterations}
            onChange={(event) => {
              const value = event.currentTarget.valueAsNumber;
              if (Number.isInteger(value) && value >= 1 && value <= 500) change({ iterations: value });
            }}
          />
        </label>
        {most > 1 && (
          <label class="field">
            <span>Threads</span>
            <select
              value={threads.value}
              onChange={(event) => {
                threads.value = Number(event.currentTarget.value);
              }}
            >
              {Array.from({ length: most }, (_, i) => (
                <option key={i + 1}>{i + 1}</option>
              ))}
            </select>
          </label>
        )}
      </div>
      {reason !== null && <p class="quiet">{reason}</p>}
      <Controls />
      <div class={sessions.value.length > 1 ? 'runs two' : 'runs'}>
        {sessions.value.map((session, i) => (
          <RunView
            key={`${i}-${session.settings.method}`}
            session={session}
            name={methodWords(session.settings.method)}
          />
        ))}
      </div>
    </>
  );
}

showPage('Lab', <Lab />);
