/** Step, play, pause and restart of a player, with its problem where there is one. */
import { lastUpdate, type Player } from './player.ts';

export function PlayerControls({ player }: { readonly player: Player }) {
  const { playing, history, problem, scene } = player;
  const updates = Math.max(0, history.value.length - 1);
  const ended = updates >= lastUpdate;
  return (
    <>
      <div class="controls">
        <button type="button" class="act" disabled={ended} onClick={() => player.step(1)}>
          Step
        </button>
        <button
          type="button"
          class="act main"
          disabled={ended}
          onClick={() => (playing.value ? player.pause() : player.play())}
        >
          {playing.value ? 'Pause' : 'Play'}
        </button>
        <button type="button" class="act" onClick={() => player.restart(scene.value)}>
          Restart
        </button>
        <span class="count" role="status">
          {updates} {updates === 1 ? 'update' : 'updates'}
          {ended && ' (end)'}
        </span>
      </div>
      {problem.value !== null && (
        <div class="problem" role="alert">
          <p>{problem.value}</p>
        </div>
      )}
    </>
  );
}
