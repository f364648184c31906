/**
 * Shared code of the JavaScript peers: the arrays of a workload, and results with the names that bench/serve.ts sends.
 */

export const BETA1 = 0.9;
export const BETA2 = 0.999;
export const EPSILON = 1e-8;
export const TIMED_RATE = 1e-6;
export const CHECKED_RATE = 1e-2;
export const MATMUL_SIZES = [128, 256, 512];

/** Observation, actions taken, advantages and initial parameters of a workload, each {shape, values}. */
export function workload(inputs, prefix) {
  const own = Object.entries(inputs)
    .filter(([name]) => name.startsWith(`${prefix}/`))
    .map(([name, tensor]) => [name.slice(prefix.length + 1), tensor]);
  const { observation, taken, advantage, ...parameters } = Object.fromEntries(own);
  return { observation, taken, advantage, parameters };
}

/** Rows of 0 with a 1 at each index. */
export function oneHot(indices, width) {
  const out = new Float32Array(indices.length * width);
  indices.forEach((index, row) => {
    out[row * width + index] = 1;
  });
  return out;
}

/** Values of a checked training step. */
export function stepValues(loss, gradients, parameters) {
  const values = { loss: Float32Array.of(loss) };
  for (const [name, gradient] of Object.entries(gradients)) values[`gradient/${name}`] = gradient;
  for (const [name, parameter] of Object.entries(parameters)) values[`parameters/${name}`] = parameter;
  return values;
}
