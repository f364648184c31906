/** Principal components: points of many dimensions in two. */

/** Steps of the power iteration; the first two components of embeddings are well separated. */
const iterations = 60;

interface Plane {
  /** f32[n, 2] */
  readonly points: Float32Array;
  /** f64[2, width]: the two directions. */
  readonly axes: Float64Array;
}

function normalise(v: Float64Array): void {
  let square = 0;
  for (const x of v) square += x * x;
  const length = Math.sqrt(square);
  if (length > 0) for (let i = 0; i < v.length; i++) v[i] /= length;
}

/**
 * The first two principal components of n points, f64[n, width]. The directions are turned as those of the picture
 * before, so that points move instead of jumping to the other side.
 */
export function alignedPlane(values: Float64Array, n: number, before: Float64Array | null): Plane {
  const width = n > 0 ? values.length / n : 0;
  const centred = values.slice();
  for (let c = 0; c < width; c++) {
    let mean = 0;
    for (let i = 0; i < n; i++) mean += values[i * width + c];
    for (let i = 0; i < n; i++) centred[i * width + c] -= mean / n;
  }
  const axes = new Float64Array(2 * width);
  for (let axis = 0; axis < 2; axis++) {
    const v = axes.subarray(axis * width, (axis + 1) * width);
    v.set(
      before?.length === axes.length
        ? before.subarray(axis * width, (axis + 1) * width)
        : v.map((_, c) => 1 + (c % (axis + 2))),
    );
    for (let k = 0; k < iterations; k++) {
      const next = new Float64Array(width);
      for (let i = 0; i < n; i++) {
        let dot = 0;
        for (let c = 0; c < width; c++) dot += centred[i * width + c] * v[c];
        for (let c = 0; c < width; c++) next[c] += dot * centred[i * width + c];
      }
      if (axis === 1) {
        let along = 0;
        for (let c = 0; c < width; c++) along += next[c] * axes[c];
        for (let c = 0; c < width; c++) next[c] -= along * axes[c];
      }
      normalise(next);
      v.set(next);
    }
    if (before?.length === axes.length) {
      let same = 0;
      for (let c = 0; c < width; c++) same += v[c] * before[axis * width + c];
      if (same < 0) for (let c = 0; c < width; c++) v[c] = -v[c];
    }
  }
  const points = new Float32Array(2 * n);
  for (let i = 0; i < n; i++) {
    for (let axis = 0; axis < 2; axis++) {
      let dot = 0;
      for (let c = 0; c < width; c++) dot += centred[i * width + c] * axes[axis * width + c];
      points[2 * i + axis] = dot;
    }
  }
  return { points, axes };
}
