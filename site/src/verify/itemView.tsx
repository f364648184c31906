/** One dropped item: what it states, its replay and the verdict. */
import { durationWords } from '../session/durations.ts';
import type { Claim } from './claim.ts';
import { DifferenceTable } from './differenceTable.tsx';
import { check, type Item, now, type Running, remove, stop } from './items.ts';
import { shownText } from './shownText.ts';
import type { PlainVerdict } from './worker.ts';

/** `unbraid verify` asks before replays that are longer. */
const longSeconds = 600;

/** After this many seconds without a report a worker may have been ended by the browser. */
const silentSeconds = 60;

const phases: Readonly<Record<string, string>> = {
  start: 'starting',
  'cold start': 'cold start',
  demonstrations: 'demonstrations of the cold start',
  evaluate: 'evaluation',
  coupling: 'coupling',
  train: 'iteration',
};

/** Seconds left: at the rate of this training once it has begun, else what remains of the estimate. */
function secondsLeft({ phase, done, total, started, phaseStarted }: Running, estimate: number, at: number): number {
  const measured = phase === 'train' && done > 0 ? ((at - phaseStarted) / done) * (total - done) : null;
  return Math.max(0, measured === null ? estimate - (at - started) / 1000 : measured / 1000);
}

function Progress({ item, running, claim }: { readonly item: Item; readonly running: Running; readonly claim: Claim }) {
  const at = Math.max(now.value, running.reported);
  const left = secondsLeft(running, claim.seconds, at);
  const silent = (at - running.reported) / 1000;
  const step =
    running.phase === 'start'
      ? phases.start
      : `${phases[running.phase] ?? running.phase} ${running.done} of ${running.total}`;
  const late = (at - running.started) / 1000 > Math.max(10, 2 * claim.seconds);
  const time = left > 0 || !late ? `about ${durationWords(left)} left` : 'longer than estimated';
  return (
    <>
      <div class="replaying">
        <progress max={running.total} value={running.done} aria-label={`Progress of ${item.source.name}`} />
        <span class="count">
          {step}, {time}
        </span>
        <button type="button" class="act" onClick={() => stop(item.id)}>
          Stop
        </button>
      </div>
      {silent > silentSeconds && (
        <p class="quiet" role="status">
          No report for {durationWords(silent)}. A browser slows hidden pages down, and can end a worker that takes too
          much memory. Keep this page visible, or press Stop and replay it again.
        </p>
      )}
    </>
  );
}

function Statement({ claim }: { readonly claim: Claim }) {
  const { kind, settings, iterations, checkpoints, success, version, hash } = claim;
  return (
    <dl class="facts">
      <div>
        <dt>Holds</dt>
        <dd>
          {kind === 'run' ? 'a run with all its files' : 'a receipt'}: {iterations} iterations, {checkpoints}{' '}
          checkpoints, made by unbraid {version}
        </dd>
      </div>
      <div>
        <dt>Settings</dt>
        <dd>{settings.length > 0 ? settings.map(([key, value]) => `${key} ${value}`).join(', ') : 'all defaults'}</dd>
      </div>
      {success && (
        <div>
          <dt>States success</dt>
          <dd>{success.map(([split, value]) => `${split} ${value?.toFixed(3) ?? 'not measured'}`).join(', ')}</dd>
        </div>
      )}
      <div>
        <dt>Hash</dt>
        <dd class="hash">{hash}</dd>
      </div>
    </dl>
  );
}

/** The paths, with the files of one checkpoint as one entry. */
const folded = (paths: readonly string[]): string[] => [
  ...new Set(paths.map((path) => shownText(/^checkpoints\/[^/]+/.exec(path)?.[0] ?? path))),
];

function Difference({ first }: { readonly first: NonNullable<PlainVerdict['first']> }) {
  if ('file' in first) return <p>{first.message}.</p>;
  const place = typeof first.at === 'number' ? `at the checkpoint of iteration ${first.at}` : `in the ${first.at}`;
  return (
    <>
      <p>The first difference is {place}.</p>
      <DifferenceTable difference={first} />
    </>
  );
}

function Verdict({ verdict, claim }: { readonly verdict: PlainVerdict; readonly claim: Claim }) {
  const { equal, first, checked, notChecked } = verdict;
  return (
    <div class={equal ? 'verdict equal' : 'verdict different'} role="status">
      <p class="word">
        <b>{equal ? '✓ Equal' : '✗ Different'}</b>
      </p>
      {first ? (
        <>
          <Difference first={first} />
          <p>Do not use the numbers of this {claim.kind}. Its files differ from the replay or from each other.</p>
        </>
      ) : (
        <p>
          This browser trained the run again. Parameters, state and metrics of all {claim.checkpoints} checkpoints and
          the outcome have the same bits.
        </p>
      )}
      <p class="quiet">
        Compared: {checked.length > 0 ? folded(checked).join(', ') : 'nothing before the difference'}.
        {notChecked.length > 0 &&
          ` Not compared, as the result does not depend on it: ${notChecked.map(([path]) => shownText(path)).join(', ')}.`}
      </p>
    </div>
  );
}

function Actions({ item, claim }: { readonly item: Item; readonly claim: Claim }) {
  const { id, state, source } = item;
  const again = state === 'done' || state === 'stopped' ? 'Replay it again' : 'Replay it';
  return (
    <div class="controls">
      {state === 'waiting' ? (
        <>
          <span class="count" role="status">
            waits for the replay before it
          </span>
          <button type="button" class="act" onClick={() => stop(id)}>
            Do not replay it
          </button>
        </>
      ) : (
        <>
          <button type="button" class={state === 'ready' ? 'act main' : 'act'} onClick={() => check([id])}>
            {again} (about {durationWords(claim.seconds)})
          </button>
          <button type="button" class="act" aria-label={`Remove ${source.name}`} onClick={() => remove(id)}>
            Remove
          </button>
        </>
      )}
    </div>
  );
}

export function ItemView({ item }: { readonly item: Item }) {
  const { id, source, claim, problem, state, running, verdict, link } = item;
  const name = shownText(source.name);
  return (
    <li class="panel" data-state={state}>
      <h2>{name}</h2>
      {state === 'reading' && (
        <p>
          Reading.{' '}
          <button type="button" class="act" onClick={() => stop(id)}>
            Stop
          </button>
        </p>
      )}
      {claim && <Statement claim={claim} />}
      {problem !== null && (
        <div class="problem" role="alert">
          <p>
            {name}: {problem}.
          </p>
        </div>
      )}
      {claim && state === 'ready' && claim.seconds > longSeconds && (
        <p class="quiet">
          This takes long: keep the page visible, or use the command, which is faster: <code>unbraid verify</code>.
        </p>
      )}
      {claim && running ? <Progress item={item} running={running} claim={claim} /> : null}
      {claim && verdict && <Verdict verdict={verdict} claim={claim} />}
      {claim && state !== 'running' && <Actions item={item} claim={claim} />}
      {state === 'refused' && (
        <div class="controls">
          <button type="button" class="act" aria-label={`Remove ${name}`} onClick={() => remove(id)}>
            Remove
          </button>
        </div>
      )}
      {link !== null && (
        <p class="quiet">
          <a href={link}>A link that carries this receipt</a>: anyone who opens it can replay it. The receipt is in the
          part of the address that browsers send to no server.
        </p>
      )}
    </li>
  );
}
