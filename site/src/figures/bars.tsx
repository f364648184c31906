/** The probabilities of a state's actions as bars. */
import { actionLetters } from '../plane/actions.ts';

interface BarsProps {
  /** pi(a | s) of each action. */
  readonly values: ArrayLike<number>;
  readonly names: readonly string[];
  readonly right: number;
  /** The action that another state's update makes likelier though it is wrong here; null: none is marked. */
  readonly watched: number | null;
  /** pi(a | s) after the next update, shown as a mark on each bar; null: not known. */
  readonly next: ArrayLike<number> | null;
}

export function Bars({ values, names, right, watched, next }: BarsProps) {
  return (
    <ul class="bars">
      {names.map((name, a) => {
        const p = values[a] ?? 0;
        const after = next?.[a];
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
              {after !== undefined && <span class="next" style={{ left: `${100 * after}%` }} />}
            </span>
            <span class="value">{p.toFixed(2)}</span>
          </li>
        );
      })}
    </ul>
  );
}
