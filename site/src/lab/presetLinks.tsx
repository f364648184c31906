/** Named links to settings, and the link to the present ones. */
import { useSignal } from '@preact/signals';
import { presets } from './presets.ts';

export function PresetLinks() {
  const copied = useSignal('');
  return (
    <details class="presets" open={location.search === ''}>
      <summary>Settings to start from</summary>
      <ul>
        {presets.map(({ name, watch, query }) => (
          <li key={name}>
            <a href={`?${query}`}>{name}</a>
            <span class="quiet">{watch}</span>
          </li>
        ))}
      </ul>
      <p>
        <button
          type="button"
          class="act"
          onClick={() => {
            navigator.clipboard.writeText(location.href).then(
              () => {
                copied.value = 'Copied.';
              },
              () => {
                copied.value = 'The browser refused; copy the address of the page.';
              },
            );
          }}
        >
          Copy a link to these settings
        </button>{' '}
        <span role="status">{copied.value}</span>
      </p>
    </details>
  );
}
