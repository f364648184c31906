/** Copies a text, and says whether the browser did. */
import { useSignal } from '@preact/signals';

interface CopyButtonProps {
  readonly label: string;
  readonly textOf: () => string;
}

/** @throws Error where a page without a secure context has no clipboard, or the browser refuses */
async function copy(text: string): Promise<void> {
  await navigator.clipboard.writeText(text);
}

export function CopyButton({ label, textOf }: CopyButtonProps) {
  const outcome = useSignal('');
  return (
    <>
      <button
        type="button"
        class="act"
        onClick={() => {
          copy(textOf()).then(
            () => {
              outcome.value = 'Copied.';
            },
            () => {
              outcome.value = 'The browser refused: select the text and copy it.';
            },
          );
        }}
      >
        {label}
      </button>{' '}
      <span role="status" class="quiet">
        {outcome.value}
      </span>
    </>
  );
}
