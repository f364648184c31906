/**
 * Activations and their derivatives in double precision, by the kind numbers of the kernels: 1 tanh, 2 relu, 3 gelu.
 */
export interface Activation {
  readonly name: string;
  readonly kind: number;
  /** Whether the backward kernel reads the output (tanh, relu) or the input (gelu). */
  readonly savesOutput: boolean;
  readonly f: (x: number) => number;
  readonly slope: (x: number) => number;
}

const GELU_SCALE = Math.sqrt(2 / Math.PI);

function gelu(x: number): number {
  return 0.5 * x * (1 + Math.tanh(GELU_SCALE * (x + 0.044715 * x ** 3)));
}

function geluSlope(x: number): number {
  const t = Math.tanh(GELU_SCALE * (x + 0.044715 * x ** 3));
  return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * GELU_SCALE * (1 + 3 * 0.044715 * x * x);
}

export const activations: readonly Activation[] = [
  { name: 'tanh', kind: 1, savesOutput: true, f: Math.tanh, slope: (x) => 1 - Math.tanh(x) ** 2 },
  { name: 'relu', kind: 2, savesOutput: true, f: (x) => Math.max(x, 0), slope: (x) => (x > 0 ? 1 : 0) },
  { name: 'gelu', kind: 3, savesOutput: false, f: gelu, slope: geluSlope },
];
