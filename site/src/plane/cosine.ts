/**
 * Cosine with + - * / alone: `Math.cos` may differ between browsers in its last bits, and then so would the training.
 * The argument is reduced to [-pi/4, pi/4] by multiples of pi/2; there the Taylor series of sine and cosine with nine
 * terms have an error below 1e-16. The reduction is accurate to about 1e-13 for |x| < 1000.
 */
const quarter = Math.PI / 2;

const series = (square: number, first: number): number => {
  let sum = 0;
  for (let k = first + 16; k > first; k -= 2) sum = (-square / (k * (k - 1))) * (1 + sum);
  return 1 + sum;
};

export function cosine(x: number): number {
  const turns = Math.round(x / quarter);
  const rest = x - turns * quarter;
  const quadrant = ((turns % 4) + 4) % 4;
  const value = quadrant % 2 === 0 ? series(rest * rest, 0) : rest * series(rest * rest, 1);
  return quadrant === 0 || quadrant === 3 ? value : -value;
}
