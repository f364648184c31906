/** An episode of the latest policy, step by step in words. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { game, split } from './labState.ts';
import type { Watcher } from './watcher.ts';

/** Actions that are listed for a step. */
const listed = 6;

const splitWords = [
  ['out-of-domain', 'new combinations'],
  ['in-domain', 'new layouts'],
  ['train', 'training games'],
] as const;

export function AgentView({ watcher }: { readonly watcher: Watcher }) {
  const at = useSignal(0);
  const played = watcher.episode.value;
  const steps = played?.steps ?? [];
  const now = Math.min(at.value, Math.max(0, steps.length - 1));
  const step = steps[now];
  const total = steps.reduce((sum, { reward }) => sum + reward, 0);
  const latest = watcher.views.value.at(-1)?.iteration;
  // The game follows the policy, so that its probabilities change while it learns.
  useEffect(() => {
    if (latest !== undefined) watcher.play(game.value, split.value);
  }, [latest, game.value, split.value]);
  return (
    <figure class="panel agent">
      <h3>The agent in words</h3>
      <div class="controls">
        <label class="field">
          <span class="quiet">Game of</span>
          <select
            value={split.value}
            onChange={(event) => {
              split.value = event.currentTarget.value as 'train';
            }}
          >
            {splitWords.map(([name, words]) => (
              <option key={name} value={name}>
                {words}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          <span class="quiet">Number</span>
          <input
            type="number"
            min={1}
            max={9999}
            value={game.value}
            onChange={(event) => {
              const value = event.currentTarget.valueAsNumber;
              if (Number.isInteger(value) && value >= 1 && value <= 9999) game.value = value;
            }}
          />
        </label>
      </div>
      {step ? (
        <>
          <div class="steps">
            <button
              type="button"
              class="act"
              aria-label="Step before"
              disabled={now === 0}
              onClick={() => {
                at.value = now - 1;
              }}
            >
              ←
            </button>
            <label class="field">
              <span>
                Step {now + 1} of {steps.length}
              </span>
              <input
                type="range"
                min={0}
                max={steps.length - 1}
                value={now}
                onInput={(event) => {
                  at.value = event.currentTarget.valueAsNumber;
                }}
              />
            </label>
            <button
              type="button"
              class="act"
              aria-label="Step after"
              disabled={now === steps.length - 1}
              onClick={() => {
                at.value = now + 1;
              }}
            >
              →
            </button>
          </div>
          <p aria-live="polite">{step.observation}</p>
          <ol class="bars">
            {step.actions.slice(0, listed).map(({ text, probability, taken, right }) => (
              <li key={text} data-right={right ? '' : undefined}>
                <span class="word">
                  {taken ? <b>{text}</b> : text}
                  {right && <em>expert</em>}
                  {taken && <em>taken</em>}
                </span>
                <span class="value">{probability.toFixed(2)}</span>
                <span class="track">
                  <span class={right ? 'fill right' : 'fill'} style={{ width: `${100 * probability}%` }} />
                </span>
              </li>
            ))}
          </ol>
          <figcaption>
            Policy after iteration {played?.iteration}, with its likeliest actions. Return of the episode:{' '}
            {total.toFixed(2)}.
            {step.actions.length > listed && ` ${step.actions.length - listed} less likely actions are not listed.`}
          </figcaption>
        </>
      ) : (
        <p class="quiet">The first policy plays as soon as it is there.</p>
      )}
    </figure>
  );
}
