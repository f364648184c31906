/** Parts of a run that a user supplies: a function, or a module whose default export is that function. */

/** The parts of a run that a user may supply. */
export type PartName = 'environment' | 'policy' | 'labelSource';

/**
 * A function, or the absolute URL of a module whose default export is the function. With a URL every thread imports the
 * module by itself. `new URL('./my-part.js', import.meta.url)` is the URL of a file beside the calling module.
 */
export type Part<Make> = Make | URL | string;

/** The default export of the module at `href`, which must be a function. */
export async function importPart<Make>(name: PartName, href: string): Promise<Make> {
  let module: { readonly default?: unknown };
  try {
    // Bundlers must leave the import alone: the address is known when the program runs.
    module = await import(/* @vite-ignore */ /* webpackIgnore: true */ href);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`train: ${name} must be a module that can be imported, got ${reason}; check ${href}`, { cause });
  }
  if (typeof module.default === 'function') return module.default as Make;
  throw new TypeError(
    `train: ${name} must be a module whose default export is a function, got ${typeof module.default}; add "export default" to ${href}`,
  );
}
