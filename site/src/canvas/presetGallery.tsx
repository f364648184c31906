/** The examples as small pictures. */
import { type PlaneState, presets } from '../plane/scene.ts';
import { statesToText } from '../plane/sceneText.ts';
import type { Editor } from './editor.ts';

function Thumbnail({ states }: { readonly states: readonly PlaneState[] }) {
  // Small drawings are enlarged, so that their states can be seen.
  const half = Math.max(0.4, ...states.map(({ x, y }) => Math.max(Math.abs(x), Math.abs(y)) + 0.16));
  return (
    <svg viewBox={`${-half} ${-half} ${2 * half} ${2 * half}`} aria-hidden="true">
      {states.map((s) => {
        const colour = `var(--action-${s.right})`;
        const style = s.trained ? { fill: colour } : { fill: 'none', stroke: colour, strokeWidth: 0.05 };
        const radius = 0.07 + 0.08 * Math.sqrt(s.frequency);
        return <circle key={`${s.x} ${s.y}`} cx={s.x} cy={-s.y} r={s.trained ? radius : 0.1} style={style} />;
      })}
    </svg>
  );
}

export function PresetGallery({ editor }: { readonly editor: Editor }) {
  const text = statesToText(editor.player.scene.value.states);
  const chosen = presets.find(({ scene }) => statesToText(scene.states) === text);
  return (
    <>
      <fieldset class="gallery" aria-label="Examples">
        {presets.map((preset) => (
          <button
            key={preset.name}
            type="button"
            aria-pressed={preset === chosen}
            onClick={() => {
              editor.selected.value = null;
              editor.use({ states: preset.scene.states });
            }}
          >
            <Thumbnail states={preset.scene.states} />
            {preset.name}
          </button>
        ))}
      </fieldset>
      <p class="look" role="status">
        {chosen ? chosen.meaning : 'Your own drawing. Copy the link to share it.'}
      </p>
    </>
  );
}
