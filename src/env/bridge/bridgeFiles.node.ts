/** The bridge scripts that this package contains. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { environmentTable, type NameForm } from '../names.ts';

/** The path of a script in `bridges/`; null if this package does not contain it. */
export function bridgePath(script: string): string | null {
  const path = fileURLToPath(new URL(`../../../bridges/${script}`, import.meta.url));
  return existsSync(path) ? path : null;
}

/** The forms of names that this package can open: those whose bridge script it contains. */
export function availableForms(): readonly NameForm[] {
  return environmentTable.filter(({ script }) => script === undefined || bridgePath(script) !== null);
}
