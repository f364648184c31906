/** A button that copies the link of the drawing with all settings. */
import { useSignal } from '@preact/signals';

export function ShareLink() {
  const answer = useSignal('');
  return (
    <>
      <button
        type="button"
        class="act"
        onClick={() => {
          const refused = 'The browser did not allow it; copy the address of this page instead.';
          // Without a secure context there is no clipboard.
          const copied = navigator.clipboard?.writeText(location.href) ?? Promise.reject(new Error(refused));
          copied.then(
            () => {
              answer.value = 'Copied. The link opens this drawing with these settings.';
            },
            () => {
              answer.value = refused;
            },
          );
        }}
      >
        Copy the link
      </button>
      <span class="count" role="status">
        {answer.value}
      </span>
    </>
  );
}
