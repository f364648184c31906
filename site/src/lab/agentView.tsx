/** An episode of a game that the policy was not trained on, step by step in words. */
import { useSignal } from '@preact/signals';
import type { Session } from './session.ts';

/** Actions that are listed for a step. */
const listed = 5;

export function AgentView({ session }: { readonly session: Session }) {
  const game = useSignal(1);
  const at = useSignal(0);
  const steps = session.episode.value;
  const step = steps?.[Math.min(at.value, steps.length - 1)];
  const total = steps?.reduce((sum, { reward }) => sum + reward, 0) ?? 0;
  return (
    <figure class="panel agent">
      <h3>The agent in words</h3>
      <div class="controls">
        <button
          type="button"
          class="act"
          disabled={session.view.value === null}
          onClick={() => {
            at.value = 0;
            session.play(game.value);
          }}
        >
          Play game {game.value}
        </button>
        <button
          type="button"
          class="act"
          onClick={() => {
            game.value++;
          }}
        >
          Next game
        </button>
      </div>
      {steps && step ? (
        <>
          <label class="field">
            <span>
              Step {Math.min(at.value, steps.length - 1) + 1} of {steps.length}, return {total.toFixed(2)}
            </span>
            <input
              type="range"
              min={0}
              max={steps.length - 1}
              value={at.value}
              onInput={(event) => {
                at.value = event.currentTarget.valueAsNumber;
              }}
            />
          </label>
          <p>{step.observation}</p>
          <ol class="likely">
            {step.actions
              .toSorted((a, b) => b.probability - a.probability)
              .slice(0, listed)
              .map(({ text, probability, taken }) => (
                <li key={text}>
                  {probability.toFixed(2)} {taken ? <b>{text}</b> : text}
                </li>
              ))}
          </ol>
        </>
      ) : (
        <p class="quiet">After the first iterations, the policy can play games with unseen combinations.</p>
      )}
    </figure>
  );
}
