/** The probabilities of a state's actions as bars. */
import { actionLetters } from '../plane/actions.ts';

interface BarsProps {
  /** pi(a | s) of each action. */
  readonly values: ArrayLike<number>;
  readonly names: readonly string[];
  readonly right: number;
  /** The action that another state's update makes likelier though it is wrong here; null: none is marked. */
  readonly watched: number | null;
}

export function Bars({ values, names, right, watched }: BarsProps) {
  return (
    <ul class="bars">
      {names.map((name, a) => {
        const p = values[a] ?? 0;
        return (
          <li key={name} data-right={a === right || undefined} data-watched={a === watched || undefined}>
            <span class="word">
              <b class="letter" style={{ background: `var(--action-${a})` }}>
                {actionLetters[a]}
              </b>{' '}
              {name}
              {a === right && <em> right</em>}
              {a === watched && <em> wrong here</em>}
            </span>
            <span class="track">
              <span class="fill" style={{ width: `${100 * p}%`, background: `var(--action-${a})` }} />
            </span>
            <span class="value">{p.toFixed(2)}</span>
          </li>
        );
      })}
    </ul>
  );
}
