/** A choice of one among few, as a row of radio buttons. */
import type { ComponentChildren } from 'preact';

interface ChoicesProps<T extends string> {
  readonly legend: string;
  readonly name: string;
  readonly options: readonly (readonly [value: T, words: ComponentChildren])[];
  readonly value: T;
  readonly choose: (value: T) => void;
  readonly hint?: string;
}

export function Choices<T extends string>({ legend, name, options, value, choose, hint }: ChoicesProps<T>) {
  return (
    <fieldset class="field">
      <legend>{legend}</legend>
      <div class="choices">
        {options.map(([option, words]) => (
          <label key={option}>
            <input type="radio" name={name} checked={option === value} onChange={() => choose(option)} />
            {words}
          </label>
        ))}
      </div>
      {hint !== undefined && <span class="hint">{hint}</span>}
    </fieldset>
  );
}
