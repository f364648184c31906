/** Reads what a visitor dropped: a receipt, or a run as a zip. Files of strangers are bounded before they are unpacked. */
import { unzipSync } from 'fflate';

/** Bounds of one dropped file. A run of the largest network with its checkpoints is below them. */
export const limits = {
  /** Bytes as dropped, and after unpacking. */
  packed: 64 * 2 ** 20,
  unpacked: 256 * 2 ** 20,
  /** Number of files in a zip. */
  files: 400,
  /** Unpacked size over packed size of one file. */
  ratio: 200,
} as const;

export type Subject =
  | { readonly kind: 'receipt'; readonly text: string }
  /** Paths from the run's folder. */
  | { readonly kind: 'run'; readonly files: ReadonlyMap<string, Uint8Array> };

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MB`;

function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
}

/** The files of a zip below the folder that holds its config.json. */
function runOf(zip: Uint8Array): ReadonlyMap<string, Uint8Array> {
  let count = 0;
  let total = 0;
  const unpacked = unzipSync(zip, {
    filter({ name, size, originalSize }) {
      if (name.endsWith('/')) return false;
      count++;
      total += originalSize;
      if (count > limits.files) throw new Error(`it holds more than ${limits.files} files; zip one run alone`);
      if (total > limits.unpacked) {
        throw new Error(`it unpacks to more than ${megabytes(limits.unpacked)}; keep fewer checkpoints`);
      }
      if (originalSize > 1000 && originalSize > limits.ratio * size) {
        throw new Error(`a file in it unpacks to more than ${limits.ratio} times its size; zip the run again`);
      }
      return true;
    },
  });
  const paths = Object.keys(unpacked);
  const config = paths.filter((path) => path === 'config.json' || path.endsWith('/config.json'));
  if (config.length !== 1) {
    throw new Error(`it must hold one run with its config.json, got ${config.length}; zip the folder of one run`);
  }
  const folder = config[0].slice(0, -'config.json'.length);
  return new Map(
    paths.filter((path) => path.startsWith(folder)).map((path) => [path.slice(folder.length), unpacked[path]]),
  );
}

/**
 * What a dropped file holds.
 *
 * @throws Error in words that follow the file's name
 */
export function subjectOf(bytes: Uint8Array): Subject {
  if (bytes.length > limits.packed) {
    throw new Error(`it is larger than ${megabytes(limits.packed)}; drop a receipt, which is enough to check a run`);
  }
  if (isZip(bytes)) return { kind: 'run', files: runOf(bytes) };
  const text = new TextDecoder().decode(bytes);
  if (!text.trimStart().startsWith('{')) throw new Error('it is neither a receipt (receipt.json) nor a zip of a run');
  return { kind: 'receipt', text };
}
