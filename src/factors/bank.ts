/**
 * A bank: the factors of per-sample gradients of a policy that another program, such as `unbraid_probe` for PyTorch,
 * recorded. docs/factors.md describes the file format.
 */

/** Values of one tensor of a bank, row by row. */
export interface FactorMatrix {
  readonly rows: number;
  readonly width: number;
  /**
   * Writes columns `column` to `column + columns` - 1 of rows `row` to `row + rows` - 1 to `target`, without gaps.
   *
   * @throws Error naming the layer if a value is not finite or the file is shorter than before
   */
  read(row: number, rows: number, column: number, columns: number, target: Float32Array): void;
}

/** Rows of inputs x and of output gradients d. The gradient of a sample is the sum of outer(d_r, x_r) over its rows. */
export interface DenseRows {
  readonly x: FactorMatrix;
  readonly d: FactorMatrix;
  /** i32[samples + 1]: the first row of each sample. */
  readonly offsets: Int32Array;
}

/** Rows of an embedding: the gradient of a sample adds e_r to row `tokens[r]` of the weight. */
export interface EmbeddingRows {
  readonly e: FactorMatrix;
  readonly tokens: Int32Array;
  /** i32[samples + 1]: the first row of each sample. */
  readonly offsets: Int32Array;
}

/** One parameter of the model: the factors of its gradients, or the gradients, or random projections of them. */
export interface BankLayer {
  /** Name of the parameter. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly dense: DenseRows | null;
  readonly embedding: EmbeddingRows | null;
  /** [samples, size], where no factors are stored. */
  readonly gradients: FactorMatrix | null;
  /** Whether `gradients` are random projections. Their inner products estimate those of the gradients. */
  readonly sketch: boolean;
}

export type BankLabel = 'good' | 'bad' | 'unknown';

/** One sample: a state and an action that the policy can take in it. */
export interface BankSample {
  /** Equal for samples of one state. */
  readonly state: string;
  /** The state in words, if known. */
  readonly text: string | null;
  readonly action: string;
  readonly label: BankLabel;
  /** Number of the group whose advantages belong together, if known. */
  readonly group: number | null;
  readonly advantage: number | null;
  readonly logProb: number | null;
}

/** Steps that the recording program took: theta + size * sum_i weights[i] g_i. */
export interface BankSteps {
  readonly sizes: readonly number[];
  /** f64[samples] */
  readonly weights: Float64Array;
  /** f64[sizes, samples]: the measured changes of log pi. */
  readonly change: Float64Array;
}

/** An opened bank. Its layers are read from the file when they are used. */
export interface Bank {
  /** Name of the model. */
  readonly model: string;
  /** What the recorded log pi is, in words. */
  readonly logProb: string;
  readonly samples: readonly BankSample[];
  readonly layers: readonly BankLayer[];
  /** What the recording program found, a sentence each. */
  readonly notes: readonly string[];
  readonly steps: BankSteps | null;
  /** f32[samples, samples]: similarity of the states in [0, 1], if the recording program was given it. */
  readonly similarity: Float32Array | null;
  close(): void;
}

/** Largest number of samples. The Gram matrix has a row and a column for each sample. */
export const maxBankSamples = 10_000;
