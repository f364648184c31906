/** The settings of the next run. */
import { beside, change, changeBeside, mostThreads, settings, threadReason, threads } from './labState.ts';
import { MethodEditor } from './methodEditor.tsx';
import {
  bounds,
  demonstrationCounts,
  depths,
  environments,
  hasVectors,
  type Settings,
  standardDemonstrations,
  widths,
} from './settings.ts';

interface NumberFieldProps {
  readonly label: string;
  readonly value: number;
  readonly bounds: readonly [number, number];
  readonly choose: (value: number) => void;
}

function NumberField({ label, value, bounds: [least, most], choose }: NumberFieldProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <input
        type="number"
        min={least}
        max={most}
        value={value}
        onChange={(event) => {
          const next = event.currentTarget.valueAsNumber;
          if (Number.isInteger(next) && next >= least && next <= most) choose(next);
          else event.currentTarget.value = `${value}`;
        }}
      />
    </label>
  );
}

interface SelectFieldProps {
  readonly label: string;
  readonly value: number;
  readonly options: readonly number[];
  readonly choose: (value: number) => void;
}

function SelectField({ label, value, options, choose }: SelectFieldProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <select value={value} onChange={(event) => choose(Number(event.currentTarget.value))}>
        {options.map((option) => (
          <option key={option}>{option}</option>
        ))}
      </select>
    </label>
  );
}

export function SettingsForm() {
  const { env, hidden, blocks = 0, demonstrations = null, seed, iterations } = settings.value;
  const second = beside.value;
  return (
    <>
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
        <SelectField
          label="Hidden width"
          value={hidden}
          options={widths}
          choose={(value) => change({ hidden: value })}
        />
        {!hasVectors(env) && (
          <SelectField
            label="Attention blocks"
            value={blocks}
            options={depths}
            choose={(value) => change({ blocks: value })}
          />
        )}
        <SelectField
          label="Demonstrations"
          value={demonstrations ?? standardDemonstrations(env)}
          options={demonstrationCounts}
          choose={(value) => change({ demonstrations: value === standardDemonstrations(env) ? null : value })}
        />
        <NumberField label="Seed" value={seed} bounds={bounds.seed} choose={(value) => change({ seed: value })} />
        <NumberField
          label="Iterations"
          value={iterations}
          bounds={bounds.iterations}
          choose={(value) => change({ iterations: value })}
        />
        {mostThreads > 1 && (
          <SelectField
            label="Threads"
            value={threads.value}
            options={Array.from({ length: mostThreads }, (_, i) => i + 1)}
            choose={(value) => {
              threads.value = value;
            }}
          />
        )}
      </div>
      {threadReason !== null && <p class="quiet">{threadReason}</p>}
      <div class={second ? 'methods two' : 'methods'}>
        <MethodEditor
          legend={second ? 'First method' : 'Method'}
          name="first"
          value={settings.value}
          choose={({ method, labels }) => change({ method, labels })}
        />
        {second && (
          <MethodEditor
            legend="Second method, from the same seed"
            name="second"
            value={second}
            choose={({ method, labels }) => changeBeside({ method, labels })}
          />
        )}
      </div>
      <p>
        <button
          type="button"
          class="act"
          onClick={() => {
            const { method, labels } = settings.value;
            changeBeside(second ? null : { method: method === 'grpo' ? 'decouple' : 'grpo', labels });
          }}
        >
          {second ? 'Remove the second method' : 'Compare with a second method'}
        </button>
      </p>
    </>
  );
}
