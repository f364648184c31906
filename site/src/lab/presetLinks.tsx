/** Named links to settings, and the link to the present ones. */
import { CopyButton } from './copyButton.tsx';
import { presets } from './presets.ts';

export function PresetLinks() {
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
        <CopyButton label="Copy a link to these settings" textOf={() => location.href} />
      </p>
    </details>
  );
}
