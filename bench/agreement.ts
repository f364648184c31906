/** Compares the results of a peer with those of the engine, before either is timed. */

type Values = Readonly<Record<string, Float32Array>>;

/** Largest difference of loss, gradients, products and log-probabilities, relative to the largest value. */
const VALUE_TOLERANCE = 1e-3;
/** Largest difference of parameters after three steps, relative to the distance that they moved (Euclidean norms). */
const MOVE_TOLERANCE = 2e-2;

function largest(values: Float32Array): number {
  return values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
}

function distance(a: Float32Array, b: Float32Array): number {
  return Math.sqrt(a.reduce((sum, x, i) => sum + (x - b[i]) ** 2, 0));
}

/** null if the results have the same bits, else a description of the first difference. */
export function bitDifference(ours: Values, theirs: Values): string | null {
  for (const [name, own] of Object.entries(ours)) {
    const bits = (values: Float32Array): Buffer => Buffer.from(values.buffer, values.byteOffset, values.byteLength);
    if (!(name in theirs)) return `${name} is missing`;
    if (bits(own).compare(bits(theirs[name])) !== 0) return `${name} has other bits`;
  }
  return null;
}

/**
 * null if the results agree, else a description of the first difference.
 *
 * @param start parameters before the steps, by name
 */
export function difference(ours: Values, theirs: Values, start: Values): string | null {
  for (const [name, own] of Object.entries(ours)) {
    const other = theirs[name];
    if (other === undefined) return `${name} is missing`;
    if (other.length !== own.length) return `${name} has ${other.length} values, ours ${own.length}`;
    const [kind, parameter] = name.split('/', 2);
    const moved = kind === 'parameters';
    const error = moved
      ? distance(own, other) / distance(own, start[parameter])
      : largest(own.map((x, i) => x - other[i])) / largest(own);
    if (!(error <= (moved ? MOVE_TOLERANCE : VALUE_TOLERANCE))) return `${name} differs by ${error.toExponential(1)}`;
  }
  return null;
}
