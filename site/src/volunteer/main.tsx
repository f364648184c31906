/** Volunteer: run jobs of somebody's study in this browser. */
import { signal } from '@preact/signals';
import { showPage } from '../shell/shell.tsx';
import { fromAddress, toAddress } from '../shell/urlState.ts';
import './volunteer.css';
import { counted, current, log, problem, start, state, stop, waiting } from './work.ts';

const cores = Math.max(1, navigator.hardwareConcurrency || 1);
const gateway = signal(fromAddress('gateway') ?? '');
// A token is a secret, so it is never part of the address.
const token = signal('');
const threads = signal(Math.max(1, Math.floor(cores / 2)));

/** Why the address cannot be used; null if it can. */
function flaw(text: string): string | null {
  if (text === '') return null;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) return 'An address starts with https://.';
  if (url.protocol === 'http:' && !/^(127\.0\.0\.1|localhost)$/.test(url.hostname)) {
    return 'An address without TLS works only on this machine, at http://127.0.0.1 or http://localhost.';
  }
  return null;
}

function Form() {
  const running = state.value !== 'idle';
  const wrong = flaw(gateway.value);
  return (
    <form
      class="volunteering"
      onSubmit={(event) => {
        event.preventDefault();
        if (!running && gateway.value !== '' && wrong === null) void start(gateway.value, token.value, threads.value);
      }}
    >
      <label class="field">
        <span>Address of the gateway</span>
        <input
          type="url"
          required
          placeholder="https://"
          value={gateway.value}
          disabled={running}
          aria-describedby="gateway-hint"
          onInput={(event) => {
            gateway.value = event.currentTarget.value.trim();
            toAddress('gateway', gateway.value || null);
          }}
        />
        <span class="hint" id="gateway-hint">
          {wrong ?? 'The person who runs the study gives you this address.'}
        </span>
      </label>
      <label class="field">
        <span>Token, if the gateway needs one</span>
        <input
          type="password"
          autocomplete="off"
          value={token.value}
          disabled={running}
          onInput={(event) => {
            token.value = event.currentTarget.value.trim();
          }}
        />
        <span class="hint">It is not saved, and not part of the address of this page.</span>
      </label>
      <label class="field">
        <span>Jobs at the same time</span>
        <input
          type="number"
          min={1}
          max={cores}
          value={threads.value}
          disabled={running}
          onChange={(event) => {
            const next = event.currentTarget.valueAsNumber;
            if (Number.isInteger(next) && next >= 1 && next <= cores) threads.value = next;
            else event.currentTarget.value = `${threads.value}`;
          }}
        />
        <span class="hint">
          This browser reports {cores === 1 ? 'one processor core' : `${cores} processor cores`}.
        </span>
      </label>
      <div class="controls">
        {running ? (
          <button type="button" class="act" disabled={state.value === 'stopping'} onClick={stop}>
            {state.value === 'stopping' ? 'Stopping' : 'Stop'}
          </button>
        ) : (
          <button type="submit" class="act main" disabled={gateway.value === '' || wrong !== null}>
            Start
          </button>
        )}
      </div>
    </form>
  );
}

function Progress() {
  const jobs = [...current.value];
  const idle = state.value === 'idle';
  return (
    <section class="panel" aria-labelledby="work">
      <h2 id="work">Work of this page</h2>
      <p role="status" class="done">
        <b>{counted.value}</b> {counted.value === 1 ? 'result' : 'results'} counted by the gateway
      </p>
      {jobs.length > 0 ? (
        <ul class="jobs">
          {jobs.map(([id, text]) => (
            <li key={id}>
              Running: {text} <span class="quiet">({id.slice(0, 12)})</span>
            </li>
          ))}
        </ul>
      ) : (
        <p class="quiet">{idle ? 'No job runs. Nothing is sent before you press Start.' : waiting.value}</p>
      )}
      {log.value.length > 0 && (
        <ol class="log">
          {log.value.map((line, i) => (
            <li key={log.value.length - i}>{line}</li>
          ))}
        </ol>
      )}
    </section>
  );
}

function Volunteer() {
  return (
    <>
      <div class="prose">
        <h1>Run jobs for somebody’s study</h1>
        <p class="lead">
          A study trains many small networks. Each training is a job of its own. This page takes jobs from a gateway,
          computes them in your browser, and sends the results back.
        </p>
      </div>
      {problem.value !== null && (
        <div class="problem" role="alert">
          <p>The work has ended: {problem.value}</p>
        </div>
      )}
      <div class="grid work">
        <Form />
        <Progress />
      </div>
      <section class="prose">
        <h2>What this page does, and what it costs</h2>
        <ul class="facts">
          <li>
            <b>Power.</b> Each job uses one processor core fully. A laptop becomes warm and its battery empties faster.
            Choose fewer jobs, or press Stop, at any time.
          </li>
          <li>
            <b>What is sent.</b> After Start, the page asks the gateway for jobs and sends their results. The gateway
            sees your network address, as every web server does, and the token. Nothing else on your device is read.
          </li>
          <li>
            <b>What can run.</b> A job is a list of settings, and no code. This page checks it, and computes it with the
            code of this site, in a worker that contacts no other host.
          </li>
          <li>
            <b>What a result is worth.</b> Every browser computes the same bits. A result counts when two participants
            sent equal bits, and one of them is trusted or was checked by the gateway. So your result alone is not
            enough, and nobody has to trust your device.
          </li>
          <li>
            <b>Stop.</b> Jobs that run are given back, and others compute them. If you close the page, the gateway waits
            until their time is over.
          </li>
        </ul>
        <p class="quiet">
          To serve jobs of a study of your own, read <a href="../docs/fleet-volunteers.html">volunteers</a> in the
          documentation.
        </p>
      </section>
    </>
  );
}

showPage('Volunteer', <Volunteer />);
