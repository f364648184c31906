import type { OutputAsset, OutputChunk } from 'rolldown';

/**
 * The package whose folder in node_modules contains a module; rolldown for its own helpers; null for a module of
 * unbraid.
 */
export function packageOf(id: string): string | null {
  if (id.startsWith('\0rolldown/')) return 'rolldown';
  return /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(id)?.[1] ?? null;
}

/** Names of the packages from which a bundle contains code. */
export function packagesIn(output: readonly (OutputChunk | OutputAsset)[]): string[] {
  const names = output.flatMap((file) =>
    file.type === 'chunk'
      ? Object.entries(file.modules)
          .filter(([, { code }]) => code)
          .map(([id]) => packageOf(id))
      : [],
  );
  return [...new Set(names.filter((name) => name !== null))].sort();
}
