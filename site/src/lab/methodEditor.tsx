/** Composes the method of a run, and its label source where it uses labels. */
import { Choices } from '../shell/choices.tsx';
import { additions, bases, composedOf, methodOf, surgeries, takesLabels, withTerm } from './method.ts';
import { type LabelName, labelSources, type Settings } from './settings.ts';

type Chosen = Pick<Settings, 'method' | 'labels'>;

interface MethodEditorProps {
  readonly legend: string;
  /** Tells the radio buttons of two editors apart. */
  readonly name: string;
  readonly value: Chosen;
  readonly choose: (value: Chosen) => void;
}

export function MethodEditor({ legend, name, value, choose }: MethodEditorProps) {
  const { method, labels } = value;
  const composed = composedOf(method);
  const compose = (next: string): void => choose({ ...value, method: next });
  const meanings = additions.filter(([term]) => composed.added.includes(term));
  return (
    <fieldset class="panel method">
      <legend>{legend}</legend>
      <div class="controls">
        <Choices
          legend="Base"
          name={`${name}-base`}
          options={bases}
          value={composed.base}
          choose={(base) => compose(methodOf({ ...composed, base }))}
        />
        <Choices
          legend="Gradient surgery"
          name={`${name}-surgery`}
          options={surgeries}
          value={composed.surgery}
          choose={(surgery) => compose(methodOf({ ...composed, surgery }))}
        />
      </div>
      <fieldset class="field">
        <legend>Added terms</legend>
        <div class="terms">
          {additions.map(([term, words]) => (
            <label key={term}>
              <input
                type="checkbox"
                checked={composed.added.includes(term)}
                onChange={(event) => compose(withTerm(method, term, event.currentTarget.checked))}
              />
              {words}
            </label>
          ))}
        </div>
      </fieldset>
      {meanings.length > 0 && (
        <p class="quiet">
          {meanings.map(([term, words, meaning]) => (
            <span key={term} class="meaning">
              {words}: {meaning}.{' '}
            </span>
          ))}
        </p>
      )}
      {takesLabels(method) && (
        <label class="field">
          <span>Labels of good and bad actions</span>
          <select
            value={labels}
            onChange={(event) => choose({ ...value, labels: event.currentTarget.value as LabelName })}
          >
            {labelSources.map(([source, words]) => (
              <option key={source} value={source}>
                {words}
              </option>
            ))}
          </select>
        </label>
      )}
    </fieldset>
  );
}
