/** Opens test/golden/torchjd.json: Gram matrices with the weights that TorchJD computes for their gradients. */
import { readFileSync } from 'node:fs';

interface GoldenCase {
  readonly name: string;
  /** f64[n, n] */
  readonly gram: number[];
  /** f64[n] for each of the regularizations. */
  readonly upGrad: number[][];
  readonly pcGrad: number[];
  readonly pcGradOrders: number[];
  /**
   * Consecutive updates; in a `flipped` one the tasks are in reverse order. Absent where TorchJD would divide by zero.
   */
  readonly gradVac?: { flipped: boolean; orders: number[]; weights: number[]; targets: number[] }[];
}

interface Golden {
  readonly beta: number;
  readonly regularizations: number[];
  readonly cases: GoldenCase[];
}

export const golden: Golden = JSON.parse(readFileSync(new URL('../../golden/torchjd.json', import.meta.url), 'utf8'));
