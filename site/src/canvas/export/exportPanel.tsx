/** The drawing as an environment of the full trainer: a file, the command that trains on it, and the same run here. */
import { signal, useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { LineChart } from '../../figures/lineChart.tsx';
import { durationWords } from '../../session/durations.ts';
import { ScrollRegion } from '../../shell/scrollRegion.tsx';
import { numberFromAddress, toAddress } from '../../shell/urlState.ts';
import type { Editor } from '../editor.ts';
import { commandOf, configOf, fileName } from './command.ts';
import { createFullTraining, type FullTraining } from './fullTraining.ts';

const mostIterations = 400;
const standardIterations = 40;
const iterations = signal(Math.floor(numberFromAddress('iterations', standardIterations, 1, mostIterations)));

function save(text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = fileName;
  link.click();
  URL.revokeObjectURL(address);
}

function Outcome({ training, command }: { readonly training: FullTraining; readonly command: string }) {
  const ended = training.ended.value;
  const successes = training.successes.value;
  if (successes.length === 0 && !ended) return null;
  return (
    <div class="outcome panel">
      <h3>Success of each iteration's 80 episodes</h3>
      <LineChart
        x={successes.map((_, i) => i + 1)}
        xLabel="iterations"
        lines={[{ label: 'sampled episodes', colour: '--accent', values: successes }]}
        height={170}
        range={[0, 1]}
        xMost={iterations.value}
        summary={`Success over ${successes.length} iterations; now ${successes.at(-1)?.toFixed(2) ?? 'unknown'}.`}
      />
      {ended && (
        <div role="status">
          <p>
            At the end: success {ended.run.trained.toFixed(2)} in trained states
            {ended.run.heldOut !== null && `, ${ended.run.heldOut.toFixed(2)} in held-out states`}. The command prints
            these parameters, too:
          </p>
          <p class="hash">
            parameters <code>{ended.run.parametersSha256}</code>
          </p>
          {ended.command !== command && <p class="quiet">This run has the settings before your last change.</p>}
        </div>
      )}
    </div>
  );
}

export function ExportPanel({ editor }: { readonly editor: Editor }) {
  const training = useMemo(createFullTraining, []);
  const seconds = useSignal<number | null>(null);
  const copied = useSignal('');
  const scene = editor.player.scene.value;
  const command = commandOf(scene, iterations.value);
  const { method } = configOf(scene, iterations.value);
  const running = training.running.value;
  // The run takes as long for every drawing.
  useEffect(() => {
    let isLatest = true;
    training.estimate(scene, iterations.value).then(
      (found) => {
        if (isLatest) seconds.value = found;
      },
      () => {},
    );
    return () => {
      isLatest = false;
    };
  }, [iterations.value, method]);
  return (
    <section aria-labelledby="export">
      <h2 id="export">Take the drawing to the full trainer</h2>
      <div class="prose">
        <p>
          The plane above is trained by plain gradient steps, which the Gram matrix can predict. The full trainer plays
          episodes, as in any environment: groups of eight actions, a network of its own, and the optimiser AdamW. Save
          your drawing as a module and train on it with the command, or train right here. Both reach the same
          parameters, bit for bit.
        </p>
        {scene.sharing === 'own' && (
          <p class="quiet">The trainer has one network for all states, so this run is coupled.</p>
        )}
      </div>
      <div class="controls">
        <label class="field">
          <span>Iterations</span>
          <input
            type="number"
            min={1}
            max={mostIterations}
            value={iterations.value}
            onChange={(event) => {
              const next = event.currentTarget.valueAsNumber;
              if (!Number.isInteger(next) || next < 1 || next > mostIterations) return;
              iterations.value = next;
              toAddress('iterations', next === standardIterations ? null : `${next}`);
            }}
          />
        </label>
        <button
          type="button"
          class="act"
          onClick={async () => {
            const text = await training.module(scene);
            if (text !== null) save(text);
          }}
        >
          Save {fileName}
        </button>
        {running ? (
          <button type="button" class="act" onClick={training.stop}>
            Stop
          </button>
        ) : (
          <button type="button" class="act main" onClick={() => void training.train(scene, iterations.value, command)}>
            Train it with the full trainer
          </button>
        )}
        <span class="count" role="status">
          {running
            ? `Iteration ${training.successes.value.length} of ${iterations.value}`
            : seconds.value !== null && `about ${durationWords(seconds.value)}`}
        </span>
      </div>
      <div class="command">
        <ScrollRegion label="Command">
          <pre>
            <code>{command}</code>
          </pre>
        </ScrollRegion>
      </div>
      <div class="controls">
        <button
          type="button"
          class="act"
          onClick={() => {
            const copying = navigator.clipboard?.writeText(command) ?? Promise.reject(new Error('no clipboard'));
            copying.then(
              () => {
                copied.value = 'Copied.';
              },
              () => {
                copied.value = 'The browser did not allow it; select the command instead.';
              },
            );
          }}
        >
          Copy the command
        </button>
        <span class="count" role="status">
          {copied.value}
        </span>
      </div>
      {training.problem.value !== null && (
        <div class="problem" role="alert">
          <p>{training.problem.value}</p>
        </div>
      )}
      <Outcome training={training} command={command} />
    </section>
  );
}
