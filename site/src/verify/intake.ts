/** Reads the files of a visitor: a receipt, or a run as a zip or as a folder. Files of strangers are bounded first. */
import { unzipSync } from 'fflate';

/** Bounds of one dropped item. A run of the largest network with its checkpoints is below them. */
export const limits = {
  /** Bytes of a receipt. Those of a run with 2,000 checkpoints are below a megabyte. */
  receipt: 8 * 2 ** 20,
  /** Bytes of a zip, and bytes of its files or of a folder. */
  packed: 64 * 2 ** 20,
  unpacked: 256 * 2 ** 20,
  /** Number of files of a run. */
  files: 400,
  /** Unpacked size over packed size of one file. */
  ratio: 200,
  /** Folders above a file, and characters of its path. */
  depth: 8,
  path: 300,
} as const;

export type Subject =
  | { readonly kind: 'receipt'; readonly text: string }
  /** Paths from the run's folder. */
  | { readonly kind: 'run'; readonly files: ReadonlyMap<string, Uint8Array> };

export const megabytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MB`;

function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
}

/** Checks each file of a run before its bytes are read. */
function createGate(): (path: string, bytes: number) => void {
  const seen = new Set<string>();
  let total = 0;
  return (path, bytes) => {
    const parts = path.split('/');
    if (path.length > limits.path || parts.length > limits.depth + 1) {
      throw new Error(
        `a path in it is longer than ${limits.path} characters or ${limits.depth} folders; use the folder of one run`,
      );
    }
    // Nothing is written to a disk, so no path can leave a folder. Such a path is still no path of a run.
    if (
      parts.some((part) => part === '' || part === '.' || part === '..' || part === '__proto__') ||
      path.includes('\\')
    ) {
      throw new Error('a path in it leaves its folder or names no file; no run has such a path; do not use it');
    }
    if (seen.has(path)) throw new Error('two files in it have the same path, so that readers differ; do not use it');
    seen.add(path);
    total += bytes;
    if (seen.size > limits.files)
      throw new Error(`it holds more than ${limits.files} files; use the folder of one run`);
    if (total > limits.unpacked) {
      throw new Error(
        `its files have more than ${megabytes(limits.unpacked)}; use receipt.json alone, which is enough to replay a run`,
      );
    }
  };
}

function unzip(zip: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const gate = createGate();
  let refusal: Error | null = null;
  try {
    const unpacked = unzipSync(zip, {
      filter({ name, size, originalSize }) {
        if (name.endsWith('/')) return false;
        try {
          gate(name, originalSize);
          if (originalSize > 1000 && originalSize > limits.ratio * size) {
            throw new Error(`a file in it unpacks to more than ${limits.ratio} times its size; zip the run again`);
          }
        } catch (error) {
          refusal = error as Error;
          throw error;
        }
        return true;
      },
    });
    return new Map(Object.entries(unpacked));
  } catch (error) {
    throw refusal ?? new Error(`it is no readable zip (${(error as Error).message}); zip the run again`);
  }
}

/** The files of a run below the folder that holds its config.json. */
function runOf(files: ReadonlyMap<string, Uint8Array>): ReadonlyMap<string, Uint8Array> {
  const paths = [...files.keys()];
  const found = paths.filter((path) => path === 'config.json' || path.endsWith('/config.json'));
  if (found.length === 0)
    throw new Error('it holds no config.json, so it is no run; use the folder that unbraid train wrote');
  if (found.length > 1)
    throw new Error(`it holds ${found.length} runs; unpack it and drop the folder, which may hold several`);
  const folder = found[0].slice(0, -'config.json'.length);
  return new Map(
    [...files].filter(([path]) => path.startsWith(folder)).map(([path, bytes]) => [path.slice(folder.length), bytes]),
  );
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Error('it is neither a zip nor text in UTF-8; use a receipt (receipt.json), or a run as a folder or zip');
  }
}

/**
 * What one file holds.
 *
 * @throws Error in words that follow the file's name
 */
export function subjectOfFile(bytes: Uint8Array): Subject {
  if (isZip(bytes)) {
    if (bytes.length > limits.packed) {
      throw new Error(
        `it is larger than ${megabytes(limits.packed)}; use receipt.json alone, which is enough to replay a run`,
      );
    }
    return { kind: 'run', files: runOf(unzip(bytes)) };
  }
  if (bytes.length > limits.receipt) throw new Error(`it is larger than ${megabytes(limits.receipt)}; no receipt is`);
  const text = textOf(bytes);
  if (!text.startsWith('{')) {
    throw new Error(
      'it is neither a receipt (receipt.json) nor a zip of a run; use one of them, or the folder of a run',
    );
  }
  return { kind: 'receipt', text };
}

/**
 * A run from the files of a folder. Sizes are checked before the bytes are read.
 *
 * @param files paths from the run's folder
 * @throws Error in words that follow the folder's name
 */
export async function subjectOfFolder(files: readonly (readonly [path: string, file: Blob])[]): Promise<Subject> {
  const gate = createGate();
  for (const [path, { size }] of files) gate(path, size);
  const read = new Map<string, Uint8Array>();
  for (const [path, file] of files) read.set(path, new Uint8Array(await file.arrayBuffer()));
  return { kind: 'run', files: runOf(read) };
}
