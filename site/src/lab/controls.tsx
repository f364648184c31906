/** Start, pause, step and speed of the runs, with the time that they take. */

import { durationWords } from '../session/durations.ts';
import { Choices } from '../shell/choices.tsx';
import { plan, speed } from './labState.ts';
import type { Session } from './session.ts';

const speedWords = [
  ['0', 'full'],
  ['4', '4 a second'],
  ['1', '1 a second'],
] as const;

interface ControlsProps {
  readonly sessions: readonly Session[];
  readonly start: () => void;
}

export function Controls({ sessions, start }: ControlsProps) {
  const isRunning = sessions.some(({ state }) => state.value === 'running');
  const canRun = sessions.some(({ state }) => state.value === 'paused');
  const current = plan.value;
  return (
    <div class="transport">
      <div class="controls">
        <button type="button" class="act main" disabled={'flaw' in current} onClick={start}>
          {sessions.length === 0 ? 'Start' : 'Start again'}
        </button>
        {sessions.length > 0 && (
          <>
            <button
              type="button"
              class="act"
              disabled={!isRunning && !canRun}
              onClick={() => {
                for (const session of sessions) isRunning ? session.pause() : session.run(false);
              }}
            >
              {isRunning ? 'Pause' : 'Play'}
            </button>
            <button
              type="button"
              class="act"
              disabled={isRunning || !canRun}
              onClick={() => {
                for (const session of sessions) session.run(true);
              }}
            >
              Step
            </button>
          </>
        )}
        <Choices
          legend="Iterations a second"
          name="speed"
          options={speedWords}
          value={`${speed.value}` as '0'}
          choose={(value) => {
            speed.value = Number(value) as 0 | 1 | 4;
          }}
        />
        {'seconds' in current && <span class="count">takes about {durationWords(current.seconds)} at full speed</span>}
      </div>
      {sessions.length > 0 && isRunning && (
        <p class="quiet hint">
          In a hidden tab, the training goes on and nothing is drawn. The tab's title says how far it is.
        </p>
      )}
      {'flaw' in current && (
        <div class="problem" role="alert">
          <p>These settings do not go together: {current.flaw}.</p>
        </div>
      )}
    </div>
  );
}
