/** Loads a WebAssembly module from a file, or from a server with any content type. */

/** A compiled module, or the absolute URL of its bytes. */
export type ModuleSource = WebAssembly.Module | URL | string;

/** A module source that a message can carry; a URL object cannot be sent. */
export type SentModule = WebAssembly.Module | string;

export function sendable(source: ModuleSource | undefined): SentModule | undefined {
  return source instanceof URL ? source.href : source;
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Reads a file of the engine. @throws if it cannot be read */
export async function readBytes(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  // No static import of a module of Node: bundlers for browsers would try to resolve it.
  const fs = globalThis.process.getBuiltinModule('node:fs/promises');
  try {
    return new Uint8Array(await fs.readFile(url));
  } catch (cause) {
    throw new Error(
      `engineModule: ${url.href} must be a file that can be read, got ${reasonOf(cause)}; where a bundler moved the code, pass the module or its URL`,
      { cause },
    );
  }
}

async function readModule(url: URL): Promise<WebAssembly.Module> {
  return WebAssembly.compile(await readBytes(url));
}

async function fetchModule(url: URL): Promise<WebAssembly.Module> {
  const rule = `engineModule: ${url.href} must return a WebAssembly module`;
  let response: Response;
  try {
    response = await fetch(url);
  } catch (cause) {
    throw new Error(
      `${rule}, got no response: ${reasonOf(cause)}; check the address and the connection, and call again`,
      {
        cause,
      },
    );
  }
  const type = response.headers.get('content-type');
  const got = `HTTP status ${response.status} and content type ${type ?? 'none'}`;
  if (!response.ok) throw new Error(`${rule}, got ${got}; check that the server has the file, and call again`);
  try {
    // Streaming rejects any other content type, and one with parameters.
    if (type?.toLowerCase() === 'application/wasm') return await WebAssembly.compileStreaming(response);
    return await WebAssembly.compile(await response.arrayBuffer());
  } catch (cause) {
    throw new Error(
      `${rule}, got ${got}, and bytes that do not compile: ${reasonOf(cause)}; check what the server sends`,
      {
        cause,
      },
    );
  }
}

/** Checks the tag, because a page can have compiled the module in another frame. */
function isModule(source: unknown): source is WebAssembly.Module {
  return Object.prototype.toString.call(source) === '[object WebAssembly.Module]';
}

function urlFrom(source: URL | string): URL {
  try {
    return new URL(source);
  } catch (cause) {
    const got = typeof source === 'string' ? `"${source}"` : typeof source;
    throw new TypeError(
      `engineModule: module must be a compiled WebAssembly.Module or an absolute URL, got ${got}; convert a path with new URL(path, import.meta.url)`,
      { cause },
    );
  }
}

/** Loads in progress and completed loads, by URL. */
const loads = new Map<string, Promise<WebAssembly.Module>>();

/**
 * Returns the module itself, or the one at its URL. A URL is loaded once per thread, and calls during a load share it.
 * A failed load is removed, so that the next call tries again.
 *
 * @throws if the source is neither a module nor a URL, or cannot be loaded; the message has URL, HTTP status and
 *   content type
 */
export async function moduleFrom(source: ModuleSource): Promise<WebAssembly.Module> {
  if (isModule(source)) return source;
  const url = urlFrom(source);
  const known = loads.get(url.href);
  if (known !== undefined) return known;
  const load = url.protocol === 'file:' ? readModule(url) : fetchModule(url);
  loads.set(url.href, load);
  load.catch(() => loads.delete(url.href));
  return load;
}
